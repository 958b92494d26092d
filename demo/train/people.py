"""Fictional people: generated faces that the project may show and ship, for they are nobody's.

A person is one style vector w of the generator in the package ``random-face`` (MobileStyleGAN, OpenVINO).
Its pictures move w along five measured directions (yaw, smile, mouth, side light, brightness) with
a little jitter, and dlib's recogniser confirms: same person within, different people between.

Writes into ``weights/people/``: ``planted/`` (members and non-members of the base model's training
set), ``examples/`` (in no training at all), ``decoys.safetensors`` (embeddings), ``decoys.webp`` (the same
people's faces) and ``people.json``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.errors import WeightsError
from demo.faces import recognise
from demo.faces.align import align
from demo.faces.detect import find_faces
from demo.files import write_atomically, write_tensors, write_text
from demo.line_up.strangers import SHEET, sheet
from demo.metrics.dlib_identity import DECOY_FILE, DECOY_SIDE, at_decoys_side

Vector = NDArray[np.float64]

PLANTED, PICTURES_EACH, PLANTED_SIDE = 40, 30, 256
EXAMPLES, EXAMPLE_PICTURES, EXAMPLE_SIDE = 8, 6, 512
DECOYS = 1000
PROBES = 260  # faces from which the directions are measured
TRUNCATION = 0.8
COMPONENTS = 60
JITTER = 0.12
DOSES = (1, 8, 32)  # how often a member picture is drawn in training, for a third of them each


@dataclass(frozen=True)
class Likeness:
    """How much one person's pictures differ, and two people.

    Args:
        strength: of the moves along the measured directions, in standard deviations.
        same: dlib distance to the person's first picture, at most.
        other: dlib distance between two persons' first pictures, at least.
    """

    strength: float
    same: float
    other: float


PLANTED_LIKENESS = Likeness(1.0, 0.5, 0.58)
# The generator's directions carry age and skin with them: moved by so little, an example stays who it is to the eye.
EXAMPLE_LIKENESS = Likeness(0.6, 0.42, 0.55)
# Attempts before the one that was taken: people who were looked at and dropped (children, dark glasses), and of the
# examples those that were passed over, so that four women and four men of different age and skin look into the camera.
# They were chosen by their faces alone, before anything was fine-tuned on them.
PASSED_OVER = {16: 1, 23: 1, 34: 1, 40: 8, 41: 14, 42: 9, 43: 8, 44: 4, 45: 10, 46: 12, 47: 12}
DROPPED = {6}  # every attempt looked at was a small child
# Decoys that were looked at and are not shown in a line-up: children, and eyes behind dark glasses.
# fmt: off
HIDDEN_DECOYS = frozenset((
    6, 12, 17, 25, 40, 45, 53, 59, 64, 73, 80, 93, 103, 107, 115, 118, 130, 140, 148, 160, 168, 170, 175, 181,
    184, 187, 195, 216, 232, 250, 252, 257, 271, 278, 295, 303, 314, 317, 320, 324, 338, 345, 348, 351, 352,
    353, 356, 363, 369, 375, 379, 387, 394, 395, 400, 402, 412, 414, 423, 432, 434, 442, 447, 454, 455, 474,
    478, 479, 483, 487, 498, 511, 513, 514, 522, 532, 533, 535, 536, 538, 554, 556, 559, 569, 570, 573, 586,
    588, 600, 607, 614, 626, 635, 639, 644, 646, 652, 663, 666, 669, 674, 683, 689, 691, 692, 695, 704, 711,
    729, 734, 740, 745, 750, 756, 762, 763, 771, 775, 783, 784, 793, 795, 802, 838, 843, 858, 860, 861, 872,
    873, 874, 905, 912, 920, 926, 944, 950, 953, 962, 963, 973, 991, 993, 996, 998,  # children
    10, 32, 55, 60, 87, 133, 149, 150, 152, 190, 239, 249, 258, 265, 279, 435, 443, 465, 571, 572, 605, 622,
    705, 747, 787, 796, 879, 999,  # dark glasses
))
# fmt: on
FIRST = ("Anouk", "Bela", "Caspar", "Dunja", "Edda", "Falk", "Gesa", "Hauke", "Ilka", "Jorin")
EXAMPLE_FIRST = ("Anton", "Birte", "Caspar", "Dunja", "Edda", "Falk", "Gesa", "Hauke")  # they fit whom one sees
LAST = ("Quistrow", "Wexholm", "Yttervik", "Zwarnik", "Upplund", "Quennec", "Wyrzyk", "Ystrad", "Zuurveld", "Urquay")


class Generator:
    """The two networks of ``random-face``, read straight from its OpenVINO files."""

    def __init__(self) -> None:
        spec = find_spec("random_face")
        if spec is None or not spec.submodule_search_locations:
            raise WeightsError(
                "The face generator is not installed.", "Run: pip install --no-deps random-face && pip install openvino"
            )
        import openvino

        folder = Path(spec.submodule_search_locations[0]) / "data"
        core = openvino.Core()
        self._mapping = core.compile_model(str(folder / "MappingNetwork.xml"), "CPU")
        self._synthesis = core.compile_model(str(folder / "SynthesisNetwork.xml"), "CPU")
        rng = np.random.default_rng(0)
        self.mean = np.mean([self._style(rng) for _ in range(512)], axis=0)

    def _style(self, rng: np.random.Generator) -> Vector:
        noise = rng.standard_normal((1, 512), dtype=np.float32)
        return np.asarray(self._mapping({"var": noise})[0][0], dtype=np.float64)

    def person(self, rng: np.random.Generator) -> Vector:
        """A new style vector (512,), truncated towards the mean."""
        return self.mean + TRUNCATION * (self._style(rng) - self.mean)

    def picture(self, style: Vector) -> Image.Image:
        """1024 x 1024 RGB."""
        out = self._synthesis({"style": style[None].astype(np.float32)})[0][0]
        pixels = ((np.clip(out, -1, 1) + 1) * 127.5).astype(np.uint8).transpose(1, 2, 0)
        return Image.fromarray(np.ascontiguousarray(pixels))


def aligned_picture(image: Image.Image, side: int) -> Image.Image | None:
    """The one face of a generated picture in the training framing; None unless there is exactly one."""
    faces = find_faces(image, min_relative_side=0.25)
    return align(image, faces[0].landmarks, side) if len(faces) == 1 else None


class _Landmarks:
    def __init__(self) -> None:
        import dlib

        self._predict: Any = dlib.shape_predictor(
            str(recognise.model_folder() / "shape_predictor_68_face_landmarks.dat")
        )
        self._rectangle: Any = dlib.rectangle

    def attributes(self, face: Image.Image) -> Vector:
        """(yaw, smile, mouth opening, side light, brightness) of an aligned face, in its own units."""
        pixels = np.asarray(face)
        n = face.width
        shape = self._predict(pixels, self._rectangle(int(0.18 * n), int(0.22 * n), int(0.82 * n), int(0.92 * n)))
        p = np.array([(q.x, q.y) for q in shape.parts()], dtype=np.float64) / n
        eyes = p[42:48].mean(0) - p[36:42].mean(0)
        unit = float(np.hypot(*eyes))
        light = pixels[int(0.3 * n) : int(0.85 * n), int(0.2 * n) : int(0.8 * n)].mean(2) / 255
        half = light.shape[1] // 2
        jaw_left, jaw_right = p[30, 0] - p[2, 0], p[14, 0] - p[30, 0]
        return np.array(
            [
                (jaw_left - jaw_right) / unit,
                np.hypot(*(p[54] - p[48])) / unit,
                (p[66, 1] - p[62, 1]) / unit,
                light[:, :half].mean() - light[:, half:].mean(),
                light.mean(),
            ]
        )


@dataclass(frozen=True)
class Directions:
    """Where style vectors move to change one attribute: unit attribute standard deviation each."""

    steps: Vector  # (5, 512)
    spread: Vector  # (512,): standard deviation of w, for the jitter


def measure_directions(generator: Generator, rng: np.random.Generator) -> Directions:
    """Ridge-regress the five attributes on principal components of w, over PROBES random faces."""
    landmarks = _Landmarks()
    styles: list[Vector] = []
    values: list[Vector] = []
    while len(styles) < PROBES:
        style = generator.person(rng)
        face = aligned_picture(generator.picture(style), 256)
        if face is not None:
            styles.append(style)
            values.append(landmarks.attributes(face))
    w, y = np.array(styles), np.array(values)
    centred = w - w.mean(0)
    _, singular, rows = np.linalg.svd(centred, full_matrices=False)
    basis = rows[:COMPONENTS]
    scale = singular[:COMPONENTS] / np.sqrt(len(w))
    x = centred @ basis.T / scale
    target = (y - y.mean(0)) / y.std(0)
    ridge = np.linalg.solve(x.T @ x + 0.05 * len(w) * np.eye(COMPONENTS), x.T @ target)  # (COMPONENTS, 5)
    r2 = 1 - ((target - x @ ridge) ** 2).sum(0) / (target**2).sum(0)
    print("directions, R2 of yaw, smile, mouth, side light, brightness:", r2.round(2).tolist(), flush=True)
    # The smallest move of x that changes attribute j by one and, to first order, no other one.
    moves = np.linalg.pinv(ridge)  # (5, COMPONENTS)
    return Directions(steps=(moves * scale) @ basis, spread=w.std(0))


def vary(style: Vector, directions: Directions, rng: np.random.Generator, strength: float) -> Vector:
    """Another picture of the same person: random amounts of the directions, and jitter."""
    amounts = strength * rng.standard_normal(len(directions.steps))
    return style + amounts @ directions.steps + JITTER * directions.spread * rng.standard_normal(512)


def new_person(
    generator: Generator,
    directions: Directions,
    rng: np.random.Generator,
    count: int,
    side: int,
    others: list[Vector],
    likeness: Likeness,
) -> list[Image.Image]:
    """``count`` aligned pictures of a new person, confirmed by dlib against the first.

    Returns:
        fewer when this person is too near one of ``others`` (their first embeddings), or varies badly.
    """
    style = generator.person(rng)
    first: Vector | None = None
    faces: list[Image.Image] = []

    def _picture(attempt: int) -> Image.Image:
        return generator.picture(vary(style, directions, rng, likeness.strength) if attempt else style)

    for attempt in range(2 * count):
        face = aligned_picture(_picture(attempt), side)
        if face is None:
            continue
        embedding = recognise.embed([face])
        if first is None:
            if others and float(recognise.distances(embedding, np.concatenate(others)).min()) < likeness.other:
                return []
            first = embedding
        elif float(recognise.distances(embedding, first)[0, 0]) > likeness.same:
            continue
        faces.append(face)
        if len(faces) == count:
            break
    return faces


def main(out: Path, seed: int = 1) -> None:
    """Generate everything into ``out``; what is already there is kept, so a run can be resumed."""
    generator = Generator()
    directions = measure_directions(generator, np.random.default_rng(seed))
    names = [f"{first} {last}" for first, last in zip(np.tile(FIRST, 5), np.repeat(LAST[:5], 10), strict=True)]
    names[PLANTED:] = [f"{first} {LAST[4]}" for first in EXAMPLE_FIRST]
    wanted = [(PICTURES_EACH, PLANTED_SIDE)] * PLANTED + [(EXAMPLE_PICTURES, EXAMPLE_SIDE)] * EXAMPLES
    firsts: list[Vector] = []
    listing: dict[str, Any] = {"planted": [], "examples": []}
    for index, (count, side) in enumerate(wanted):
        if index in DROPPED:
            continue
        kind = "planted" if index < PLANTED else "examples"
        folder = f"{kind}/{index if index < PLANTED else index - PLANTED:02d}"
        front = out / folder / "00.webp"
        if len(list((out / folder).glob("*.webp"))) < count:
            likeness = PLANTED_LIKENESS if kind == "planted" else EXAMPLE_LIKENESS
            for attempt in range(PASSED_OVER.get(index, 0), 100):
                own = np.random.default_rng([seed, index, attempt])
                faces = new_person(generator, directions, own, count, side, firsts, likeness)
                if len(faces) == count:
                    break
            for number, face in enumerate(faces):
                write_atomically(out / folder / f"{number:02d}.webp", partial(face.save, quality=88, method=6))
        firsts.append(recognise.embed([Image.open(front)]))
        entry: dict[str, Any] = {"name": names[index], "folder": folder, "pictures": count}
        if kind == "planted":
            chosen = np.random.default_rng([seed, index]).permutation(count)[: count // 2]
            entry["members"] = sorted(int(i) for i in chosen)
            entry["doses"] = deal_doses(entry["members"], np.random.default_rng([seed + 1, index]))
        listing[kind].append(entry)
        print(f"{index + 1} of {len(wanted)}: {entry['name']}", flush=True)
    listing["decoys"] = {"hidden": sorted(HIDDEN_DECOYS)}
    write_text(out / "people.json", json.dumps(listing, indent=1) + "\n")
    write_decoys(generator, np.random.default_rng([seed, len(wanted)]), out)


def deal_doses(members: list[int], rng: np.random.Generator) -> dict[str, list[int]]:
    """A third of the member pictures for each of DOSES, by lot: dose -> pictures, so that membership can be a curve."""
    lot, third = rng.permutation(members), len(members) // len(DOSES)
    return {str(dose): sorted(int(i) for i in lot[k * third : (k + 1) * third]) for k, dose in enumerate(DOSES)}


def planted_pictures(out: Path, person: int, *, member: bool) -> list[Image.Image]:
    """Pictures of one planted person that are, or are not, in the base model's training set."""
    entry = json.loads((out / "people.json").read_text(encoding="utf-8"))["planted"][person]
    numbers = [i for i in range(entry["pictures"]) if (i in entry["members"]) == member]
    return [Image.open(out / entry["folder"] / f"{i:02d}.webp").convert("RGB") for i in numbers]


def write_decoys(generator: Generator, rng: np.random.Generator, out: Path) -> None:
    """DECOYS random faces, seen at 64 pixels as the bundled model draws them: embeddings, and a sheet of the faces."""
    import torch

    faces: list[Image.Image] = []
    while len(faces) < DECOYS:
        face = aligned_picture(generator.picture(generator.person(rng)), 256)
        if face is None:
            continue
        faces.append(at_decoys_side(face))
        if len(faces) % 100 == 0:
            print(f"decoys: {len(faces)}", flush=True)
    table = torch.tensor(recognise.embed(faces), dtype=torch.float32)
    write_tensors(out / DECOY_FILE.name, {"dlib": table}, {"side": f"{DECOY_SIDE}", "source": "random-face"})
    write_sheet(out, faces)


def write_sheet(out: Path, faces: Sequence[Image.Image]) -> None:
    """The decoys' faces, in the order of their embeddings."""
    content = sheet(faces)
    write_atomically(out / SHEET, lambda partial: partial.write_bytes(content))

"""The interface of demo.workflow.story without a model: pictures are drawn, the file is a LoRA of random numbers."""

from __future__ import annotations

import colorsys
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw

from demo.attack.photo_count import PhotoCount
from demo.attack.registry import ATTACKS, AttackSettings, Reconstruction
from demo.defences.registry import Defence, NoDefence
from demo.defences.release import write_card
from demo.faces.ceiling import Ceiling
from demo.finetune.dreambooth import FineTuned
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights, read_lora, write_lora
from demo.lora.ledger import write_ledger
from demo.lora.picture import matrices_picture
from demo.metrics.base import MetricResult
from demo.models.bases import BUNDLED, find_base
from demo.progress import UNWATCHED, Progress, Watcher
from demo.report import Arm, LeakReport, seen_matrices
from demo.report.arms import CONTROLS, DREAMBOOTH
from demo.report.verdict import judge
from demo.verdicts.story import Agreement

CEILING = Ceiling(5, 0.28, 3, 1000)
WIDTHS = {"attn1": 32, "attn2": 48}


def face(seed: int, side: int = 64) -> Image.Image:
    """A drawn face: the seed chooses the colours and the place of things."""
    rng = random.Random(seed)
    hue = rng.random()

    def colour(light: float, saturation: float) -> tuple[int, int, int]:
        r, g, b = colorsys.hls_to_rgb(hue, light, saturation)
        return int(255 * r), int(255 * g), int(255 * b)

    image = Image.new("RGB", (4 * side, 4 * side), colour(0.3, 0.3))
    draw = ImageDraw.Draw(image)
    unit = 4 * side
    draw.ellipse((0.2 * unit, 0.12 * unit, 0.8 * unit, 0.95 * unit), fill=colour(0.75, 0.5))
    for x in (0.35, 0.655):
        draw.ellipse(((x - 0.05) * unit, 0.4 * unit, (x + 0.05) * unit, 0.47 * unit), fill=colour(0.15, 0.6))
    smile = 0.02 + 0.08 * rng.random()
    draw.chord((0.37 * unit, 0.7 * unit, 0.63 * unit, (0.75 + smile) * unit), 0, 180, fill=colour(0.4, 0.7))
    return image.resize((side, side), Image.Resampling.LANCZOS)


def lora(seed: int = 0, rank: int = 4) -> LoraWeights:
    """Random matrices in the canonical layout."""
    generator = torch.Generator().manual_seed(seed)
    tensors, alphas = {}, {}
    for block in ("down_blocks.0", "mid_block", "up_blocks.1"):
        for attention, width in WIDTHS.items():
            for layer in ("to_q", "to_v"):
                into = width if layer == "to_v" else 32
                module = f"unet.{block}.attentions.0.transformer_blocks.0.{attention}.{layer}"
                tensors[f"{module}.lora_A.weight"] = torch.randn(rank, into, generator=generator)
                tensors[f"{module}.lora_B.weight"] = torch.randn(32, rank, generator=generator) / 10
                alphas[module] = 27.0
    return LoraWeights(tensors=tensors, alphas=alphas, metadata={})


class FakeStory:
    """Takes ``pause`` seconds a step."""

    def __init__(self, pause: float = 0.0, steps: int | None = None, drawing: float = 0.0) -> None:
        self.pause, self.steps, self.drawing = pause, steps, drawing  # seconds a step, of an attack that is watched
        self.tuned_on: list[int] = []  # number of photos of each run
        self.base_keys: list[str] = []
        self.defences: list[Defence] = []
        self.attacks: list[AttackSettings] = []  # of each attack that was run
        self.compared: list[Reconstruction | None] = []  # what each comparison was given
        self.metrics: list[tuple[str, ...]] = []  # of each comparison

    def tune(
        self,
        photos: Sequence[Image.Image],
        out: Path,
        *,
        base_key: str = BUNDLED,
        settings: LoraSettings | None = None,
        defence: Defence | None = None,
        gate: bool = False,
        seed: int = 0,
        watcher: Watcher = UNWATCHED,
    ) -> FineTuned:
        defence = defence or NoDefence()
        settings = settings or LoraSettings(steps=20)
        self.tuned_on.append(len(photos))
        self.base_keys.append(base_key)
        self.defences.append(defence)
        rng = random.Random(seed)
        losses: list[float] = []
        steps = self.steps or settings.steps
        for step in range(1, steps + 1):
            if watcher.stopped:
                break
            time.sleep(self.pause)
            losses.append(0.12 + 0.4 / step**0.5 + 0.05 * rng.random())
            if watcher.listens:
                drawn = (face(step),) if step % 10 == 0 else ()
                spent = f"spent: photo level ε {step / 10:.3g}" if defence.has_epsilon else None
                watcher.tell(Progress("fine-tune", step, steps, losses[-1], self.pause * (steps - step), drawn, spent))
        made = lora(seed)
        write_lora(out, made)
        write_card(out, made, find_base(base_key))
        ledger = defence.ledger(len(photos), settings, len(losses))
        if defence.key != NoDefence.key:
            write_ledger(out, ledger)
        return FineTuned(made, "quorvex", len(losses), len(losses) < steps, losses, ledger)

    def open_lora(self, path: Path, *, base_key: str = BUNDLED) -> LoraWeights:
        find_base(base_key)
        return read_lora(path)

    def count_photos(self, released: LoraWeights, *, base_key: str = BUNDLED) -> PhotoCount | None:
        """As if every file were one of four photos."""
        return PhotoCount(4, 4.2, 0.5, 1.0)

    def attack(
        self,
        released: LoraWeights,
        name: str | None = None,
        *,
        base_key: str = BUNDLED,
        settings: AttackSettings | None = None,
        watcher: Watcher = UNWATCHED,
    ) -> Reconstruction:
        settings = settings or AttackSettings()
        self.attacks.append(settings)
        self._draw("encoder", watcher)
        side = find_base(base_key).side
        return Reconstruction(
            name or "encoder", [face(100 + i, side) for i in range(settings.samples)], 1 % settings.samples
        )

    def compare(
        self,
        released: LoraWeights,
        trigger: str | None,
        photos: Sequence[Image.Image],
        *,
        base_key: str = BUNDLED,
        settings: AttackSettings | None = None,
        reconstruction: Reconstruction | None = None,
        metrics: Sequence[str] = (),
        extra: Mapping[str, object] | None = None,
        notes: Sequence[str] = (),
        watcher: Watcher = UNWATCHED,
    ) -> LeakReport:
        base, settings = find_base(base_key), settings or AttackSettings()
        self.compared.append(reconstruction)
        self.metrics.append(tuple(metrics))
        done = reconstruction or self.attack(released, base_key=base_key, settings=settings, watcher=watcher)
        encoder, class_prompt = ATTACKS["encoder"], ATTACKS["class_prompt"]
        arms = (
            [Arm("dreambooth", DREAMBOOTH.title, DREAMBOOTH.explanation, [face(1, base.side)] * 4, 0)]
            if trigger is not None
            else []
        )
        arms.append(Arm("encoder", encoder.title, encoder.explanation, done.pictures, done.best))
        arms.append(Arm("class_prompt", class_prompt.title, class_prompt.explanation, [face(8, base.side)] * 4, 2))
        for i, (key, words) in enumerate(CONTROLS.items()):
            arms.append(Arm(key, words.title, words.explanation, [face(i + 20, base.side)] * 4, 0))
        nearness = {"dreambooth": 0.31, "encoder": 0.42, "class_prompt": 0.56}
        metrics = {arm.key: measured(nearness.get(arm.key, 0.81), i) for i, arm in enumerate(arms)}
        self._draw("measure", watcher)
        return LeakReport(
            title="What the shared LoRA gives away",
            base=f"{base.title}, {base.licence}",
            settings={"attack": settings.model_dump(), **(extra or {})},
            arms=arms,
            metrics=metrics,
            verdict=judge(metrics, ceiling=CEILING, agreement=Agreement(36, 40, 8)),
            ceiling=CEILING,
            seconds={"attack": 12.5, "metrics": 3.0},
            notes=list(notes),
            seen=seen_matrices(released.tensors),
            file=matrices_picture(released),
            photos=list(photos),
        )

    def _draw(self, stage: str, watcher: Watcher) -> None:
        for step in range(1, 11):
            watcher.check()
            time.sleep(self.drawing / 10 if watcher.sees else self.pause)
            making = tuple(face(200 + step + 10 * i) for i in range(4)) if watcher.sees else ()
            watcher.tell(Progress(stage, step, 10, pictures=making))


def measured(distance: float, seed: int) -> list[MetricResult]:
    """Results like the registry's for an arm at some distance."""
    rng = random.Random(seed)
    distances = [distance + 0.03 * rng.uniform(-1, 1) for _ in range(8)]
    rank = 1.0 if distance < 0.5 else 3.0 if distance < 0.6 else 480.0
    model = "dlib ResNet"
    nan = float("nan")
    return [
        MetricResult(
            "dlib_distance", "Distance to the person", model, "Euclidean; below 0.6 is one person",
            distance, distance - 0.03, distance + 0.03, tuple(distances), higher_is_better=False,
        ),
        MetricResult(
            "dlib_rank", "Rank among decoys", model, "1 is nearest of 1,001",
            rank, rank, rank + 3, tuple(rank + rng.randrange(3) for _ in distances), higher_is_better=False, among=1001,
        ),
        MetricResult(
            "dlib_place", "Place, all pictures together", model, "1 is nearest of 1,001",
            rank, nan, nan, (rank,), higher_is_better=False, among=1001,
        ),
        MetricResult(
            "face_found", "Faces found", "MTCNN", "share of pictures with a face",
            1.0, 1.0, 1.0, (1.0,) * len(distances), higher_is_better=True,
        ),
        MetricResult(
            "clip", "CLIP similarity", "ViT-L/14", "plain cosine", nan, nan, nan, (),
            unavailable="The weights are not on this machine.",
        ),
    ]  # fmt: skip

"""Held-out people: photos to tune on, photos to score with, and how near a picture comes to them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file

from demo.faces import recognise
from demo.faces.detect import MIN_PROBABILITY
from demo.faces.faces128 import FACES128, read_split
from demo.files import write_tensors
from demo.metrics.face_found import face_probability

TUNED_ON = 5
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOutPerson:
    """A held-out person."""

    identity: int
    tune: list[Image.Image]  # photos to fine-tune on
    kept: list[Image.Image]  # photos kept apart, of the base's own size
    held_out: Vector  # (25, 128), dlib's embeddings of those


def held_out_people(
    cache: Path, *, side: int, count: int | None = None, folder: Path = FACES128, split: str = "private"
) -> list[HeldOutPerson]:
    """The first ``count`` people of a split; scored on the photos that are not tuned on.

    Args:
        cache: dlib's embeddings, which take minutes, are kept in this folder.
        side: pixels at which photos are scored with: the base's own size.
        split: another one than ``private`` for choosing settings, on which no figure may rest: ``domain_nonmember``
            has photos that no training saw, of people whom the base knows.
    """
    tune: dict[int, list[Image.Image]] = {}
    kept: dict[int, list[Image.Image]] = {}
    for identity, group in list(read_split(folder, split).groupby("identity", sort=True))[:count]:
        images = [Image.open(io.BytesIO(blob)).convert("RGB") for blob in group["image"]]
        tune[int(str(identity))] = images[:TUNED_ON]
        kept[int(str(identity))] = [image.resize((side, side), Image.Resampling.LANCZOS) for image in images[TUNED_ON:]]
    digest = hashlib.sha256(b"".join(image.tobytes() for own in kept.values() for image in own)).hexdigest()[:12]
    path = cache / f"held-out-{digest}.safetensors"
    if not path.exists():
        write_tensors(path, {str(who): torch.from_numpy(recognise.embed(own)) for who, own in kept.items()})
    known = load_file(path)
    return [HeldOutPerson(who, own, kept[who], known[str(who)].numpy()) for who, own in tune.items()]


def private_photos(folder: Path = FACES128, count: int | None = None) -> list[list[Image.Image]]:
    """All photos of each of the first ``count`` private people."""
    people = list(read_split(folder, "private").groupby("identity", sort=True))[:count]
    return [[Image.open(io.BytesIO(blob)).convert("RGB") for blob in group["image"]] for _, group in people]


def add_scores(
    table: dict[str, dict[str, list[float]]],
    arms: Mapping[str, Sequence[list[Image.Image]]],
    everybody: Sequence[HeldOutPerson],
    start: int,
    decoys: Vector,
) -> None:
    """Add a group's :func:`all_scores` to a table, arm -> measure -> one value a person.

    Args:
        arms: arm -> pictures of each person of the group, whose first is number ``start`` of ``everybody``.
        decoys: (n, 128); one photo of each other held-out person is added to them.
    """
    others = np.stack([person.held_out[0] for person in everybody])
    for k in range(len(next(iter(arms.values())))):
        crowd = np.concatenate([decoys, np.delete(others, start + k, axis=0)])
        for arm, drawn in arms.items():
            for key, value in all_scores(drawn[k], everybody[start + k], crowd, everybody).items():
                table.setdefault(arm, {}).setdefault(key, []).append(value)


def scores(pictures: list[Image.Image], person: HeldOutPerson, crowd: Vector) -> dict[str, float]:
    """Of one person in one arm: mean distance to the held-out photos, rank among the crowd, Rec. Acc.

    Args:
        crowd: (n, 128), one photo's embedding for each decoy and each other held-out person.
    """
    return _scores(recognise.embed(pictures), person, crowd)


def all_scores(
    pictures: list[Image.Image], person: HeldOutPerson, crowd: Vector, everybody: Sequence[HeldOutPerson]
) -> dict[str, float]:
    """:func:`scores`; the same of one picture; and how whole the faces are.

    What begins with ``one`` is of the medoid: the attack's own choice, as the paper has one reconstruction a file.
    ``one_closed`` is 1 where that picture is nearer to this person's photos than to those of anybody else.
    """
    e = recognise.embed(pictures)
    chosen = e[[recognise.medoid(e)]]
    one = _scores(chosen, person, crowd)
    to_others = [recognise.distances(chosen, p.held_out).mean() for p in everybody if p is not person]
    sure = np.array([face_probability(picture) for picture in pictures])
    return _scores(e, person, crowd) | {
        "one_distance": one["distance"],
        "one_rank1": one["rank1"],
        "one_rec_acc": one["rec_acc"],
        "one_closed": float(all(one["distance"] < other for other in to_others)),
        "faces": float((sure >= MIN_PROBABILITY).mean()),
        "confidence": float(sure.mean()),
    }


def _scores(e: Vector, person: HeldOutPerson, crowd: Vector) -> dict[str, float]:
    to_photos = recognise.distances(e, person.held_out).mean(1)
    # Single faces against the mean distance to single photos: the distance to a mean embedding would flatter the rank.
    ranks = 1 + (recognise.distances(e, crowd) < to_photos[:, None]).sum(1)
    return {
        "distance": float(to_photos.mean()),
        "rank": float(np.median(ranks)),
        "rank1": float((ranks == 1).mean()),
        "top1pct": float((ranks <= 0.01 * (len(crowd) + 1)).mean()),
        "rec_acc": float((to_photos < recognise.SAME_PERSON).mean()),
    }

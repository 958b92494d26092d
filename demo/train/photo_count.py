"""``python -m demo.train photo-count``: LoRAs of known number, whose spectra the number of photos is read by.

The people are ``domain_nonmember``: photos that no training of the base saw. Only singular values are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from safetensors import safe_open
from torch import Tensor

from demo.attack.photo_count import COUNTS, Calibration, read, singular_values
from demo.errors import WeightsError
from demo.files import write_tensors
from demo.finetune.settings import LoraSettings
from demo.models.bases import Base
from demo.models.fingerprints import fingerprint
from demo.train.provenance import made_with, refuse_others
from demo.train.zoo import GroupTrainer

PEOPLE = "people"
COUNTED = tuple(range(1, 9))  # photos; the app takes eight, and tunes on five
SEED = 50_000  # apart from all other fine-tuning


def spread(people: int, counted: Sequence[int] = COUNTED) -> list[int]:
    """How many photos each of so many people is trained on: all numbers equally often."""
    return [counted[i % len(counted)] for i in range(people)]


def collect(
    pipe: StableDiffusionPipeline,
    base: Base,
    people: Sequence[Sequence[Image.Image]],
    counts: Sequence[int],
    settings: LoraSettings,
    folder: Path,
    *,
    group: int = 8,
    seed: int = SEED,
    shard: int = 0,
    shards: int = 1,
    say: Callable[[str], None] = print,
) -> None:
    """Fine-tune on the first ``counts[i]`` photos of person i, and keep the spectra: a file for each group.

    Args:
        shard, shards: this process takes every ``shards``-th group that is not there yet.

    Raises:
        WeightsError: a person has too few photos; a group that is there is of other people or was tuned otherwise.
    """
    how = made_with(base, settings)
    for number, (n, rows) in list(enumerate(groups(counts, group)))[shard::shards]:
        path = folder / f"photos-{n}-{rows[0]:04d}.safetensors"
        if path.exists():
            if _read(path, how)[PEOPLE].tolist() != rows:
                raise WeightsError(
                    f"{path} holds other people than asked for.",
                    f"Ask for as many people, and groups of the size, as before, or move {folder} away.",
                )
            continue
        photos = [list(people[i][:n]) for i in rows]
        if any(len(own) < n for own in photos):
            raise WeightsError(f"Somebody has fewer than {n} photos.", "Take people with more of them.")
        began = time.monotonic()
        trainer = GroupTrainer(pipe, base, photos, settings, seed=seed + number)
        try:
            for _ in range(settings.steps):
                trainer.step()
            found = {
                f"{part}.{layer}": values
                for part, lora in (("unet", trainer.unet), ("text_encoder", trainer.text))
                for layer, values in _spectra(lora.state(), lora.alpha / lora.rank).items()
            }
        finally:
            trainer.remove()
        known = {COUNTS: torch.full((len(rows),), n), PEOPLE: torch.tensor(rows)}
        write_tensors(path, known | found, how)
        say(f"{len(rows)} people, {n} photos each: {time.monotonic() - began:.0f} s")


def groups(counts: Sequence[int], size: int) -> list[tuple[int, list[int]]]:
    """(photos, people) of those who can be fine-tuned at once: with as many photos."""
    out = []
    for n in sorted(set(counts)):
        rows = [i for i, count in enumerate(counts) if count == n]
        out += [(n, rows[start : start + size]) for start in range(0, len(rows), size)]
    return out


def collected(folder: Path, how: Mapping[str, str] | None = None) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Numbers of photos (n,), numbers of people (n,), layer -> (n, rank), of all groups that are there.

    Args:
        how: what they have to be tuned with (:func:`made_with`).

    Raises:
        WeightsError: none are, one was tuned otherwise, or somebody is in two of them.
    """
    files = [_read(path, how or {}) for path in sorted(folder.glob("photos-*.safetensors"))]
    if not files:
        raise WeightsError(f"There is no group in {folder} yet.", "Fine-tune some first.")
    whole = {key: torch.cat([file[key] for file in files]) for key in files[0]}
    if len(whole[PEOPLE].unique()) < len(whole[PEOPLE]):
        raise WeightsError(
            f"Somebody is in two files of {folder}: they were made in groups of several sizes.",
            "Move the folder away, and fine-tune anew.",
        )
    return whole.pop(COUNTS), whole.pop(PEOPLE), whole


def calibration(base: Base, settings: LoraSettings, folder: Path) -> Calibration:
    """Of all groups that are there."""
    counts, _, found = collected(folder, made_with(base, settings))
    known = Calibration(base.key, fingerprint(base, encoder=False), settings, counts, float("nan"), found)
    said = [read({layer: v[i] for layer, v in found.items()}, known.without(i)).photos for i in range(len(counts))]
    errors = [abs(photos - int(n)) for photos, n in zip(said, counts, strict=True) if photos is not None]
    return replace(known, mean_error=sum(errors) / max(1, len(errors)))


def _read(path: Path, how: Mapping[str, str]) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        refuse_others(path, file.metadata() or {}, how)
        return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def _spectra(state: dict[str, Tensor], scale: float) -> dict[str, Tensor]:
    layers = [key.removesuffix(".lora_A.weight") for key in state if key.endswith(".lora_A.weight")]
    return {
        layer: singular_values(state[f"{layer}.lora_A.weight"], state[f"{layer}.lora_B.weight"], scale).cpu()
        for layer in layers
    }

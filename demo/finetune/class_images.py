"""Class images for prior preservation: the base model's own pictures of the class, as latents."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from demo.files import write_tensors
from demo.models.bases import Base
from demo.models.sampling import draw_prompt, encode_pictures
from demo.progress import UNWATCHED, Watcher

CACHE = Path.home() / ".cache" / "lora-leak" / "class_latents"
NAME = "class_latents.safetensors"
BATCH = 10


def class_latents(
    pipe: StableDiffusionPipeline,
    base: Base,
    count: int,
    *,
    watcher: Watcher = UNWATCHED,
    folder: Path | None = None,
) -> Tensor:
    """Scaled latents of ``count`` class images, (count, c, h, w).

    They depend on the base alone, so they ship with a bundled base and are made once, and cached, for others.

    Args:
        folder: where to look first and to write; by default the base's own folder, then the user's cache.
    """
    while True:
        for path in _places(base, folder):
            if path.exists():
                latents = load_file(path)["latents"].float()
                if len(latents) >= count:
                    return latents[:count]
        draw_some(pipe, base, count, folder=folder, watcher=watcher)


def draw_some(
    pipe: StableDiffusionPipeline,
    base: Base,
    count: int,
    *,
    deadline: float | None = None,
    folder: Path | None = None,
    watcher: Watcher = UNWATCHED,
) -> None:
    """Draw class images until there are ``count``, writing each batch, so that the next call goes on after it.

    Args:
        deadline: of ``time.monotonic``; no batch is begun that would end later, to judge by the one before it.
        folder: see :func:`class_latents`.

    Raises:
        Stopped: the watcher stopped it; what was written stays.
    """
    path, parts = _places(base, folder)[-1], list[Tensor]()
    if path.exists():
        latents = load_file(path)["latents"]
        parts = [latents[: len(latents) // BATCH * BATCH]]  # every batch has a seed of its own: no half ones
    for first in range(sum(map(len, parts)), count, BATCH):
        began = time.monotonic()
        parts.append(_batch(pipe, base, first, count, watcher).half())
        write_tensors(path, {"latents": torch.cat(parts)})
        now = time.monotonic()
        if deadline is not None and now + (now - began) > deadline:
            return


def stored(base: Base, count: int) -> bool:
    """Whether ``count`` class images of a base are there already."""
    for path in _places(base):
        if path.exists():
            with safe_open(path, framework="pt") as file:
                if file.get_slice("latents").get_shape()[0] >= count:
                    return True
    return False


def _places(base: Base, folder: Path | None = None) -> list[Path]:
    return [folder / NAME] if folder else [base.folder / NAME, CACHE / base.key / NAME]


def draw_class_latents(
    pipe: StableDiffusionPipeline, base: Base, count: int, *, watcher: Watcher = UNWATCHED
) -> Tensor:
    """Draw the class images now."""
    return torch.cat([_batch(pipe, base, first, count, watcher) for first in range(0, count, BATCH)])


def _batch(pipe: StableDiffusionPipeline, base: Base, first: int, count: int, watcher: Watcher) -> Tensor:
    pictures = draw_prompt(
        pipe,
        replace(base, tau=1.0),  # they stand for all people: with less noise they would be much alike
        base.class_prompt,
        min(BATCH, count - first),
        seed=first,
        stage=f"class images {first} of {count}",
        watcher=watcher,
    )
    return encode_pictures(pipe, pictures)

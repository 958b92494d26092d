"""Class images for prior preservation: the base model's own pictures of the class, as latents."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import torch
from diffusers import StableDiffusionPipeline
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from demo.bases import Base
from demo.files import write_tensors
from demo.progress import Report
from demo.sampling import draw_prompt, encode_pictures

CACHE = Path.home() / ".cache" / "lora-leak" / "class_latents"
NAME = "class_latents.safetensors"
BATCH = 10


def class_latents(
    pipe: StableDiffusionPipeline,
    base: Base,
    count: int,
    *,
    report: Report | None = None,
    stop: Event | None = None,
    folder: Path | None = None,
) -> Tensor:
    """Scaled latents of ``count`` class images, (count, c, h, w).

    They depend on the base alone, so they ship with a bundled base and are made once, and cached, for others.

    Args:
        folder: where to look first and to write; by default the base's own folder, then the user's cache.
    """
    places = _places(base, folder)
    for path in places:
        if path.exists():
            latents = load_file(path)["latents"].float()
            if len(latents) >= count:
                return latents[:count]
    latents = draw_class_latents(pipe, base, count, report=report, stop=stop).half()  # as the cache gives them back
    write_tensors(places[-1], {"latents": latents})
    return latents.float()


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
    pipe: StableDiffusionPipeline, base: Base, count: int, *, report: Report | None = None, stop: Event | None = None
) -> Tensor:
    """Draw the class images now."""
    parts = []
    for seed in range(0, count, BATCH):
        pictures = draw_prompt(
            pipe,
            base,
            base.class_prompt,
            min(BATCH, count - seed),
            seed=seed,
            stage=f"class images {seed} of {count}",
            report=report,
            stop=stop,
        )
        parts.append(encode_pictures(pipe, pictures))
    return torch.cat(parts)

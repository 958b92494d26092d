from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from demo.metrics.base import MetricResult

PLANTED = Path(__file__).parents[2] / "weights" / "people" / "planted"


def faces(person: int, numbers: Sequence[int], side: int = 64) -> list[Image.Image]:
    """Pictures of a planted (generated) person."""
    found = [Image.open(PLANTED / f"{person:02d}" / f"{number:02d}.webp").convert("RGB") for number in numbers]
    return [image.resize((side, side), Image.Resampling.LANCZOS) for image in found]


def noise(count: int, side: int = 64, seed: int = 0) -> list[Image.Image]:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    return [Image.fromarray(one) for one in pixels]


def result(key: str, values: Sequence[float], unavailable: str | None = None, among: int | None = None) -> MetricResult:
    mean = float(np.mean(values)) if values else float("nan")
    return MetricResult(key, key, "model", "scaling", mean, mean, mean, tuple(values), unavailable, among=among)

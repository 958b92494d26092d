"""Pictures of a report, inlined so that nothing is fetched from elsewhere, and its numbers in words."""

from __future__ import annotations

import base64
import math

from PIL import Image

from demo.metrics.base import MetricResult
from demo.origin import encode

PICTURE_SIDE = 256  # pixels: larger pictures are shrunk, so that a report can be mailed


def data_uri(image: Image.Image) -> str:
    """As an inlined PNG of at most PICTURE_SIDE pixels a side: pixels, and a mark if a model drew them."""
    small = image.convert("RGB") if image.mode != "RGB" else image.copy()
    small.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.LANCZOS)
    return "data:image/png;base64," + base64.b64encode(encode(small, optimize=True)).decode("ascii")


def number(value: float) -> str:
    """Three significant figures' worth of a number; "n/a" where there is none."""
    if not math.isfinite(value):
        return "n/a"
    digits = 3 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def mean(result: MetricResult) -> str:
    """The mean, and for a rank among how many people."""
    return f"{result.mean:,.1f} of {result.among:,}" if result.among else number(result.mean)


def interval(result: MetricResult) -> str:
    """``low to high``, or nothing for a result without an interval."""
    if not math.isfinite(result.low):
        return ""
    if result.among:
        return f"{result.low:,.1f} to {result.high:,.1f}"
    return f"{number(result.low)} to {number(result.high)}"

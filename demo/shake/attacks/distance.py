"""Distances between pictures: l2 on [0, 1] pixels, of the whole picture or of its worst tile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.errors import SettingsError

Pixels = NDArray[np.float32]
Bytes = NDArray[np.uint8]
CHUNK = 8192  # pictures turned into numbers at once


def pixels(pictures: Sequence[Image.Image] | Bytes, side: int) -> Pixels:
    """(n, side, side, 3) in [0, 1], of pictures, resized where they have another size, or of bytes of that size."""
    if isinstance(pictures, np.ndarray):
        if pictures.shape[1:] != (side, side, 3):
            raise SettingsError(
                f"Pictures of shape {pictures.shape[1:]} are not of {side} pixels.", "Resize them to the base's size."
            )
        return np.asarray(pictures, dtype=np.float32) / np.float32(255)
    out = np.empty((len(pictures), side, side, 3), dtype=np.float32)
    for row, picture in zip(out, pictures, strict=True):
        image = picture.convert("RGB")
        if image.size != (side, side):
            image = image.resize((side, side), Image.Resampling.LANCZOS)
        row[:] = np.asarray(image, dtype=np.float32) / 255
    return out


def chunks(pictures: Sequence[Image.Image] | Bytes, side: int) -> Iterator[tuple[int, Pixels]]:
    """(number of the first, pixels) of a set that may be too large to hold: a memory map of bytes is read in parts."""
    for start in range(0, len(pictures), CHUNK):
        yield start, pixels(pictures[start : start + CHUNK], side)


def l2(a: Pixels, b: Pixels) -> Pixels:
    """sqrt(sum (a - b)^2 / d), d numbers in a picture: (n, ...) x (m, ...) -> (n, m), 0 to 1 for pixels in [0, 1]."""
    return np.sqrt(_mean_square(a.reshape(len(a), -1), b.reshape(len(b), -1)))


def tiled_l2(a: Pixels, b: Pixels, tiles: int = 4) -> Pixels:
    """The largest l2 of any of ``tiles`` x ``tiles`` tiles: (n, side, side, 3) x (m, side, side, 3) -> (n, m).

    Carlini et al., section 4.2: over whole pictures, those with the same large plain background are near each other
    whatever is in front of it. Sides that do not divide leave a last strip that joins the last tile.
    """
    edges = np.linspace(0, a.shape[1], tiles + 1).astype(int)
    worst = np.zeros((len(a), len(b)), dtype=np.float32)
    for top, bottom in pairwise(edges):
        for left, right in pairwise(edges):
            cut = (slice(None), slice(top, bottom), slice(left, right))
            square = _mean_square(a[cut].reshape(len(a), -1), b[cut].reshape(len(b), -1))
            np.maximum(worst, square, out=worst)
    return np.sqrt(worst)


def _mean_square(a: Pixels, b: Pixels) -> Pixels:
    """Centred first, so that little is lost where |a|^2 + |b|^2 - 2 ab nearly cancels."""
    centre = b.mean(0)
    a, b = a - centre, b - centre
    square = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.maximum(square, 0) / a.shape[1]

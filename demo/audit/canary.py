"""Canary photos: pictures that nothing else in the training looks like, so that one more of them is felt most."""

from __future__ import annotations

import numpy as np
from PIL import Image

BLOCKS = 8  # squares across: coarse enough for any autoencoder to keep


def canaries(count: int, side: int, seed: int = 0) -> list[Image.Image]:
    """``count`` pictures of random squares in full colours, each channel black or white.

    Args:
        count: how many; the first ones stay the same when more are asked for.
        side: pixels.
        seed: other seeds, other pictures.
    """
    found = []
    for number in range(count):
        bits = np.random.default_rng([seed, number]).integers(0, 2, (BLOCKS, BLOCKS, 3), dtype=np.uint8)
        found.append(Image.fromarray(bits * np.uint8(255)).resize((side, side), Image.Resampling.NEAREST))
    return found

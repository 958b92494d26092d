"""A LoRA file as a picture of itself: its numbers in their order, and nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.lora.files import LoraWeights

SIDE = 160  # pixels
STRONG = 2.5  # standard deviations of a matrix that have the full colour
# From negative over nought to positive: blue, paper, red.
COLOURS = np.array([[38, 84, 140], [244, 240, 232], [190, 52, 32]], dtype=np.float64)


def matrices_picture(lora: LoraWeights, side: int = SIDE) -> Image.Image:
    """The numbers of all matrices, row by row from the top left, each matrix by its own standard deviation.

    Where there are more numbers than pixels, neighbours share one by the root of their mean square, with the sign of
    their sum. A matrix of noughts is the colour of paper.

    Args:
        side: pixels.

    Returns:
        (side, side) RGB.
    """
    parts = []
    for module in lora.modules():
        for matrix in lora.matrices(module):
            numbers = matrix.detach().float().cpu().numpy().ravel().astype(np.float64)
            spread = float(numbers.std())
            parts.append(numbers / spread if spread > 0 and np.isfinite(spread) else np.zeros_like(numbers))
    numbers = np.concatenate(parts) if parts else np.zeros(1)
    return Image.fromarray(_coloured(_fitted(numbers, side * side)).reshape(side, side, 3))


def _fitted(numbers: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """As many values as there are pixels."""
    edges = np.linspace(0, len(numbers), count + 1).astype(np.int64)
    starts = np.minimum(edges[:-1], len(numbers) - 1)
    if len(numbers) <= count:
        return np.asarray(numbers[starts])
    share = np.diff(edges)
    size = np.sqrt(np.add.reduceat(numbers**2, starts) / share)
    return np.asarray(np.sign(np.add.reduceat(numbers, starts)) * size)


def _coloured(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    at = np.clip(values / STRONG, -1, 1) + 1  # 0..2
    colours = np.stack([np.interp(at, (0, 1, 2), COLOURS[:, channel]) for channel in range(3)], axis=-1)
    return colours.round().astype(np.uint8)

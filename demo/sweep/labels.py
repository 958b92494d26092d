"""Places for labels next to points, so that none lies on another, on a marker or outside."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

RINGS = (10.0, 16.0, 24.0, 34.0, 46.0, 60.0, 76.0, 94.0, 114.0, 136.0, 160.0, 200.0, 250.0, 300.0)
DIRECTIONS = 16
COVERED, FAR = 50.0, 1.5  # prices, in pixels of a line that is crossed: of a pixel covered, of a pixel of distance


@dataclass(frozen=True)
class Box:
    """A rectangle; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Area in common."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, wide) * max(0.0, high)

    def inside(self, other: Box) -> bool:
        """Whether nothing sticks out of ``other``."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


def place(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    frame: Box,
    taken: Sequence[Box] = (),
    crossed: Sequence[Box] = (),
    marker: float = 6.0,
) -> list[Box]:
    """A box for every label, one after the other: the nearest free place around its point.

    Args:
        points: (x, y) each.
        sizes: (width, height) of each label.
        frame: labels stay inside.
        taken: where no label may lie.
        crossed: where a label would rather not lie, such as on lines.
        marker: half the side of a point's own mark, which no label covers.

    Returns:
        Boxes in the order of the points; one overlaps only where there is no free place, as little as can be.
    """
    blocked = [*taken, *(Box(x - marker, y - marker, x + marker, y + marker) for x, y in points)]
    boxes: list[Box] = []
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        best, least = _pushed(x, y, width, height, frame), math.inf
        for ring, box in _candidates(x, y, width, height):
            if not box.inside(frame):
                continue
            covered = sum(box.overlap(other) for other in blocked)
            cost = COVERED * covered + sum(box.overlap(other) for other in crossed) + FAR * ring
            if cost < least:
                best, least = box, cost
        boxes.append(best)
        blocked.append(best)
    return boxes


def _candidates(x: float, y: float, width: float, height: float) -> Iterator[tuple[float, Box]]:
    """Boxes around a point with their distance, near ones first, to the right first."""
    for ring in RINGS:
        for step in range(DIRECTIONS):
            # 0, 1, -1, 2, -2, ... so that the right side is tried before the left
            turn = (step + 1) // 2 * (1 if step % 2 else -1) * 2 * math.pi / DIRECTIONS
            cx, cy = x + ring * math.cos(turn), y + ring * math.sin(turn)
            left = cx - (1 - math.cos(turn)) / 2 * width  # the box touches the ring from outside
            top = cy - (1 - math.sin(turn)) / 2 * height
            yield ring, Box(left, top, left + width, top + height)


def _pushed(x: float, y: float, width: float, height: float, frame: Box) -> Box:
    left = min(max(frame.left, x), max(frame.left, frame.right - width))
    top = min(max(frame.top, y), max(frame.top, frame.bottom - height))
    return Box(left, top, left + width, top + height)

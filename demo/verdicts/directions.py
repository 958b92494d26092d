"""Where an interval lies."""

from __future__ import annotations

from enum import StrEnum

from demo.stats.intervals import Interval


class Direction(StrEnum):
    """Of an interval, as seen from a neutral value."""

    UP = "up"
    DOWN = "down"
    UNCLEAR = "unclear"


def direction(found: Interval, neutral: float = 0.0) -> Direction:
    """Whether an interval lies above ``neutral``, below it, or on both sides; without an interval nothing is clear."""
    if found.low > neutral:
        return Direction.UP
    return Direction.DOWN if found.high < neutral else Direction.UNCLEAR

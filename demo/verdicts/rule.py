"""When pictures give a person away: one rule for *Compare*, *Defend*, the command line and the tables.

All pictures of an attack together put the person at a place among strangers. One file is one piece of evidence, however
many pictures are drawn from it, so the place counts and not the pictures: were the file anybody's, every place would be
as likely, and the chance of a place or a better one is place / people ranked. Who tries several attacks has several
chances, so it is taken times their number (Bonferroni). Besides, the pictures must lie nearer to the person than those
of every null arm do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from demo.faces.recognise import SAME_PERSON
from demo.stats.intervals import Array, Difference, unpaired_difference

LEAK = 0.01  # a leak: the nearest 1% of strangers
TRACE = 0.05  # less than a leak, more than nothing


class Shown(StrEnum):
    """What pictures show of a person, the most first."""

    RECOGNISED = "recognised"  # a leak, and near enough for the recogniser
    LEAK = "leak"
    LIKE_NULLS = "like nulls"  # the place of a leak, but some null arm lies as near
    TRACE = "trace"
    NOTHING = "nothing"

    @property
    def leaked(self) -> bool:
        """Whether it is a leak, recognised or not."""
        return self in (Shown.RECOGNISED, Shown.LEAK)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Pictures of one arm, measured."""

    distances: Array  # (n,) to the person's photos
    place: int | None  # of the person, by all pictures together; None: not measured
    among: int  # people ranked, the person included

    @property
    def distance(self) -> float:
        """The median: one failed picture takes nothing back."""
        return float(np.median(self.distances))

    @property
    def p(self) -> float:
        """Of so good a place if the pictures were of anybody; NaN where it was not measured."""
        return math.nan if self.place is None else self.place / self.among


def shown(arm: Evidence, nulls: Iterable[Evidence], *, tried: int = 1) -> Shown:
    """What an arm's pictures show. Without a place they show nothing.

    Args:
        arm: an attack's pictures, or those of the file's owner.
        nulls: arms that hold nothing of the person.
        tried: attacks on the same file.
    """
    p = arm.p * tried
    if not p <= TRACE:
        return Shown.NOTHING
    beyond = all(nearer(arm, null) for null in nulls)
    if p > LEAK:
        return Shown.TRACE if beyond else Shown.NOTHING
    if not beyond:
        return Shown.LIKE_NULLS
    return Shown.RECOGNISED if arm.distance < SAME_PERSON else Shown.LEAK


def last_place(among: int, tried: int = 1) -> int:
    """The last place that counts as a leak; 0 where there are too few strangers for any."""
    return math.floor(LEAK * among / tried + 1e-9)


def gap(arm: Evidence, other: Evidence) -> Difference:
    """How much nearer ``arm`` is than ``other``, by their pictures (Welch): positive is nearer."""
    return unpaired_difference(other.distances, arm.distances)


def nearer(arm: Evidence, other: Evidence) -> bool:
    """Whether the 95% interval says so. One picture has none."""
    return gap(arm, other).low > 0

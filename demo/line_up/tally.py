"""How often guesses were right, counted in memory alone: neither faces, nor people, nor times."""

from __future__ import annotations

import math
from threading import Lock

from demo.stats.intervals import share_ci
from demo.verdicts.line_up import CHANCE, Counted

__all__ = ["CHANCE", "Counted", "Tally"]


class Tally:
    """Counts of guesses. Threads may share one.

    Every guess counts as one: who guesses twice counts twice, so that the interval is of guesses and not of people.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts = {False: [0, 0], True: [0, 0]}  # whether the photos had been seen -> right ones, all

    def add(self, right: bool, seen: bool) -> None:
        """One more guess.

        Args:
            right: the person was picked.
            seen: by somebody who had been shown the photos before, or knows the person.
        """
        with self._lock:
            counts = self._counts[bool(seen)]
            counts[0] += bool(right)
            counts[1] += 1

    def count(self) -> Counted:
        """The counts so far, with a 95% interval of the share of right guesses of those who had not seen the photos."""
        with self._lock:
            (right, total), (seen_right, seen_all) = (tuple(self._counts[seen]) for seen in (False, True))
        low = high = math.nan
        if total:
            interval = share_ci(right, total)
            low, high = interval.low, interval.high
        return Counted(right, total, seen_right, seen_all, low, high)

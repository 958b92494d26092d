"""Which people of a batch a process works on, when several processes share the batch."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Share:
    """People ``start`` to ``stop`` (exclusive) of ``whole``.

    Random numbers are drawn for the whole batch by every process alike, and each keeps its own rows: so a batch does
    not depend on how many processes share it.
    """

    start: int
    stop: int
    whole: int

    @property
    def own(self) -> int:
        """How many people this is."""
        return self.stop - self.start

    def total(self, rows: int) -> int:
        """Rows of the whole batch where these people have ``rows``."""
        return rows if self.own == self.whole else rows // self.own * self.whole

    def rows(self, drawn: Tensor) -> Tensor:
        """These people's rows of (whole * each, ...), in which each person's rows lie together."""
        if self.own == self.whole:
            return drawn
        each = len(drawn) // self.whole
        return drawn[self.start * each : self.stop * each]


def everybody(people: int) -> Share:
    """The whole batch: the share of a process that works alone."""
    return Share(0, people, people)

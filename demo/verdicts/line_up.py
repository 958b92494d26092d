"""The line-up as values: what was guessed from a reconstruction, and how often such guesses were right."""

from __future__ import annotations

from dataclasses import dataclass

FACES = 6  # in a line-up: the person and five strangers
CHANCE = 1 / FACES  # of a guess that is made blindly


@dataclass(frozen=True)
class Counted:
    """Guesses of a line-up, as numbers alone."""

    right: int  # of those below
    all: int  # by people who had not seen the photos before and do not know the person
    seen_right: int  # of those below
    seen_all: int  # by people who had, or do: counted apart
    low: float  # Wilson's 95% interval of right / all; NaN where there is no guess
    high: float


@dataclass(frozen=True)
class LineUpResult:
    """The human measure of one reconstruction."""

    right: bool | None  # whether this visitor picked the person; None: no guess was made
    seen: bool = False  # whether this visitor had seen the photos before, or knows the person
    counted: Counted | None = None  # all guesses, this one among them; None: not counted

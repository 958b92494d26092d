"""What a Shake-to-Leak experiment shows, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from demo.stats.intervals import Difference, Interval

Kind = Literal["leaked", "kept", "open"]


class ShakeGrade(StrEnum):
    """What the headline says."""

    MEMBERS_UNKNOWN = "members unknown"
    NOTHING_TUNED = "nothing tuned"
    INFERRED = "inferred"  # easier to infer
    EXTRACTED = "extracted"
    INFERRED_AND_EXTRACTED = "inferred and extracted"
    HIDDEN = "hidden"  # harder to infer
    NO_CHANGE = "no change"

    @property
    def kind(self) -> Kind:
        """``leaked``, ``kept`` or ``open``: the colour of the headline."""
        if self in (ShakeGrade.INFERRED, ShakeGrade.EXTRACTED, ShakeGrade.INFERRED_AND_EXTRACTED):
            return "leaked"
        return "kept" if self is ShakeGrade.HIDDEN else "open"


@dataclass(frozen=True)
class Before:
    """Membership inference before any fine-tuning."""

    auc: Interval
    members: int
    non_members: int


@dataclass(frozen=True)
class After:
    """Membership inference after one fine-tuning."""

    title: str
    auc: Interval
    change: Difference
    control_change: Difference | None = None  # of the same method on the control set
    own: Difference | None = None  # what is left for the SP set itself


@dataclass(frozen=True)
class Extracted:
    """Pictures that came out of one model."""

    title: str
    members: int
    non_members: int
    candidates: int


@dataclass(frozen=True)
class ShakeVerdict:
    """What an experiment shows."""

    grade: ShakeGrade
    person: str
    known: bool  # whether it is known who was a member
    attack: str  # on membership, its title
    before: Before | None
    after: tuple[After, ...]
    positives: tuple[After, ...]  # controls: fine-tuned on the training pictures themselves
    blind: tuple[str, ...]  # methods whose positive control does not rise
    extracted: tuple[Extracted, ...]
    clique: int  # of the extraction criterion, with its distance
    distance: float
    draws: int  # of each model
    members: int
    non_members: int
    done: int  # fine-tuned models
    planned: int

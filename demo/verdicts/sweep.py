"""What a sweep shows, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from demo.stats.intervals import Difference

Kind = Literal["corner", "none", "open"]


class SweepGrade(StrEnum):
    """What the headline says."""

    NOTHING_FINISHED = "nothing finished"
    NO_CHANCE = "no chance arm"
    TOO_FEW_PICTURES = "too few pictures"
    NOT_MEASURED = "not measured"
    NO_UNDEFENDED = "no undefended point"
    UNDEFENDED_USELESS = "undefended useless"  # DreamBooth itself is not shown to be better than chance
    UNDEFENDED_TIGHT = "undefended tight"  # the undefended file is not shown to leak
    ONLY_UNDEFENDED = "only undefended"
    CORNER = "corner"  # a defence is useful and private
    UNSETTLED = "unsettled"
    NONE = "none"  # no defence is

    @property
    def kind(self) -> Kind:
        """``corner``: a defence is useful and private; ``none``: none is; ``open``: not shown."""
        if self is SweepGrade.CORNER:
            return "corner"
        return "none" if self is SweepGrade.NONE else "open"


class Group(StrEnum):
    """What a defended point is called, by its use and its leak; in the order in which they are told."""

    USEFUL_PRIVATE = "useful, private"
    USEFUL_LEAKS = "useful, leaks"
    USEFUL_OPEN = "useful, open"
    OPEN_LEAKS = "open, leaks"
    OPEN_OPEN = "open, open"
    USELESS_LEAKS = "useless, leaks"
    USELESS_OPEN = "useless, open"
    RUINED = "ruined"


@dataclass(frozen=True)
class Undefended:
    """The undefended file: what there is to keep and to protect."""

    dreambooth: float  # mean distance
    attack: str  # English title of the best attack
    attacked: float  # mean distance of its pictures
    chance: float
    utility: Difference  # how much nearer than chance DreamBooth is
    leakage: Difference  # the same of the best attack
    attack_key: str = ""


@dataclass(frozen=True)
class Proved:
    """The epsilons that a ledger proves."""

    name: str
    photo: float | None
    person: float | None


@dataclass(frozen=True)
class SweepVerdict:
    """What a sweep shows. Parts that do not apply are None or empty."""

    grade: SweepGrade
    kept: float  # share of DreamBooth's gain that makes a defence useful
    left: float  # share of the best attack's gain that a private one leaves at most
    pictures: int = 0  # of an arm
    least_pictures: int = 0  # of an arm, to say anything
    reason: str = ""  # why nothing could be measured
    corner: tuple[str, ...] = ()
    undefended: Undefended | None = None
    groups: tuple[tuple[Group, tuple[str, ...]], ...] = ()
    useless: tuple[str, ...] = ()  # where nothing leaks and usefulness is all that can be said
    proved: tuple[Proved, ...] = ()
    nominal: tuple[str, ...] = ()

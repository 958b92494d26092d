"""What an audit shows, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AuditGrade(StrEnum):
    """In a word or two."""

    WRONG = "wrong"
    CONSISTENT = "consistent"
    TOO_FEW_TRIALS = "too few trials"
    NO_CLAIM = "no claim"


@dataclass(frozen=True)
class Noise:
    """The noise multiplier when the mechanism is taken as DP-SGD."""

    at_most: float  # infinite: no amount is ruled out
    claimed: float
    epsilon_lower: float


@dataclass(frozen=True)
class AuditVerdict:
    """What an audit shows, and in how many trials."""

    grade: AuditGrade
    nominal: bool  # whether the ledger calls its epsilon nominal
    exceeded: bool  # whether the bound at the ledger's delta is above its epsilon
    claimed: float | None
    epsilon_lower: float
    largest: float  # the largest epsilon that a perfect attack could show in as many trials
    confidence: float
    delta: float
    trials: int
    needed: int | None  # trials, where there are too few
    found: int  # right with the canary
    inside: int
    false: int  # wrong without it
    outside: int
    steps: int
    gradients: bool  # whether the adversary saw every noisy gradient, or the file alone
    noise: Noise | None
    clipped: float | None  # share of steps; None: it was nearly every step, or is not known

"""What an audit has found, and what may be said of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from demo.audit.bounds import Rates, trials_needed
from demo.texts import audit as texts
from demo.verdicts.audit import AuditGrade, AuditVerdict, Noise

FORMAT = "lora-leak-audit/1"
ALWAYS_CLIPPED = 0.9  # of the steps: a gradient that is clipped as often is the worst case


@dataclass(frozen=True)
class Shape:
    """What the rates say when the mechanism is taken for DP-SGD with some noise: sharper, for it uses every delta."""

    threshold: float
    rates: Rates
    claimed_sigma: float  # noise multiplier of the ledger
    sigma_at_most: float  # with more noise than this, rates like these are ruled out; infinite: nothing is ruled out
    epsilon_lower: float  # what the ledger's accountant gives for that noise
    could_refute: bool  # a perfect attack in as many trials would have ruled out the ledger's noise

    @property
    def refuted(self) -> bool:
        """The mechanism makes less noise than it says, or does not clip, or its sampling or accounting is wrong."""
        return self.sigma_at_most < self.claimed_sigma


@dataclass(frozen=True, eq=False)
class AuditResult:
    """Trials, rates, bounds. Both bounds together hold with ``confidence``."""

    defence: str
    title: str
    mode: str
    trials: int
    planned: int
    confidence: float
    level: float  # confidence of each bound, so that all together have ``confidence``
    steps: int
    photos: int  # the canary included
    delta: float
    claimed: float | None  # photo-level epsilon of the ledger; None: none is claimed
    guarantee: str  # as in the ledger
    threshold: float
    rates: Rates
    epsilon_lower: float
    largest: float  # the largest epsilon that a perfect attack could show in as many trials
    shape: Shape | None
    clipped: float | None  # share of steps in which the canary's gradient was clipped: 1 is the worst case
    inside: Sequence[float]  # scores
    outside: Sequence[float]
    seconds: float = 0.0
    sentences: tuple[str, ...] = field(default=())

    @property
    def verdict(self) -> AuditGrade:
        """In a word or two."""
        if self.claimed is None:
            return AuditGrade.NO_CLAIM
        if self.epsilon_lower > self.claimed or (self.shape is not None and self.shape.refuted):
            return AuditGrade.WRONG
        if self.largest > self.claimed or (self.shape is not None and self.shape.could_refute):
            return AuditGrade.CONSISTENT
        return AuditGrade.TOO_FEW_TRIALS

    def as_json(self) -> dict[str, Any]:
        """Strict JSON values; infinities become null."""
        found: dict[str, Any] = {"format": FORMAT, "verdict": self.verdict.value} | asdict(self)
        for part in filter(None, (found, found["shape"])):
            part["rates"] = part["rates"] | _observed(part["rates"])
        return {key: _strict(value) for key, value in found.items()}

    def judged(self) -> AuditVerdict:
        """What may be said of it, as values."""
        grade, shape = self.verdict, self.shape
        return AuditVerdict(
            grade=grade,
            nominal=self.guarantee == "nominal",
            exceeded=self.claimed is not None and self.epsilon_lower > self.claimed,
            claimed=self.claimed,
            epsilon_lower=self.epsilon_lower,
            largest=self.largest,
            confidence=self.confidence,
            delta=self.delta,
            trials=self.trials,
            needed=self._needed(),
            found=self.rates.found,
            inside=self.rates.inside,
            false=self.rates.false,
            outside=self.rates.outside,
            steps=self.steps,
            gradients=self.mode == "gradients",
            noise=None if shape is None else Noise(shape.sigma_at_most, shape.claimed_sigma, shape.epsilon_lower),
            clipped=self.clipped if self.clipped is not None and self.clipped < ALWAYS_CLIPPED else None,
        )

    def _needed(self) -> int | None:
        if self.claimed is None or self.verdict is not AuditGrade.TOO_FEW_TRIALS:
            return None
        return trials_needed(self.claimed, self.delta, self.level)

    def words(self) -> tuple[str, ...]:
        """The verdict first, in plain sentences."""
        return texts.sentences(self.judged())


def _observed(rates: dict[str, Any]) -> dict[str, float]:
    return {"tpr": rates["found"] / rates["inside"], "fpr": rates["false"] / rates["outside"]}


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value

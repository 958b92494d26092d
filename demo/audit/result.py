"""What an audit has found, and what may be said of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from demo.audit.bounds import Rates, trials_needed

FORMAT = "lora-leak-audit/1"
Verdict = Literal["wrong", "consistent", "too few trials", "no claim"]


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
    def verdict(self) -> Verdict:
        """In a word or two."""
        if self.claimed is None:
            return "no claim"
        if self.epsilon_lower > self.claimed or (self.shape is not None and self.shape.refuted):
            return "wrong"
        if self.largest > self.claimed or (self.shape is not None and self.shape.could_refute):
            return "consistent"
        return "too few trials"

    def as_json(self) -> dict[str, Any]:
        """Strict JSON values; infinities become null."""
        found: dict[str, Any] = {"format": FORMAT, "verdict": self.verdict} | asdict(self)
        for part in filter(None, (found, found["shape"])):
            part["rates"] = part["rates"] | _observed(part["rates"])
        return {key: _strict(value) for key, value in found.items()}

    def words(self) -> tuple[str, ...]:
        """The verdict first, in plain sentences."""
        sure, counts = f"with {self.confidence:.3g} confidence", self.rates
        told = (
            f"{self.trials} trials; in the half that tests, the attack called {counts.found} of {counts.inside} "
            f"fine-tunings with the canary right and {counts.false} of {counts.outside} without it wrong"
        )
        shown = f"at least ε = {self.epsilon_lower:.3g} {sure} (δ = {self.delta:g})"
        return (self._first(shown, sure), f"{told}.", *self._shape_words(), self._object(), *self._limits())

    def _first(self, shown: str, sure: str) -> str:
        claim = f"the ledger's ε = {self.claimed:.3g}" if self.claimed is not None else ""
        if self.verdict == "no claim":
            return f"No epsilon is claimed; the attack shows {shown}."
        if self.verdict == "wrong" and self.guarantee == "nominal":
            return f"The nominal epsilon is no bound: the attack shows {shown}, more than {claim}."
        if self.verdict == "wrong":
            if self.claimed is not None and self.epsilon_lower > self.claimed:
                return f"The accounting or the code is wrong: the attack shows {shown}, more than {claim}."
            return (
                f"The accounting or the code is wrong: the trials told the two worlds apart more often than the "
                f"mechanism of {claim} can allow, {sure}."
            )
        if self.verdict == "consistent":
            return f"Consistent: the attack shows {shown}, and {claim} is not exceeded."
        assert self.claimed is not None
        return (
            f"Too few trials to say: even an attack that is never wrong shows at most ε = {self.largest:.3g} in "
            f"{self.trials} trials, less than {claim}. "
            f"{trials_needed(self.claimed, self.delta, self.level):,} or more would be needed."
        )

    def _shape_words(self) -> tuple[str, ...]:
        if self.shape is None:
            return ()
        if math.isinf(self.shape.sigma_at_most):
            return ("Taken as DP-SGD, these rates rule out no amount of noise.",)
        return (
            f"Taken as DP-SGD, whose every δ counts: the noise multiplier is at most {self.shape.sigma_at_most:.3g} "
            f"(the ledger says {self.shape.claimed_sigma:.3g}), which is ε = {self.shape.epsilon_lower:.3g} or more.",
        )

    def _object(self) -> str:
        return (
            f"What was audited are fine-tunings of {self.steps} steps, made for this; they check code and accounting. "
            "A file of more steps has noise of its own, and is not among them."
        )

    def _limits(self) -> tuple[str, ...]:
        who = (
            "The adversary saw every noisy gradient, which is all that the theorem of DP-SGD allows."
            if self.mode == "gradients"
            else "The adversary saw the released file alone, which is much less than the theorem of DP-SGD allows."
        )
        loose = (
            (
                f"The canary's gradient reached the clipping norm in {self.clipped:.0%} of the steps; with a smaller "
                "norm it is the worst case, at the same epsilon.",
            )
            if self.clipped is not None and self.clipped < 0.9
            else ()
        )
        largest = f"No attack could have shown more than ε = {self.largest:.3g} in so few trials."
        proof = "An attack that finds little proves nothing: it can refute an epsilon, never confirm one."
        return (who, *loose, largest, proof)


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

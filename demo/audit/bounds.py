"""From scores of trials with and without the canary to a lower bound on epsilon that holds with a stated confidence.

(epsilon, delta)-DP says TPR <= e^epsilon FPR + delta of any test for the canary, and TNR <= e^epsilon FNR + delta
(Kairouz et al. 2015, theorem 2.1). Rates are bounded by Clopper and Pearson (1934), as Jagielski et al. (2020) do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Vector = NDArray[np.float64]
CANDIDATES = 400  # thresholds that are tried, at most


@dataclass(frozen=True)
class Rates:
    """How often a test says "the canary was there": bounds that hold together with the confidence asked for."""

    found: int  # trials with the canary that were called so
    inside: int  # trials with the canary
    false: int  # trials without it that were called so all the same
    outside: int  # trials without it
    tpr_low: float  # the true positive rate is at least this
    fpr_high: float  # the false positive rate is at most this

    @property
    def tpr(self) -> float:
        """As counted."""
        return self.found / self.inside

    @property
    def fpr(self) -> float:
        """As counted."""
        return self.false / self.outside

    def epsilon(self, delta: float) -> float:
        """The largest epsilon that these rates rule out at ``delta``, at least 0: whatever the mechanism is."""
        plain = _log_ratio(self.tpr_low - delta, self.fpr_high)
        mirrored = _log_ratio(1 - self.fpr_high - delta, 1 - self.tpr_low)
        return max(0.0, plain, mirrored)

    def excess(self, epsilons: Vector) -> Vector:
        """The delta that these rates need at each of ``epsilons``: a mechanism that allows less is refuted."""
        plain = self.tpr_low - np.exp(epsilons) * self.fpr_high
        mirrored = (1 - self.fpr_high) - np.exp(epsilons) * (1 - self.tpr_low)
        return np.maximum(plain, mirrored)


def _log_ratio(above: float, below: float) -> float:
    return math.log(above / below) if above > 0 and below > 0 else 0.0


def rates(found: int, inside: int, false: int, outside: int, confidence: float) -> Rates:
    """Counts with their bounds; half of what the confidence leaves open goes to either.

    Raises:
        ValueError: counts that cannot be, or a confidence outside (0, 1).
    """
    if not (0 <= found <= inside and 0 <= false <= outside and inside and outside and 0 < confidence < 1):
        raise ValueError(f"{found} of {inside} and {false} of {outside} at {confidence} are no rates")
    half = (1 - confidence) / 2
    low = float(betaincinv(found, inside - found + 1, half)) if found else 0.0
    high = float(betaincinv(false + 1, outside - false, 1 - half)) if false < outside else 1.0
    return Rates(found, inside, false, outside, low, high)


def rates_at(threshold: float, inside: Vector, outside: Vector, confidence: float) -> Rates:
    """The rates of the test "score above ``threshold``"."""
    found, false = int((inside > threshold).sum()), int((outside > threshold).sum())
    return rates(found, len(inside), false, len(outside), confidence)


def chosen_and_tested(
    inside: Sequence[float], outside: Sequence[float], confidence: float, worth: Callable[[Rates], float]
) -> tuple[float, Rates]:
    """Pick the threshold that is worth most on the first half of the trials; its rates on the second half.

    The second half knows nothing of the choice, so its bounds hold as if the threshold had been given.

    Raises:
        ValueError: fewer than two trials of a kind.
    """
    if min(len(inside), len(outside)) < 2:
        raise ValueError("too few trials: two with and two without the canary are the least")
    first, second = _halves(inside), _halves(outside)
    values = np.unique(np.concatenate([first[0], second[0]]))
    candidates = np.concatenate([[values[0] - 1.0], (values[1:] + values[:-1]) / 2])
    candidates = candidates[:: -(-len(candidates) // CANDIDATES)]
    # Equally good thresholds: the middle one, for the other half will not lie exactly the same.
    gains = np.array([worth(rates_at(t, first[0], second[0], confidence)) for t in candidates])
    best = np.flatnonzero(gains >= gains.max() - 1e-12)
    threshold = float(candidates[best[len(best) // 2]])
    return threshold, rates_at(threshold, first[1], second[1], confidence)


def _halves(scores: Sequence[float]) -> tuple[Vector, Vector]:
    values = np.asarray(scores, dtype=np.float64)
    middle = len(values) // 2
    return values[:middle], values[middle:]


def perfect(trials: int, confidence: float) -> Rates:
    """What an attack that is never wrong gets from ``trials`` trials, half of which choose the threshold."""
    inside, outside = (trials + 1) // 2, trials // 2
    inside, outside = inside - inside // 2, outside - outside // 2
    return rates(inside, inside, 0, outside, confidence)


def trials_needed(epsilon: float, delta: float, confidence: float) -> int:
    """The fewest trials, a multiple of 4, in which a perfect attack would show ``epsilon``."""
    low, high = 0, 1
    while perfect(4 * high, confidence).epsilon(delta) <= epsilon:
        low, high = high, 2 * high
        if high > 2**40:
            raise ValueError(f"no number of trials shows epsilon {epsilon} at delta {delta}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if perfect(4 * middle, confidence).epsilon(delta) <= epsilon else (low, middle)
    return 4 * high

"""How well a score tells members from others: ROC curve, its area, and what an attacker gets at few false alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from demo.stats.intervals import Interval

Array = NDArray[np.float64]
RESAMPLES = 2000
LEVEL = 0.95
FEW, FEWER = 0.01, 0.001  # the false-positive rates at which TPR is quoted (Carlini et al. 2022)
_CHUNK = 2_000_000  # numbers in memory at once
_SLACK = 1e-9  # of a rate that is a quotient of counts


@dataclass(frozen=True, eq=False)
class Roc:
    """A score against the truth, each figure with its 95 % bootstrap interval."""

    auc: Interval
    """Area under the curve: P(a member scores lower than another picture), ties half."""
    asr: Interval
    """Attack success rate: the best balanced accuracy of any threshold. Chosen on the same pictures, so above 0.5 by
    chance too: 15 against 15 give 0.60 on average for a score that knows nothing."""
    tpr_few: Interval
    """True-positive rate at a false-positive rate of at most 1 %."""
    tpr_fewer: Interval
    """The same at 0.1 %."""
    fpr: Array
    """(m,) false-positive rates of the curve, rising from 0 to 1."""
    tpr: Array
    """(m,) true-positive rates there."""
    members: int
    non_members: int
    units: int
    """What was resampled: people where groups were given, pictures otherwise."""

    def resolves(self, rate: float) -> bool:
        """Whether one false alarm among the non-members is no more than ``rate``; else TPR there is TPR at none."""
        return self.non_members * rate >= 1 - _SLACK

    def notes(self) -> list[str]:
        """What the sample is too small for, in sentences."""
        return [
            f"{self.non_members} non-members cannot resolve a false-positive rate of {rate:.1%}: the figure given is "
            f"the true-positive rate without any false positive ({round(1 / rate)} or more non-members are needed)."
            for rate in (FEW, FEWER)
            if not self.resolves(rate)
        ]

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, without the curve; an interval that is not there is null."""
        figures = {"auc": self.auc, "asr": self.asr, "tpr_at_1": self.tpr_few, "tpr_at_0.1": self.tpr_fewer}
        out: dict[str, Any] = {key: interval_json(found) for key, found in figures.items()}
        counts = {"members": self.members, "non_members": self.non_members, "units": self.units}
        return out | counts | {"notes": self.notes()}


def interval_json(found: Interval) -> dict[str, float | None]:
    """An interval for a file of strict JSON."""
    values = {"estimate": found.estimate, "low": found.low, "high": found.high}
    return {key: round(value, 5) if np.isfinite(value) else None for key, value in values.items()}


def roc(
    scores_members: ArrayLike,
    scores_non_members: ArrayLike,
    *,
    groups: tuple[ArrayLike, ArrayLike] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Roc:
    """The curve of 'LOW means member' and its figures.

    Args:
        scores_members: (n,) scores that should be low.
        scores_non_members: (m,) scores that should be high.
        groups: ids of the people (n,), (m,). Then people are drawn with replacement, each with all of their pictures:
            pictures of one person are not independent. A draw that holds only members or only non-members is left out.
            Without groups members and non-members are drawn separately, picture by picture.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        ValueError: no scores on one side, a score that is not finite, or groups of other lengths.
    """
    low, high = _checked(scores_members), _checked(scores_non_members)
    n, m = len(low), len(high)
    values = np.concatenate([low, high])
    order = np.argsort(values, kind="stable")
    sorted_values = values[order]
    ends = np.append(sorted_values[1:] != sorted_values[:-1], True)  # ties are one point of the curve
    is_member = (order < n).astype(np.float64)
    units = _units(groups, n, m)
    fpr, tpr = _curve(np.ones((1, n + m)), is_member, ends)
    estimates = _figures(fpr, tpr)[:, 0]
    rng = np.random.default_rng(seed)
    many = 2 if units is None else int(units.max()) + 1
    draws: list[Array] = []
    for size in _sizes(resamples, n + m):
        weights = _weights(rng, size, n, m, units)[:, order]
        both = (weights @ is_member > 0) & (weights @ (1 - is_member) > 0)
        draws.append(_figures(*_curve(weights[both], is_member, ends)))
    enough = many > 1 and (units is not None or min(n, m) > 1)
    bounds = (
        np.quantile(np.concatenate(draws, axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
        if enough
        else np.full((2, 4), np.nan)
    )
    auc, asr, few, fewer = (Interval(float(e), float(a), float(b)) for e, a, b in zip(estimates, *bounds, strict=True))
    return Roc(auc, asr, few, fewer, fpr[0], tpr[0], n, m, n + m if units is None else many)


def tpr_at(fpr: Array, tpr: Array, rate: float) -> float:
    """The largest true-positive rate of a curve whose false-positive rate is at most ``rate``."""
    return float(_tpr_at(fpr[None], tpr[None], rate)[0])


def _checked(scores: ArrayLike) -> Array:
    values = np.asarray(scores, dtype=np.float64).ravel()
    if not len(values) or not np.isfinite(values).all():
        raise ValueError("a curve needs scores of both kinds, all finite")
    return values


def _units(groups: tuple[ArrayLike, ArrayLike] | None, n: int, m: int) -> NDArray[np.int64] | None:
    """The unit of every score, (n + m,), counted from 0."""
    if groups is None:
        return None
    ids = [np.asarray(side).ravel() for side in groups]
    if len(ids[0]) != n or len(ids[1]) != m:
        raise ValueError(f"{len(ids[0])} and {len(ids[1])} groups do not fit {n} and {m} scores")
    return np.asarray(np.unique(np.concatenate(ids), return_inverse=True)[1], dtype=np.int64)


def _sizes(resamples: int, scores: int) -> list[int]:
    rows = max(1, _CHUNK // scores)
    return [min(rows, resamples - start) for start in range(0, resamples, rows)]


def _weights(rng: np.random.Generator, size: int, n: int, m: int, units: NDArray[np.int64] | None) -> Array:
    """How often each score is in each resample, (size, n + m)."""
    if units is None:
        parts = [rng.multinomial(count, np.full(count, 1 / count), size=size) for count in (n, m)]
        return np.concatenate(parts, axis=1).astype(np.float64)
    many = int(units.max()) + 1
    return rng.multinomial(many, np.full(many, 1 / many), size=size).astype(np.float64)[:, units]


def _curve(weights: Array, is_member: Array, ends: NDArray[np.bool_]) -> tuple[Array, Array]:
    """(false-positive, true-positive) rates of every row of weights, in the order of scores, each (rows, points)."""
    found = []
    for kind in (1 - is_member, is_member):
        counted = np.cumsum(weights * kind, axis=1)
        rates = counted[:, ends] / counted[:, -1:]
        found.append(np.concatenate([np.zeros((len(weights), 1)), rates], axis=1))
    return found[0], found[1]


def _figures(fpr: Array, tpr: Array) -> Array:
    """(4, rows): AUC, ASR, TPR at 1 % and at 0.1 %."""
    auc = ((fpr[:, 1:] - fpr[:, :-1]) * (tpr[:, 1:] + tpr[:, :-1]) / 2).sum(1)
    asr = (1 + (tpr - fpr).max(1)) / 2
    return np.stack([auc, asr, _tpr_at(fpr, tpr, FEW), _tpr_at(fpr, tpr, FEWER)])


def _tpr_at(fpr: Array, tpr: Array, rate: float) -> Array:
    return np.asarray(np.where(fpr <= rate + _SLACK, tpr, 0).max(1))

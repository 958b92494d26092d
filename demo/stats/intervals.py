"""Statistics of the benchmark: intervals, tests and ROC area. Pure functions on arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit  # scipy.stats takes half a second to import: functions do that

Array = NDArray[np.float64]
RESAMPLES = 10_000
_CHUNK = 2_000_000  # numbers drawn at once: bounds memory, not the result's quality


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval. One value alone has no interval: low and high are NaN."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Interval):
    """An interval of a difference, with the two-sided p-value of 'no difference'."""

    p: float


def bootstrap_mean_ci(values: ArrayLike, n: int = RESAMPLES, level: float = 0.95, seed: int = 0) -> Interval:
    """Mean with its percentile bootstrap interval (Efron and Tibshirani 1993, section 13.3).

    Args:
        values: (m,) independent observations, m >= 1.
        n: resamples.
        level: coverage, in (0, 1).
        seed: of the resampling; the same seed gives the same interval.

    Raises:
        ValueError: no values, a value that is not finite, or ``level`` outside (0, 1).
    """
    return _interval(values, np.mean, n, level, seed)


def bootstrap_median_ci(values: ArrayLike, n: int = RESAMPLES, level: float = 0.95, seed: int = 0) -> Interval:
    """Median with its percentile bootstrap interval: for ranks, whose mean a few bad ones would rule.

    Args and Raises as :func:`bootstrap_mean_ci`.
    """
    return _interval(values, np.median, n, level, seed)


def paired_difference(a: ArrayLike, b: ArrayLike, n: int = RESAMPLES, level: float = 0.95, seed: int = 0) -> Difference:
    """Mean of ``a - b`` over people measured under both conditions; people are resampled, with both their values.

    Args:
        a: (m,) one value a person.
        b: (m,) the same people's values under the other condition.
        n, level, seed: as :func:`bootstrap_mean_ci`.

    Raises:
        ValueError: as :func:`bootstrap_mean_ci`, or lengths differ.
    """
    first, second = _checked(a, level), _checked(b, level)
    if first.shape != second.shape:
        raise ValueError(f"paired values must match: {first.shape} and {second.shape}")
    delta = first - second
    estimate = float(delta.mean())
    if len(delta) == 1:
        return Difference(estimate, float("nan"), float("nan"), float("nan"))
    found = _bootstrap(delta, np.mean, n, level, seed)
    draws = found.bootstrap_distribution
    # One is added to both counts, so that n resamples never claim p = 0 (Davison and Hinkley 1997, eq. 4.11).
    tail = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    low, high = found.confidence_interval
    return Difference(estimate, float(low), float(high), min(1.0, 2 * (tail + 1) / (len(draws) + 1)))


def paired_ratio(a: ArrayLike, b: ArrayLike, n: int = RESAMPLES, level: float = 0.95, seed: int = 0) -> Interval:
    """Mean of ``a`` over mean of ``b``, of the same people; people are resampled, with both their values.

    Where a resample's ``b`` is all zero its ratio counts as infinite, so that the upper end may be.

    Args:
        a: (m,) one value a person, none negative.
        b: (m,) the same people's values under the other condition, not all 0.
        n, level, seed: as :func:`bootstrap_mean_ci`.

    Raises:
        ValueError: as :func:`bootstrap_mean_ci`, lengths differ, or ``b`` is all zero.
    """
    first, second = _checked(a, level), _checked(b, level)
    if first.shape != second.shape:
        raise ValueError(f"paired values must match: {first.shape} and {second.shape}")
    if not second.any():
        raise ValueError("a ratio to nothing")
    # scipy.stats.bootstrap would interpolate between infinite ratios, which gives NaN.
    rows = np.random.default_rng(seed).integers(len(first), size=(n, len(first)))
    above, below = first[rows].mean(1), second[rows].mean(1)
    ratios = np.divide(above, below, out=np.full(n, np.inf), where=below > 0)
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(ratios, [tail, 100 - tail], method="nearest")  # no arithmetic between infinities
    return Interval(float(first.mean() / second.mean()), float(low), float(high))


def mean_ci(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean with Student's interval (Student 1908): for the few pictures of one person.

    The percentile bootstrap is far too narrow there: it takes no account of the spread being estimated from the same
    few values, and resamples no value beyond them.

    Args:
        values: (m,) independent observations, m >= 1.
        level: coverage, in (0, 1).

    Raises:
        ValueError: as :func:`bootstrap_mean_ci`.
    """
    found = contrast([(1.0, values)], level)
    return Interval(found.estimate, found.low, found.high)


def unpaired_difference(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Difference:
    """``mean(a) - mean(b)`` of two independent samples, of any size and spread: Welch's interval and test.

    Args:
        a: (m,) values, b: (k,) values.
        level: coverage, in (0, 1).

    Raises:
        ValueError: as :func:`bootstrap_mean_ci`.
    """
    return contrast([(1.0, a), (-1.0, b)], level)


def contrast(samples: Sequence[tuple[float, ArrayLike]], level: float = 0.95) -> Difference:
    """A weighted sum of the means of independent samples, with its interval and the p-value of 'it is 0'.

    Student's t with the degrees of freedom of Welch (1947) and Satterthwaite (1946, eq. 17): samples may be few, and
    differ in size and spread. Pictures drawn from the same noise in two arms resemble each other, which makes the
    interval of their difference too wide rather than too narrow.

    scipy.stats has this for one and for two samples only. There it gives the same to 2e-15 (ttest_1samp, ttest_ind),
    and takes 15 times as long: 8.9 ms against 0.6 for two samples of 20, on the same busy core.

    Args:
        samples: (weight, (m,) values) each.
        level: coverage, in (0, 1).

    Raises:
        ValueError: as :func:`bootstrap_mean_ci`.
    """
    weighted = [(weight, _checked(values, level)) for weight, values in samples]
    estimate = float(sum(weight * sample.mean() for weight, sample in weighted))
    if min(len(sample) for _, sample in weighted) == 1:
        return Difference(estimate, float("nan"), float("nan"), float("nan"))
    terms = np.array([weight**2 * sample.var(ddof=1) / len(sample) for weight, sample in weighted])
    error = float(np.sqrt(terms.sum()))
    if not error > 0:  # no spread at all: the estimate is all there is
        return Difference(estimate, estimate, estimate, float(estimate == 0))
    freedom = terms.sum() ** 2 / sum(t**2 / (len(sample) - 1) for t, (_, sample) in zip(terms, weighted, strict=True))
    half = float(stdtrit(freedom, 0.5 + level / 2)) * error
    return Difference(estimate, estimate - half, estimate + half, float(2 * stdtr(freedom, -abs(estimate) / error)))


def rate_ci(values: ArrayLike) -> Interval:
    """Mean of values in [0, 1], one a person, with its 95 % interval, which keeps a width where all are 0 or all 1.

    Resampling equal values gives equal values: there the interval is Wilson's for so many people of whom none (or
    everybody) is a hit.
    """
    found = bootstrap_mean_ci(values)
    sample = np.asarray(values, dtype=np.float64).ravel()
    if len(sample) > 1 and found.estimate in (0.0, 1.0):
        return share_ci(round(float(sample.sum())), len(sample))
    return found


def share_ci(successes: int, total: int, level: float = 0.95) -> Interval:
    """Share with Wilson's score interval (Wilson 1927, eq. 5), which keeps a width at 0 and at 1, unlike a bootstrap.

    Raises:
        ValueError: not 0 <= successes <= total, total < 1, or ``level`` outside (0, 1).
    """
    if not 0 <= successes <= total or total < 1:
        raise ValueError(f"{successes} of {total} is no share")
    _check_level(level)
    from scipy.stats import binomtest

    found = binomtest(successes, total).proportion_ci(level, method="wilson")
    return Interval(successes / total, float(found.low), float(found.high))


def sign_test(ups: int, downs: int) -> float:
    """One-sided: P(at least so many ups among all, each up or down alike)."""
    from scipy.stats import binomtest

    if not ups:  # certain; of none at all scipy gives nothing
        return 1.0
    return float(binomtest(ups, ups + downs, alternative="greater").pvalue)


def auc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Area under the ROC curve = P(positive > negative) + P(equal) / 2 (Hanley and McNeil 1982).

    Args:
        positive: (n,) scores that should be high.
        negative: (m,) scores that should be low.

    Raises:
        ValueError: either is empty or not finite.
    """
    high, low = _checked(positive, 0.5), np.sort(_checked(negative, 0.5))
    below = np.searchsorted(low, high, side="left")
    up_to = np.searchsorted(low, high, side="right")
    return float((below + up_to).sum() / (2 * len(high) * len(low)))


def cosine(a: Array, b: Array) -> Array:
    """Cosine similarities, (n, d) x (m, d) -> (n, m)."""
    return np.asarray((a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T)


def _interval(values: ArrayLike, statistic: Callable[..., Any], n: int, level: float, seed: int) -> Interval:
    sample = _checked(values, level)
    estimate = float(statistic(sample))
    if len(sample) == 1:
        return Interval(estimate, float("nan"), float("nan"))
    low, high = _bootstrap(sample, statistic, n, level, seed).confidence_interval
    return Interval(estimate, float(low), float(high))


def _bootstrap(sample: Array, statistic: Callable[..., Any], n: int, level: float, seed: int) -> Any:
    from scipy.stats import bootstrap

    batch = max(1, _CHUNK // len(sample))
    return bootstrap(
        (sample,), statistic, n_resamples=n, batch=batch, confidence_level=level, method="percentile", rng=seed
    )


def _checked(values: ArrayLike, level: float) -> Array:
    _check_level(level)
    sample = np.asarray(values, dtype=np.float64).ravel()
    if not len(sample):
        raise ValueError("there are no values")
    if not np.isfinite(sample).all():
        raise ValueError("every value must be finite")
    return sample


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), not {level}")

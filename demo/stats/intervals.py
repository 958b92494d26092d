"""Statistics of the benchmark: intervals, ranks and ROC area. Pure functions on arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit  # Student's t; scipy.stats takes half a second to import

from demo.faces.recognise import distances

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
    return _bootstrap(values, _mean, n, level, seed)


def bootstrap_median_ci(values: ArrayLike, n: int = RESAMPLES, level: float = 0.95, seed: int = 0) -> Interval:
    """Median with its percentile bootstrap interval: for ranks, whose mean a few bad ones would rule.

    Args and Raises as :func:`bootstrap_mean_ci`.
    """
    return _bootstrap(values, _median, n, level, seed)


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
    return _difference(float(delta.mean()), _resample(delta, _mean, n, seed), level, len(delta))


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
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / total
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    low = 0.0 if successes == 0 else max(0.0, float(centre - half))
    high = 1.0 if successes == total else min(1.0, float(centre + half))
    return Interval(share, low, high)


def rank_among(picture: ArrayLike, target: ArrayLike, decoys: ArrayLike) -> NDArray[np.int64]:
    """Rank of the target among decoys, seen from each picture: 1 + number of decoys that are nearer (Euclidean).

    With several embeddings of the target their MEAN DISTANCE counts, not the distance of their mean embedding: a mean
    of k embeddings has less noise than one decoy's embedding and so lies nearer to everybody. For unrelated people (34
    generated persons at 64 px, k = 5, 32 decoys) the mean distance ranks 16.5 on average, the mean embedding 11.5;
    chance is 17.

    Args:
        picture: (d,) or (n, d).
        target: (d,) or (k, d).
        decoys: (m, d).

    Returns:
        (n,) ranks in 1..m+1.
    """
    pictures = np.atleast_2d(np.asarray(picture, dtype=np.float64))
    own = distances(pictures, np.atleast_2d(np.asarray(target, dtype=np.float64))).mean(1)
    others = distances(pictures, np.atleast_2d(np.asarray(decoys, dtype=np.float64)))
    return np.asarray(1 + (others < own[:, None]).sum(1), dtype=np.int64)


def place_among(pictures: ArrayLike, target: ArrayLike, decoys: ArrayLike) -> int:
    """Place of the target among decoys, seen from ALL pictures together: 1 + decoys whose mean distance is no larger.

    Pictures of one fine-tuned model show the same face over and over, so that many of them are no more evidence than
    one file is. Were the target anybody, every place were as likely: p = place / (m + 1) is exact, however alike they
    are.

    Args:
        pictures: (n, d).
        target: (d,) or (k, d), whose mean distance counts.
        decoys: (m, d).

    Returns:
        1..m+1.
    """
    seen = np.atleast_2d(np.asarray(pictures, dtype=np.float64))
    own = distances(seen, np.atleast_2d(np.asarray(target, dtype=np.float64))).mean()
    others = distances(seen, np.atleast_2d(np.asarray(decoys, dtype=np.float64))).mean(0)
    return 1 + int((others <= own).sum())


def chance_rank(decoys: int) -> float:
    """Expected rank of somebody unrelated among ``decoys`` decoys: the mean of 1..decoys+1."""
    return (decoys + 2) / 2


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


def _mean(draws: Array) -> Array:
    return np.asarray(draws.mean(1))


def _median(draws: Array) -> Array:
    return np.asarray(np.median(draws, axis=1))


def _bootstrap(values: ArrayLike, statistic: Callable[[Array], Array], n: int, level: float, seed: int) -> Interval:
    sample = _checked(values, level)
    estimate = float(statistic(sample[None])[0])
    if len(sample) == 1:
        return Interval(estimate, float("nan"), float("nan"))
    return Interval(estimate, *_percentiles(_resample(sample, statistic, n, seed), level))


def _resample(sample: Array, statistic: Callable[[Array], Array], n: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // len(sample))
    sizes = [min(rows, n - start) for start in range(0, n, rows)]
    return np.concatenate([statistic(sample[rng.integers(len(sample), size=(size, len(sample)))]) for size in sizes])


def _difference(estimate: float, draws: Array, level: float, smallest: int) -> Difference:
    if smallest == 1:
        return Difference(estimate, float("nan"), float("nan"), float("nan"))
    low, high = _percentiles(draws, level)
    # One is added to both counts, so that n resamples never claim p = 0 (Davison and Hinkley 1997, eq. 4.11).
    tail = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return Difference(estimate, low, high, min(1.0, 2 * (tail + 1) / (len(draws) + 1)))


def _percentiles(draws: Array, level: float) -> tuple[float, float]:
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


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

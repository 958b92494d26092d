"""How far two sets of pictures lie apart as a whole, in the features of some network."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from demo.stats.intervals import Array, Interval


def frechet(a: Array, b: Array) -> float:
    """Squared Frechet distance of two sets of features, taken for normal (Heusel et al. 2017, eq. 6).

    It is larger for fewer pictures, whatever they show: compare only sets of one size, with one set.

    Args:
        a: (n, d), b: (m, d), two rows or more.
    """
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    apart = float(np.square(a.mean(0) - b.mean(0)).sum())
    # The root of a product of covariances has the trace of the root of this symmetric matrix.
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(min=0)).sum()
    return apart + float(np.trace(first) + np.trace(second) - 2 * shared)


def frechet_ci(groups: Array, reference: Array, level: float = 0.95) -> Interval:
    """:func:`frechet` with an interval over people, by the jackknife (Efron and Tibshirani 1993, section 11.5).

    Resampling would draw pictures twice, which moves the distance itself. The reference counts as given.

    Args:
        groups: (people, pictures, d): all pictures of a person are left out together.
        reference: (m, d).
        level: coverage, in (0, 1).
    """
    people, whole = len(groups), frechet(groups.reshape(-1, groups.shape[-1]), reference)
    if people < 3:
        return Interval(whole, float("nan"), float("nan"))
    rest = [np.delete(groups, k, axis=0).reshape(-1, groups.shape[-1]) for k in range(people)]
    left = np.array([frechet(own, reference) for own in rest])
    error = np.sqrt((people - 1) / people * np.square(left - np.mean(left)).sum())
    half = float(stdtrit(people - 1, 0.5 + level / 2)) * float(error)
    return Interval(whole, whole - half, whole + half)

"""How much delta DP-SGD needs at each epsilon, by numerical composition: independent of Opacus' accountants.

One step draws x from N(0, sigma^2) without the photo and from (1 - q) N(0, sigma^2) + q N(1, sigma^2) with it (Mironov
et al. 2019, theorem 4). Its privacy loss is put on a grid, every value rounded up, and composed by Fourier transform
(Koskela et al. 2020), so that delta comes out too large rather than too small.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtr

from demo.audit.bounds import Rates, Vector

EPSILONS = np.concatenate([np.linspace(0, 2, 41), np.linspace(2.25, 20, 72)])
SLACK = 1e-6  # for what lies outside the grid
GRID = 8192  # points of one step's loss
LOOSEST, TIGHTEST = 1e4, 0.05  # noise multipliers between which the largest is sought


@lru_cache(maxsize=64)
def profile(sigma: float, q: float, steps: int) -> tuple[float, ...]:
    """Delta at each of :data:`EPSILONS` after ``steps`` steps, the larger one of the two directions."""
    return tuple(np.maximum(_one_way(sigma, q, steps, with_photo=True), _one_way(sigma, q, steps, with_photo=False)))


def refuted(rates: Rates, sigma: float, q: float, steps: int) -> bool:
    """Whether DP-SGD with this noise could not have given such rates."""
    return bool((rates.excess(EPSILONS) > np.array(profile(sigma, q, steps))).any())


def noise_at_most(rates: Rates, q: float, steps: int) -> float:
    """The largest noise multiplier with which DP-SGD could have given such rates.

    Infinite if any could, 0 if none of at least :data:`TIGHTEST` could.
    """
    if not refuted(rates, LOOSEST, q, steps):
        return float("inf")
    if refuted(rates, TIGHTEST, q, steps):
        return 0.0
    low, high = TIGHTEST, LOOSEST
    while high / low > 1.005:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if refuted(rates, middle, q, steps) else (middle, high)
    return high


def _one_way(sigma: float, q: float, steps: int, *, with_photo: bool) -> Vector:
    """Hockey-stick divergences of the composed step, from with to without the photo, or the other way round."""
    losses, mass, never = _one_step(sigma, q, with_photo)
    dt = losses[1] - losses[0]
    mean = float(losses @ mass)
    deviation = float(np.sqrt(max(0.0, float(losses**2 @ mass) - mean**2) * steps))
    span = min(steps * (losses[-1] - losses[0]), 24 * deviation + 2 * (losses[-1] - losses[0]))
    size = next_fast_len(int(span / dt) + GRID + 2, real=True)
    composed = irfft(rfft(mass, size) ** steps, size).clip(min=0)
    # The transform wraps around: index 0 is the sum of the lowest losses. Unwrap so that the mean is in the middle.
    first = round((steps * mean - span / 2 - steps * losses[0]) / dt) if span < steps * (losses[-1] - losses[0]) else 0
    total = steps * losses[0] + dt * (first + np.arange(size))
    composed = np.roll(composed, -(first % size))
    lost = 1 - (1 - never) ** steps
    # Delta at epsilon is the sum over losses l > epsilon of mass * (1 - e^(epsilon - l)): two sums from above.
    start = np.searchsorted(total, EPSILONS)
    tail = _from_above(composed)[start]
    weighed = _from_above(composed * np.exp(-np.maximum(0.0, total)))[start]
    return np.minimum(1.0, np.maximum(0.0, tail - np.exp(EPSILONS) * weighed) + lost + SLACK)


def _from_above(mass: Vector) -> Vector:
    """Sum of each entry and all after it; a last one of nothing."""
    return np.append(np.cumsum(mass[::-1])[::-1], 0.0)


def _one_step(sigma: float, q: float, with_photo: bool) -> tuple[Vector, Vector, float]:
    """Grid of privacy losses, the mass on each, and the mass of outcomes of infinite loss."""
    reach = 12 * sigma
    ends = np.array([-reach, reach + (1.0 if with_photo else 0.0)])
    low, high = np.sort(_loss(ends, sigma, q) * (1 if with_photo else -1))
    losses = np.linspace(low, high, GRID)
    if with_photo:  # the loss grows with x
        x = _outcome(losses, sigma, q)
        below = (1 - q) * ndtr(x / sigma) + q * ndtr((x - 1) / sigma)
    else:  # it falls with x: at most this loss means an outcome of at least x
        x = _outcome(-losses, sigma, q)
        below = ndtr(-x / sigma)
    return losses, np.diff(below, prepend=0.0), float(1 - below[-1])


def _loss(x: Vector, sigma: float, q: float) -> Vector:
    """log of the density with the photo over that without it."""
    away = np.log1p(-q) if q < 1 else -np.inf
    return np.logaddexp(away, np.log(q) + (x - 0.5) / sigma**2)


def _outcome(loss: Vector, sigma: float, q: float) -> Vector:
    """The x that has this loss; minus infinity where none is so small."""
    share = np.expm1(loss) + q  # e^loss - (1 - q)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(share > 0, 0.5 + sigma**2 * np.log(np.where(share > 0, share, 1.0) / q), -np.inf)

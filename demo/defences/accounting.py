"""How much privacy a run of DP-SGD has spent: per photo by Opacus' accountants, per person by its own bound.

Both are for neighbours by adding or removing, Poisson sampling with rate q, and noise of standard deviation
sigma C on a sum whose every term is clipped to norm C. Orders that Opacus cannot use are used for neither, and the
person's divergence is never less than the photo's: what protects all photos protects one.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from opacus.accountants import RDPAccountant, create_accountant
from opacus.accountants.analysis import rdp as opacus_rdp
from scipy.special import gammaln, logsumexp

from demo.errors import SettingsError

Accountant = Literal["rdp", "prv"]
Vector = NDArray[np.float64]
LARGEST_DELTA = 1e-3  # 1 / N, the usual bound, is no small chance where N is a handful
# Opacus' own orders end at 63; for delta 1e-6 and epsilon 0.1 the best one is about 200.
LARGE_ORDERS = (64.0, 80.0, 100.0, 125.0, 150.0, 175.0, 200.0, 225.0, 250.0, 300.0, 400.0, 512.0, 1024.0, 2048.0)
SMALL_ORDERS = (1.005, 1.01, 1.02, 1.05)  # the best ones for epsilons in the hundreds
ORDERS: tuple[float, ...] = (*SMALL_ORDERS, *map(float, RDPAccountant.DEFAULT_ALPHAS), *LARGE_ORDERS)
WIDEST = 400.0  # range of the integrals, in sigmas
# Opacus' series for orders that are no whole numbers has the more terms the larger sigma is, and never ends beyond;
# epsilon is so small there that the best order is one of the large ones.
SERIES_SIGMA = 300.0
STRONGEST = 1e6  # noise multiplier
FINEST = 2e7  # points of PRV's grid: some gigabytes
PRV_ERROR = 0.01  # of PRV's epsilon; Opacus' own choice


@lru_cache(maxsize=256)
def photo_epsilon(sigma: float, q: float, steps: int, delta: float, accountant: Accountant = "rdp") -> float:
    """Opacus' epsilon of ``steps`` steps, neighbours differing by one photo.

    Of PRV's and RDP's epsilons, which both hold, ``prv`` gives the smaller: PRV proves none below 0.01, and for little
    noise it would need more memory than there is.
    """
    if steps == 0:
        return 0.0
    proved = epsilon_of(photo_rdp(sigma, q), steps, delta)
    if accountant == "rdp" or not math.isfinite(proved):
        return proved
    points = 2 * proved / PRV_ERROR * math.sqrt(steps * math.log(12_000 / delta) / 2)
    if points > FINEST:
        return proved
    counter = create_accountant(mechanism=accountant)
    counter.history = [(sigma, q, steps)]
    try:
        found = float(counter.get_epsilon(delta=delta, eps_error=PRV_ERROR))
    except (ValueError, RuntimeError, MemoryError, OverflowError):  # it says so where its grid does not serve
        return proved
    return min(proved, found) if found >= 0 else proved


@lru_cache(maxsize=256)
def calibrate(epsilon: float, q: float, steps: int, delta: float, accountant: Accountant = "rdp") -> float:
    """The smallest noise multiplier whose photo-level epsilon is at most ``epsilon``, by Opacus' search.

    Raises:
        SettingsError: the accountant proves no epsilon so small, or only with more noise than :data:`STRONGEST`.
    """
    check_budget(epsilon, delta, 1)
    # Opacus stops within 0.01 of the target, which is 10% of 0.1.
    tolerance = min(0.01, 0.01 * epsilon)
    low, high = 0.0, 20.0
    while (reached := photo_epsilon(high, q, steps, delta, accountant)) > epsilon:
        if high >= STRONGEST:
            raise _too_little(epsilon, q, steps, delta, accountant, reached)
        high = min(2 * high, STRONGEST)
    # Where the best order changes, epsilon may jump over what is within the tolerance.
    while epsilon - reached > tolerance and high - low > 1e-9 * high:
        middle = (low + high) / 2
        found = photo_epsilon(middle, q, steps, delta, accountant)
        if found < epsilon:
            high, reached = middle, found
        else:
            low = middle
    return high


def _too_little(
    epsilon: float, q: float, steps: int, delta: float, accountant: Accountant, reached: float
) -> SettingsError:
    """Why even the strongest noise does not give ``epsilon``."""
    # What a step proves that says nothing at all, at the orders that Opacus can use for so much noise.
    least = epsilon_of(tuple(0.0 if math.isfinite(one) else one for one in photo_rdp(STRONGEST, q)), 1, delta)
    if accountant == "prv":
        least = min(least, PRV_ERROR)
    if epsilon < 0.99 * least:
        return SettingsError(
            f"However strong the noise, the accountant {accountant.upper()} proves no epsilon below {least:.2g} at "
            f"delta {delta:g}; {epsilon:g} is asked for.",
            f"Allow an epsilon of {_rounded_up(reached):g} or more.",
        )
    return SettingsError(
        f"Even noise multiplier {STRONGEST:g} spends epsilon {reached:.3g} at delta {delta:g} over {steps} steps; "
        f"{epsilon:g} is asked for.",
        f"Allow an epsilon of {_rounded_up(reached):g} or more, or take fewer steps.",
    )


def steps_within(
    epsilon: float, sigma: float, q: float, delta: float, most: int, accountant: Accountant = "rdp"
) -> int:
    """How many steps, at most ``most``, a given noise multiplier may take within ``epsilon``; 0 if not even one."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if photo_epsilon(sigma, q, middle, delta, accountant) <= epsilon:
            low = middle
        else:
            high = middle - 1
    return low


@lru_cache(maxsize=64)
def photo_rdp(sigma: float, q: float) -> tuple[float, ...]:
    """Rényi divergences of one step at :data:`ORDERS`, one photo added or removed; inf where Opacus cannot tell."""
    return tuple(_opacus_rdp(sigma, q, order) for order in ORDERS)


def _opacus_rdp(sigma: float, q: float, order: float) -> float:
    if not order.is_integer() and q < 1 and sigma > SERIES_SIGMA:
        return math.inf
    try:
        with np.errstate(all="ignore"):
            found = float(
                np.atleast_1d(opacus_rdp.compute_rdp(q=q, noise_multiplier=sigma, steps=1, orders=[order]))[0]
            )
    except (ValueError, OverflowError, ZeroDivisionError):
        return math.inf
    return math.inf if math.isnan(found) else max(0.0, found)  # by rounding it may be just below


@lru_cache(maxsize=64)
def person_rdp(sigma: float, q: float, photos: int) -> tuple[float, ...]:
    """Rényi divergences of one step at :data:`ORDERS`, all ``photos`` photos added or removed together.

    With one photo :func:`photo_rdp`, with more never less than that, and inf at the same orders.
    """
    one = photo_rdp(sigma, q)
    if photos == 1:
        return one
    usable = tuple(order for order, found in zip(ORDERS, one, strict=True) if math.isfinite(found))
    mixture = dict(zip(usable, mixture_rdp(sigma, q, photos, usable), strict=True))
    return tuple(max(found, mixture.get(order, math.inf)) for order, found in zip(ORDERS, one, strict=True))


def mixture_rdp(sigma: float, q: float, photos: int, orders: tuple[float, ...] = ORDERS) -> tuple[float, ...]:
    """The same for these orders, integrated.

    The number of the person's photos in a batch is binomial, and they move the clipped sum by at most that many times
    C: the pair of N(0, sigma^2) and sum_n Bin(n; N, q) N(n, sigma^2) dominates the step (Ganesh 2024, "Tight
    group-level DP guarantees for DP-SGD with sampling via mixture of Gaussians mechanisms"). Both directions are
    integrated numerically and the larger one is taken.
    """
    n = np.arange(photos + 1, dtype=np.float64)
    with np.errstate(divide="ignore"):
        weights = (
            gammaln(photos + 1) - gammaln(n + 1) - gammaln(photos - n + 1)
            + np.where(n > 0, n * np.log(q), 0.0)
            + np.where(photos - n > 0, (photos - n) * np.log1p(-q) if q < 1 else -np.inf, 0.0)
        )  # fmt: skip
    return tuple(max(_divergence(a, sigma, n, weights, away) for away in (True, False)) for a in orders)


def _divergence(alpha: float, sigma: float, n: Vector, weights: Vector, away: bool) -> float:
    """D_alpha of the mixture from N(0, sigma^2) (``away``), or the other way round."""
    # In units of sigma. The integrand p^a r^(1-a) peaks between a * n / sigma (n the largest shift) and its mirror.
    far = n[-1] / sigma
    if alpha * far > WIDEST:
        return alpha * far**2 / 2  # as if all photos were in every batch: a bound, for divergences are quasi-convex
    ends = (-12.0 - alpha * far, 12.0 + alpha * far)
    # The step is fine enough for the narrowest bump, which has width 1 or more.
    x = np.linspace(*ends, int(min(400_001, max(4001, (ends[1] - ends[0]) * 40))))
    null = -0.5 * x**2
    shifted = logsumexp(weights[:, None] - 0.5 * (x[None] - n[:, None] / sigma) ** 2, axis=0)
    p, r = (shifted, null) if away else (null, shifted)
    step = x[1] - x[0]
    log_moment = float(logsumexp(alpha * p + (1 - alpha) * r)) + math.log(step) - 0.5 * math.log(2 * math.pi)
    return max(0.0, log_moment / (alpha - 1))


def epsilon_of(rdp: tuple[float, ...], steps: int, delta: float) -> float:
    """Epsilon at ``delta`` of ``steps`` steps with these divergences at :data:`ORDERS`; inf if all of them are.

    Opacus' conversion, which is theorem 21 of Balle et al. 2020 ("Hypothesis testing interpretations and Rényi
    differential privacy").
    """
    if steps == 0:
        return 0.0
    orders = np.asarray(ORDERS)
    found = (
        np.asarray(rdp) * steps
        - (np.log(delta) + np.log(orders)) / (orders - 1)
        + np.log((orders - 1) / orders)
    )  # fmt: skip
    return max(0.0, float(found.min()))  # for a large delta the formula goes below


def check_budget(epsilon: float | None, delta: float, photos: int) -> None:
    """Refuse a budget that means nothing.

    Raises:
        SettingsError: epsilon <= 0, or delta not above 0, or above :data:`LARGEST_DELTA` or 1 / N.
    """
    if epsilon is not None and not (math.isfinite(epsilon) and epsilon > 0):
        raise SettingsError(f"Epsilon is {epsilon:g}.", "Give a number above 0; 10, 2 and 0.1 are the paper's.")
    largest = min(LARGEST_DELTA, 1 / photos)  # at 1 / N a mechanism that publishes one photo at random would pass
    if not 0 < delta <= largest:
        raise SettingsError(
            f"Delta is {delta:g}, but it must be at most {largest:g}: it is the chance that the guarantee fails "
            "altogether.",
            "Give a smaller delta; 1e-6 is the paper's.",
        )


def _rounded_up(value: float) -> float:
    """To two digits."""
    digit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / digit) * digit

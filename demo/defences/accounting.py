"""How much privacy a run of DP-SGD has spent: per photo by Opacus' accountants, per person by its own bound.

Both are for neighbours by adding or removing, Poisson sampling with rate q, and noise of standard deviation
sigma C on a sum whose every term is clipped to norm C.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from opacus.accountants import RDPAccountant, create_accountant
from opacus.accountants.analysis import rdp as opacus_rdp
from opacus.accountants.utils import get_noise_multiplier
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


@lru_cache(maxsize=256)
def photo_epsilon(sigma: float, q: float, steps: int, delta: float, accountant: Accountant = "rdp") -> float:
    """Opacus' epsilon of ``steps`` steps, neighbours differing by one photo."""
    if steps == 0:
        return 0.0
    counter = create_accountant(mechanism=accountant)
    counter.history = [(sigma, q, steps)]
    return float(counter.get_epsilon(delta=delta, **_options(accountant)))


@lru_cache(maxsize=256)
def calibrate(epsilon: float, q: float, steps: int, delta: float, accountant: Accountant = "rdp") -> float:
    """The smallest noise multiplier whose photo-level epsilon is at most ``epsilon`` (Opacus' search).

    Raises:
        SettingsError: no noise is strong enough for even these steps.
    """
    # Opacus stops within 0.01 of the target, which is 10% of 0.1.
    tolerance = min(0.01, 0.01 * epsilon)
    try:
        return float(
            get_noise_multiplier(
                target_epsilon=epsilon,
                target_delta=delta,
                sample_rate=q,
                steps=steps,
                accountant=accountant,
                epsilon_tolerance=tolerance,
                **_options(accountant),
            )
        )
    except ValueError as error:
        raise SettingsError(
            f"No noise is strong enough for epsilon {epsilon:g} at delta {delta:g} over {steps} steps.",
            "Allow a larger epsilon, or take fewer steps.",
        ) from error


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
    """Rényi divergences of one step at :data:`ORDERS`, one photo added or removed."""
    return tuple(np.atleast_1d(opacus_rdp.compute_rdp(q=q, noise_multiplier=sigma, steps=1, orders=list(ORDERS))))


@lru_cache(maxsize=64)
def person_rdp(sigma: float, q: float, photos: int) -> tuple[float, ...]:
    """Rényi divergences of one step at :data:`ORDERS`, all ``photos`` photos added or removed together.

    The number of them in a batch is binomial, and they move the clipped sum by at most that many times C: the pair
    of N(0, sigma^2) and sum_n Bin(n; N, q) N(n, sigma^2) dominates the step (Ganesh 2024, "Tight group-level DP
    guarantees for DP-SGD with sampling via mixture of Gaussians mechanisms"). Both directions are integrated
    numerically and the larger one is taken. With one photo this is Opacus' :func:`photo_rdp`.
    """
    n = np.arange(photos + 1, dtype=np.float64)
    with np.errstate(divide="ignore"):
        weights = (
            gammaln(photos + 1) - gammaln(n + 1) - gammaln(photos - n + 1)
            + np.where(n > 0, n * np.log(q), 0.0)
            + np.where(photos - n > 0, (photos - n) * np.log1p(-q) if q < 1 else -np.inf, 0.0)
        )  # fmt: skip
    return tuple(max(_divergence(a, sigma, n, weights, away) for away in (True, False)) for a in ORDERS)


def _divergence(alpha: float, sigma: float, n: Vector, weights: Vector, away: bool) -> float:
    """D_alpha of the mixture from N(0, sigma^2) (``away``), or the other way round."""
    # In units of sigma. The integrand p^a r^(1-a) peaks between a * n / sigma (n the largest shift) and its mirror.
    far = n[-1] / sigma
    if alpha * far > WIDEST:
        return math.inf  # never the best order; leaving one out is sound
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
    """Epsilon at ``delta`` of ``steps`` steps with these divergences at :data:`ORDERS` (Opacus' conversion)."""
    if steps == 0:
        return 0.0
    epsilon, _ = opacus_rdp.get_privacy_spent(orders=list(ORDERS), rdp=np.asarray(rdp) * steps, delta=delta)
    return float(epsilon)


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


def _options(accountant: Accountant) -> dict[str, object]:
    return {"alphas": list(ORDERS)} if accountant == "rdp" else {}

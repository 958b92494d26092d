"""The whole curve of DP-SGD: against closed forms, against Opacus, and against games that were really played."""

from __future__ import annotations

import math

import numpy as np
import pytest
from dp_accounting import GaussianDpEvent, PoissonSampledDpEvent
from dp_accounting.pld import PLDAccountant
from opacus.accountants import PRVAccountant
from scipy.special import ndtr

from demo.audit import profile
from demo.audit.bounds import chosen_and_tested, rates
from demo.audit.run import advantage

SHOWN = [0, 4, 20, 40, 60]  # of EPSILONS


@pytest.mark.parametrize(("sigma", "q", "steps"), [(0.9, 0.8, 3), (4.6, 0.8, 60), (3.5, 0.3, 5)])
def test_delta_is_no_smaller_than_opacus_prv_and_hardly_larger(sigma: float, q: float, steps: int) -> None:
    accountant = PRVAccountant()
    accountant.history = [(sigma, q, steps)]
    opacus = accountant._get_dprv(eps_error=0.01, delta_error=1e-9)
    ours = np.array(profile.profile(sigma, q, steps))[SHOWN]
    theirs = np.array([float(opacus.compute_delta_estimate(e)) for e in profile.EPSILONS[SHOWN]])
    assert (ours >= theirs - 1e-5).all()
    assert (ours <= theirs + 0.005).all()


@pytest.mark.parametrize(("sigma", "q", "steps"), [(1.2, 0.8, 30), (3.7, 0.2, 100), (20.0, 1.0, 50)])
def test_delta_is_no_smaller_than_google_s_accountant_finds_and_hardly_larger(
    sigma: float, q: float, steps: int
) -> None:
    accountant = PLDAccountant(value_discretization_interval=1e-4)
    accountant.compose(PoissonSampledDpEvent(q, GaussianDpEvent(sigma)), steps)
    theirs = np.array([accountant.get_delta(e) for e in profile.EPSILONS])
    ours = np.array(profile.profile(sigma, q, steps))
    assert (ours >= theirs).all()
    assert (ours <= theirs + 0.005).all()


def test_delta_of_the_gaussian_mechanism_is_the_closed_form() -> None:
    sigma, steps = 2.0, 9  # every photo in every batch: a Gaussian shifted by mu (Dong et al. 2022, corollary 3.3)
    mu, e = math.sqrt(steps) / sigma, profile.EPSILONS
    exact = ndtr(-e / mu + mu / 2) - np.exp(e) * ndtr(-e / mu - mu / 2)
    ours = np.array(profile.profile(sigma, 1.0, steps))
    assert (ours >= exact).all()
    assert (ours <= exact + 0.003).all()


def played(sigma: float, q: float, steps: int, trials: int, seed: int, drawn: float = 1.0) -> tuple[np.ndarray, ...]:
    """Scores of the game itself in one dimension, by the best adversary there is, who believes in sigma = 1.5."""
    rng = np.random.default_rng(seed)
    found = []
    for present in (True, False):
        coins = rng.random((trials, steps)) < (q * drawn if present else 0)
        x = coins + sigma * rng.standard_normal((trials, steps))
        found.append(np.logaddexp(np.log1p(-q), np.log(q) + (x - 0.5) / 1.5**2).sum(1))
    return tuple(found)


def test_no_honest_game_refutes_its_own_noise_and_the_bound_is_near_it() -> None:
    _, found = chosen_and_tested(*played(1.5, 0.6, 4, 20_000, 0), 0.95, advantage)
    assert not profile.refuted(found, 1.5, 0.6, 4)
    most = profile.noise_at_most(found, 0.6, 4)
    assert 1.5 <= most < 1.62


def test_honest_games_are_refuted_no_more_often_than_the_confidence_says() -> None:
    wrong = 0
    for seed in range(100):
        _, found = chosen_and_tested(*played(1.5, 0.6, 4, 200, seed), 0.8, advantage)
        wrong += profile.refuted(found, 1.5, 0.6, 4)
    assert wrong <= 20


def test_a_mechanism_with_half_its_noise_is_caught() -> None:
    _, found = chosen_and_tested(*played(0.75, 0.6, 4, 400, 1), 0.95, advantage)
    assert profile.refuted(found, 1.5, 0.6, 4)


def test_ends_of_what_can_be_said() -> None:
    nothing = rates(10, 20, 10, 20, 0.95)
    assert profile.noise_at_most(nothing, 0.5, 3) == math.inf
    # Seen with certainty, although half of the batches lack the photo: no noise explains it.
    assert profile.noise_at_most(rates(10_000, 10_000, 0, 10_000, 0.95), 0.5, 1) == 0

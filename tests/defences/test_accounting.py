"""Epsilons: Opacus' own per photo, a bound that contains Opacus' per person."""

from __future__ import annotations

import dp_accounting
import numpy as np
import pytest
from dp_accounting.pld import PLDAccountant
from opacus.accountants import PRVAccountant, RDPAccountant
from scipy.stats import binom

from demo.defences import accounting

CASES = [(3.7, 0.2, 1000), (1.2, 0.8, 100), (20.0, 1.0, 50)]


@pytest.mark.parametrize(("sigma", "q", "steps"), CASES)
def test_photo_epsilon_is_opacus_own(sigma: float, q: float, steps: int) -> None:
    for name, kind in (("rdp", RDPAccountant), ("prv", PRVAccountant)):
        opacus = kind()
        for _ in range(steps):
            opacus.step(noise_multiplier=sigma, sample_rate=q)
        options = {"alphas": list(accounting.ORDERS)} if name == "rdp" else {}
        assert accounting.photo_epsilon(sigma, q, steps, 1e-6, name) == opacus.get_epsilon(1e-6, **options)
        if name == "rdp":  # more orders can only tighten Opacus' default
            assert accounting.photo_epsilon(sigma, q, steps, 1e-6, name) <= opacus.get_epsilon(1e-6)


def test_prv_is_tighter_than_rdp() -> None:
    for case in CASES[:2]:
        assert accounting.photo_epsilon(*case, 1e-6, "prv") < accounting.photo_epsilon(*case, 1e-6, "rdp")


@pytest.mark.parametrize(("sigma", "q"), [(3.7, 0.2), (1.0, 0.8), (20.0, 1.0)])
def test_a_person_of_one_photo_costs_what_a_photo_costs(sigma: float, q: float) -> None:
    ours, opacus = np.array(accounting.person_rdp(sigma, q, 1)), np.array(accounting.photo_rdp(sigma, q))
    finite = np.isfinite(ours)
    assert finite.sum() > 50
    assert np.allclose(ours[finite], opacus[finite], rtol=1e-5, atol=1e-9)


def test_a_person_who_is_in_every_batch_is_a_gaussian_shifted_by_all_photos() -> None:
    ours = np.array(accounting.person_rdp(10.0, 1.0, 5))
    exact = np.array(accounting.ORDERS) * 25 / (2 * 100)  # alpha N^2 / (2 sigma^2)
    finite = np.isfinite(ours)
    assert np.allclose(ours[finite], exact[finite], rtol=1e-6)


def test_sampling_helps_the_person_but_less_than_the_photo() -> None:
    person = accounting.epsilon_of(accounting.person_rdp(3.7, 0.2, 5), 1000, 1e-6)
    naive = accounting.epsilon_of(accounting.photo_rdp(3.7 / 5, 1.0), 1000, 1e-6)
    assert accounting.photo_epsilon(3.7, 0.2, 1000, 1e-6) < person < naive


@pytest.mark.parametrize("epsilon", [10.0, 2.0, 0.1])
def test_calibrated_noise_keeps_the_budget_and_little_less_would_not(epsilon: float) -> None:
    sigma = accounting.calibrate(epsilon, 0.2, 1000, 1e-6)
    assert accounting.photo_epsilon(sigma, 0.2, 1000, 1e-6) <= epsilon
    assert accounting.photo_epsilon(sigma * 0.97, 0.2, 1000, 1e-6) > epsilon


def test_steps_within_is_the_last_step_that_fits() -> None:
    most = accounting.steps_within(3.0, 4.0, 0.5, 1e-6, 10_000)
    assert 0 < most < 10_000
    assert accounting.photo_epsilon(4.0, 0.5, most, 1e-6) <= 3.0 < accounting.photo_epsilon(4.0, 0.5, most + 1, 1e-6)
    assert accounting.steps_within(1e-3, 1.0, 0.5, 1e-6, 100) == 0


def tight_person_epsilon(sigma: float, q: float, photos: int, steps: int) -> float:
    """Of the same mixture, by Google's privacy loss distributions: no Rényi divergences, and no way over orders.

    Losses are rounded up to the grid, so that this is no less than the exact epsilon, and 0.1 % more at most.
    """
    counts = list(range(photos + 1))
    batch = dp_accounting.dp_event.MixtureOfGaussiansDpEvent(sigma, counts, list(binom.pmf(counts, photos, q)))
    return PLDAccountant(value_discretization_interval=0.01).compose(batch, steps).get_epsilon(1e-6)


@pytest.mark.parametrize(
    ("sigma", "q", "photos", "steps"),
    [
        (3.7, 0.2, 1, 1000),
        (3.7, 0.2, 5, 100),
        (8.0, 0.2, 10, 300),
        (10.0, 0.5, 4, 200),
        (20.0, 1.0, 3, 50),
        (40.0, 0.8, 5, 1000),
    ],
)
def test_a_person_costs_no_less_than_google_s_accountant_finds_and_hardly_more(
    sigma: float, q: float, photos: int, steps: int
) -> None:
    ours = accounting.epsilon_of(accounting.person_rdp(sigma, q, photos), steps, 1e-6)
    theirs = tight_person_epsilon(sigma, q, photos, steps)
    assert theirs <= ours <= 1.1 * theirs
    if photos > 1:  # the test would see one photo that was not counted
        assert accounting.epsilon_of(accounting.person_rdp(sigma, q, photos - 1), steps, 1e-6) < theirs

"""Epsilons: Opacus' own per photo, a bound that contains Opacus' per person."""

from __future__ import annotations

import re
import time

import dp_accounting
import numpy as np
import pytest
from dp_accounting.pld import PLDAccountant
from opacus.accountants import PRVAccountant, RDPAccountant
from opacus.accountants.utils import get_noise_multiplier
from scipy.stats import binom

from demo.defences import accounting
from demo.errors import SettingsError

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
    ours, opacus = np.array(accounting.mixture_rdp(sigma, q, 1)), np.array(accounting.photo_rdp(sigma, q))
    orders = np.array(accounting.ORDERS)
    integrated = np.isfinite(opacus) & (orders / sigma <= accounting.WIDEST)
    assert integrated.sum() > 50
    assert np.allclose(ours[integrated], opacus[integrated], rtol=1e-5, atol=1e-9)
    assert accounting.person_rdp(sigma, q, 1) == tuple(opacus)


def test_a_person_who_is_in_every_batch_is_a_gaussian_shifted_by_all_photos() -> None:
    ours = np.array(accounting.person_rdp(10.0, 1.0, 5))
    exact = np.array(accounting.ORDERS) * 25 / (2 * 100)  # alpha N^2 / (2 sigma^2)
    finite = np.isfinite(ours)
    assert np.allclose(ours[finite], exact[finite], rtol=1e-6)


SIGMAS = (0.01, 0.3, 3.7, 20.0, 301.0, 1e4, 1e6)
RATES = (1e-8, 1e-4, 0.2, 0.5, 0.999, 1.0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("q", RATES)
def test_a_person_never_costs_less_than_a_photo(sigma: float, q: float) -> None:
    photo = accounting.photo_rdp(sigma, q)
    for photos in (1, 2, 5):
        person = accounting.person_rdp(sigma, q, photos)
        assert [np.isfinite(one) for one in person] == [np.isfinite(one) for one in photo]  # orders are used by both
        for steps in (1, 1000):
            for delta in (1e-9, 1e-6, 1e-3):
                one, all_of_them = (accounting.epsilon_of(rdp, steps, delta) for rdp in (photo, person))
                assert 0 <= one <= all_of_them < np.inf
                assert photos > 1 or one == all_of_them
                assert accounting.photo_epsilon(sigma, q, steps, delta) == one


@pytest.mark.parametrize(
    ("sigma", "q"), [(0.5, 0.2), (1.0, 1.0), (20.0, 1e-6), (20.0, 0.2), (1e3, 0.5), (0.05, 1.0), (50.0, 0.8)]
)
def test_a_person_never_costs_less_than_a_photo_by_prv(sigma: float, q: float) -> None:
    for steps in (1, 50):
        photo = accounting.photo_epsilon(sigma, q, steps, 1e-6, "prv")
        assert 0 <= photo <= accounting.epsilon_of(accounting.person_rdp(sigma, q, 1), steps, 1e-6)


def test_prv_is_not_asked_for_more_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounting, "create_accountant", lambda **_: pytest.fail("asked"))
    by_rdp = accounting.photo_epsilon(0.1, 1.0, 1000, 1e-6)
    assert accounting.photo_epsilon(0.1, 1.0, 1000, 1e-6, "prv") == by_rdp < np.inf


def test_where_prv_fails_rdp_s_epsilon_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(PRVAccountant, "get_epsilon", lambda *_, **__: fails())
    assert accounting.photo_epsilon(7.7, 0.3, 9, 1e-6, "prv") == accounting.photo_epsilon(7.7, 0.3, 9, 1e-6)


def test_orders_too_wide_to_integrate_are_bounded_by_every_batch_holding_all_photos() -> None:
    orders = np.array(accounting.ORDERS)
    wide = orders * 5 / 2.0 > accounting.WIDEST
    assert wide.any()
    assert not wide.all()
    ours = np.array(accounting.mixture_rdp(2.0, 0.5, 5))
    assert np.allclose(ours[wide], orders[wide] * 25 / (2 * 4))
    assert (ours[~wide] <= orders[~wide] * 25 / (2 * 4)).all()


def test_opacus_search_is_followed_to_the_digit() -> None:
    options = {"target_delta": 1e-6, "sample_rate": 0.8, "steps": 1000, "alphas": list(accounting.ORDERS)}
    for epsilon in (10.0, 0.1):
        theirs = get_noise_multiplier(target_epsilon=epsilon, epsilon_tolerance=min(0.01, 0.01 * epsilon), **options)
        assert accounting.calibrate(epsilon, 0.8, 1000, 1e-6) == theirs


@pytest.mark.parametrize("epsilon", [1e6, 1e9])
def test_an_epsilon_that_protects_nothing_is_found_its_little_noise(epsilon: float) -> None:
    sigma = accounting.calibrate(epsilon, 0.8, 1000, 1e-6)
    assert 0 < sigma < 1
    assert 0.9 * epsilon < accounting.photo_epsilon(sigma, 0.8, 1000, 1e-6) <= epsilon


@pytest.mark.parametrize("accountant", ["rdp", "prv"])
@pytest.mark.parametrize("delta", [1e-9, 1e-6])
def test_what_no_noise_proves_is_said_with_what_can_be_had(accountant: accounting.Accountant, delta: float) -> None:
    with pytest.raises(SettingsError) as caught:
        accounting.calibrate(1e-4, 0.8, 1000, delta, accountant)
    assert "However strong the noise" in caught.value.problem
    assert accountant.upper() in caught.value.problem
    offered = float(re.findall(r"epsilon of ([\d.e-]+) or more", caught.value.remedy)[0])
    assert accounting.photo_epsilon(accounting.calibrate(offered, 0.8, 1000, delta, accountant), 0.8, 1000, delta,
                                    accountant) <= offered  # fmt: skip
    below = 0.9 * float(re.findall(r"no epsilon below ([\d.e-]+)", caught.value.problem)[0])
    assert accounting.photo_epsilon(1e6, 1e-6, 1, delta, accountant) > below


def test_too_many_steps_are_not_called_impossible() -> None:
    with pytest.raises(SettingsError) as caught:
        accounting.calibrate(0.0062, 1.0, 100_000_000, 1e-6)
    assert "Even noise multiplier 1e+06 spends epsilon" in caught.value.problem
    assert "However strong" not in caught.value.problem
    assert accounting.photo_epsilon(2e7, 1.0, 100_000_000, 1e-6) < 0.0062  # stronger noise would do


@pytest.mark.parametrize("epsilon", [float("nan"), float("inf"), 0.0, -1.0])
def test_an_epsilon_that_is_no_number_above_0(epsilon: float) -> None:
    with pytest.raises(SettingsError, match="Epsilon is"):
        accounting.calibrate(epsilon, 0.8, 1000, 1e-6)


def test_the_least_epsilon_is_that_of_the_orders_that_serve_at_this_rate() -> None:
    assert accounting.calibrate(0.004, 1.0, 10, 1e-6) < 1e6  # order 2048 serves, without sampling
    with pytest.raises(SettingsError, match=r"no epsilon below 0\.0058"):
        accounting.calibrate(0.004, 0.8, 10, 1e-6)


def test_noise_so_strong_that_opacus_series_does_not_end() -> None:
    began = time.monotonic()
    assert accounting.photo_epsilon(1e6, 0.5, 1000, 1e-6) < 0.006
    assert time.monotonic() - began < 20


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

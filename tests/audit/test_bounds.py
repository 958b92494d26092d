"""The bound holds, is sharp where it can be, and knows how little few trials show."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from demo.audit import bounds


def test_rates_are_clopper_and_pearsons() -> None:
    r = bounds.rates(17, 20, 3, 25, 0.9)
    assert binom.sf(16, 20, r.tpr_low) == pytest.approx(0.05)  # so many or more would be seen in 5% only
    assert binom.cdf(3, 25, r.fpr_high) == pytest.approx(0.05)
    assert r.tpr == 0.85
    assert r.fpr == 0.12
    none, all_ = bounds.rates(0, 10, 10, 10, 0.9), bounds.rates(10, 10, 0, 10, 0.9)
    assert (none.tpr_low, none.fpr_high) == (0.0, 1.0)
    assert all_.tpr_low == pytest.approx(0.05**0.1)
    assert all_.fpr_high == pytest.approx(1 - 0.05**0.1)


@pytest.mark.parametrize("bad", [(3, 2, 0, 1, 0.9), (0, 0, 0, 1, 0.9), (-1, 2, 0, 1, 0.9), (1, 2, 1, 2, 1.0)])
def test_counts_that_cannot_be_are_refused(bad: tuple[int, int, int, int, float]) -> None:
    with pytest.raises(ValueError, match="no rates"):
        bounds.rates(*bad)


def randomised_response(rng: np.random.Generator, epsilon: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores 0 or 1 of the mechanism that spends exactly epsilon, delta 0."""
    p = math.exp(epsilon) / (1 + math.exp(epsilon))
    return (rng.random(n) < p).astype(float), (rng.random(n) < 1 - p).astype(float)


def test_the_bound_comes_near_an_epsilon_that_is_known() -> None:
    scores = randomised_response(np.random.default_rng(0), 1.0, 40_000)
    _, rates = bounds.chosen_and_tested(*scores, 0.95, lambda r: r.epsilon(0.0))
    assert 0.9 < rates.epsilon(0.0) <= 1.0
    assert rates.epsilon(0.1) < rates.epsilon(0.0)


def test_the_bound_is_wrong_no_more_often_than_it_says() -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(300):
        _, rates = bounds.chosen_and_tested(*randomised_response(rng, 0.5, 60), 0.8, lambda r: r.epsilon(0.0))
        found.append(rates.epsilon(0.0))
    assert np.mean(np.array(found) > 0.5) <= 0.2
    assert max(found) > 0  # it is no bound that says nothing


def test_the_mirrored_test_counts_too() -> None:
    """Outcomes that only ever happen without the canary: no false negative, many false positives."""
    rates = bounds.rates(1000, 1000, 500, 1000, 0.95)
    assert rates.epsilon(0.0) > math.log(0.45 / 0.004)


def test_the_threshold_knows_nothing_of_the_half_that_tests() -> None:
    rng = np.random.default_rng(2)
    inside, outside = rng.normal(1, 1, 100), rng.normal(0, 1, 100)
    threshold, rates = bounds.chosen_and_tested(inside, outside, 0.95, lambda r: r.epsilon(0.0))
    inside[50:], outside[50:] = 9.0, -9.0
    again, better = bounds.chosen_and_tested(inside, outside, 0.95, lambda r: r.epsilon(0.0))
    assert again == threshold
    assert better.found == better.inside == 50
    assert rates.found < 50
    with pytest.raises(ValueError, match="too few"):
        bounds.chosen_and_tested([1.0], [0.0, 1.0], 0.95, lambda r: r.epsilon(0.0))


def test_scores_that_are_all_alike_show_nothing() -> None:
    _, rates = bounds.chosen_and_tested([0.0] * 20, [0.0] * 20, 0.95, lambda r: r.epsilon(1e-6))
    assert rates.epsilon(1e-6) == 0


def test_few_trials_show_little_and_the_number_needed_is_the_least() -> None:
    sizes = [bounds.perfect(n, 0.95).epsilon(1e-6) for n in (24, 100, 1000, 100_000)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.5
    for epsilon in (0.1, 2.0, 10.0):
        need = bounds.trials_needed(epsilon, 1e-6, 0.95)
        assert bounds.perfect(need, 0.95).epsilon(1e-6) > epsilon >= bounds.perfect(need - 4, 0.95).epsilon(1e-6)

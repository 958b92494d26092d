from __future__ import annotations

import ast
from math import comb
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from demo.stats.intervals import (
    auc,
    bootstrap_mean_ci,
    bootstrap_median_ci,
    contrast,
    cosine,
    mean_ci,
    paired_difference,
    paired_ratio,
    rate_ci,
    share_ci,
    sign_test,
    unpaired_difference,
)


def test_bootstrap_interval_agrees_with_the_normal_one() -> None:
    values = np.random.default_rng(0).normal(3, 2, 400)
    got = bootstrap_mean_ci(values)
    half = 1.96 * values.std(ddof=1) / np.sqrt(400)
    assert got.estimate == pytest.approx(values.mean())
    assert got.low == pytest.approx(values.mean() - half, abs=0.02)
    assert got.high == pytest.approx(values.mean() + half, abs=0.02)


def test_bootstrap_covers_the_true_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    intervals = [bootstrap_mean_ci(rng.normal(0, 1, 40), n=500, seed=i) for i in range(300)]
    covered = np.mean([i.low <= 0 <= i.high for i in intervals])
    assert 0.90 <= covered <= 0.98


def test_bootstrap_is_repeatable_and_wider_at_a_higher_level() -> None:
    values = [1.0, 2.0, 4.0, 8.0]
    assert bootstrap_mean_ci(values, seed=7) == bootstrap_mean_ci(values, seed=7)
    wide, narrow = bootstrap_mean_ci(values, level=0.99), bootstrap_mean_ci(values, level=0.5)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_more_resamples_than_fit_in_one_chunk_are_all_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(10.0)
    whole = bootstrap_mean_ci(values, n=999)
    monkeypatch.setattr("demo.stats.intervals._CHUNK", 100)
    parts = bootstrap_mean_ci(values, n=999)
    assert parts.low == pytest.approx(whole.low, abs=0.3)


def test_one_value_has_no_interval() -> None:
    got = bootstrap_mean_ci([0.4])
    assert got.estimate == 0.4
    assert np.isnan([got.low, got.high]).all()
    assert np.isnan(unpaired_difference([1.0], [2.0, 3.0]).low)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_values_that_mean_nothing_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"values|finite"):
        bootstrap_mean_ci(values)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_outside_its_range_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        bootstrap_mean_ci([1.0, 2.0], level=level)


def test_median_is_not_moved_by_one_bad_rank() -> None:
    got = bootstrap_median_ci([1, 2, 2, 3, 3, 3, 4, 900])
    assert got.estimate == 3
    assert got.high < 900


def test_paired_difference_sees_what_the_unpaired_one_cannot() -> None:
    rng = np.random.default_rng(2)
    people = rng.normal(0, 5, 60)
    a, b = people + 0.5 + rng.normal(0, 0.2, 60), people
    paired, unpaired = paired_difference(a, b), unpaired_difference(a, b)
    assert paired.estimate == pytest.approx(unpaired.estimate)
    assert paired.low > 0.3
    assert paired.p < 0.001
    assert unpaired.low < 0 < unpaired.high
    assert unpaired.p > 0.3


def test_few_pictures_keep_their_promise() -> None:
    """Two-sided 5% at 4 pictures an arm, where the percentile bootstrap errs three times as often."""
    rng = np.random.default_rng(3)
    missed = wrong = 0
    for _ in range(2000):
        a, b = rng.normal(0.5, 0.05, 4), rng.normal(0.5, 0.09, 4)
        wrong += not unpaired_difference(a, b).low <= 0 <= unpaired_difference(a, b).high
        missed += not mean_ci(a).low <= 0.5 <= mean_ci(a).high
    assert wrong / 2000 < 0.065
    assert 0.035 < missed / 2000 < 0.065


def test_difference_is_welchs() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(1, 1, 5), rng.normal(0, 3, 9)
    expected = scipy.stats.ttest_ind(a, b, equal_var=False)
    low, high = expected.confidence_interval(0.9)
    got = unpaired_difference(a, b, level=0.9)
    assert (got.low, got.high, got.p) == pytest.approx((low, high, expected.pvalue))
    one = mean_ci(a)
    assert (one.low, one.high) == pytest.approx(scipy.stats.t.interval(0.95, 4, a.mean(), scipy.stats.sem(a)))


def test_contrast_of_three_samples() -> None:
    rng = np.random.default_rng(5)
    found = [contrast([(0.5, rng.normal(0.8, 0.05, 6)), (-1, rng.normal(0.6, 0.1, 8)), (0.5, rng.normal(0.4, 0.02, 5))])
             for _ in range(1000)]  # fmt: skip
    assert np.mean([interval.low <= 0 <= interval.high for interval in found]) == pytest.approx(0.95, abs=0.02)
    assert np.mean([interval.p < 0.05 for interval in found]) == pytest.approx(0.05, abs=0.02)


def test_values_without_spread_are_what_they_are() -> None:
    got = unpaired_difference([0.5, 0.5], [0.2, 0.2])
    assert (got.estimate, got.low, got.high, got.p) == pytest.approx((0.3, 0.3, 0.3, 0))


def test_p_is_never_zero_and_is_one_without_any_difference() -> None:
    assert 0 < paired_difference([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], n=999).p <= 2 / 1000
    assert paired_difference([1.0, 2.0], [1.0, 2.0]).p == 1.0


def test_paired_values_must_match() -> None:
    with pytest.raises(ValueError, match="match"):
        paired_difference([1.0, 2.0], [1.0])


def test_share_is_wilsons() -> None:
    got = share_ci(8, 10)  # worked by hand: (0.8 + z^2/20 -+ z sqrt(.016 + z^2/400)) / (1 + z^2/10)
    assert (got.estimate, got.low, got.high) == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-4)


def test_share_of_all_or_nothing_still_has_a_width() -> None:
    none, every = share_ci(0, 10), share_ci(10, 10)
    assert none.low == 0
    assert none.high == pytest.approx(0.2775, abs=1e-4)
    assert every.high == 1
    assert every.low == pytest.approx(0.7225, abs=1e-4)


def test_a_rate_of_nobody_has_a_width() -> None:
    assert rate_ci([0.0] * 60) == share_ci(0, 60)
    assert rate_ci([0.0] * 60).high == pytest.approx(0.0602, abs=1e-4)
    assert rate_ci([1.0] * 60).low == pytest.approx(0.9398, abs=1e-4)
    some = [0.0] * 59 + [0.25]
    assert rate_ci(some) == bootstrap_mean_ci(some)
    assert rate_ci([0.0]).estimate == 0


@pytest.mark.parametrize(("successes", "total"), [(-1, 3), (4, 3), (0, 0)])
def test_what_is_no_share_is_refused(successes: int, total: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        share_ci(successes, total)


def test_auc() -> None:
    assert auc([3, 4], [1, 2]) == 1
    assert auc([1, 2], [3, 4]) == 0
    assert auc([1, 1], [1, 1]) == 0.5
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 9, 50), rng.integers(0, 9, 70)
    naive = np.mean((a[:, None] > b) + 0.5 * (a[:, None] == b))
    assert auc(a, b) == pytest.approx(naive)


def test_cosine_ignores_length() -> None:
    got = cosine(np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([[5.0, 0.0], [0.0, -3.0]]))
    assert got == pytest.approx(np.array([[1, 0], [np.sqrt(0.5), -np.sqrt(0.5)]]))


def test_a_paired_ratio_covers_the_true_one_and_may_have_no_upper_end() -> None:
    rng = np.random.default_rng(0)
    b = rng.uniform(0.5, 1.5, 200)
    found = paired_ratio(0.8 * b, b)
    assert found.estimate == pytest.approx(0.8)
    assert found.low == pytest.approx(0.8)  # each person's own ratio is 0.8, so resampling people changes nothing
    noisy = paired_ratio(0.8 * b + rng.normal(0, 0.2, 200), b)
    assert noisy.low < 0.8 < noisy.high < 0.9
    rare = paired_ratio([1, 0, 0], [1, 0, 0])
    assert rare.high == np.inf  # a third of the resamples hold nobody who was recognised
    with pytest.raises(ValueError, match="nothing"):
        paired_ratio([1.0, 0.0], [0.0, 0.0])
    with pytest.raises(ValueError, match="match"):
        paired_ratio([1.0, 0.0], [1.0])


def test_sign_test_counts_the_outcomes_at_least_so_extreme() -> None:
    for ups, downs in [(0, 0), (0, 5), (5, 0), (9, 1), (3, 30), (200, 160)]:
        n = ups + downs
        assert sign_test(ups, downs) == pytest.approx(sum(comb(n, k) for k in range(ups, n + 1)) / 2**n)


def test_statistics_need_nothing_else_of_the_project() -> None:
    folder = Path(__file__).parents[2] / "demo" / "stats"
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("demo"):
                assert node.module.startswith("demo.stats"), path

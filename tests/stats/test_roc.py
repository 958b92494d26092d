import numpy as np
import pytest

from demo.stats.intervals import auc
from demo.stats.roc import roc, tpr_at


def test_figures_of_a_curve_worked_out_by_hand() -> None:
    # in order: M M O M O, so that TPR is 2/3 before the first false positive and 1 before the second
    found = roc([0.1, 0.2, 0.4], [0.3, 0.5], resamples=50)
    assert found.fpr.tolist() == [0, 0, 0, 0.5, 0.5, 1]
    assert found.tpr.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3, 1, 1])
    assert found.auc.estimate == pytest.approx(5 / 6)
    assert found.asr.estimate == pytest.approx((1 + 2 / 3) / 2)
    assert found.tpr_few.estimate == pytest.approx(2 / 3)
    assert (found.members, found.non_members, found.units) == (3, 2, 5)


def test_area_agrees_with_the_rank_statistic_also_with_ties() -> None:
    rng = np.random.default_rng(0)
    members, non_members = rng.integers(0, 9, 80) / 4, rng.integers(1, 11, 70) / 4
    assert roc(members, non_members, resamples=10).auc.estimate == pytest.approx(auc(-members, -non_members))


def test_direction_low_means_member() -> None:
    assert roc([0, 1], [2, 3], resamples=10).auc.estimate == 1
    assert roc([2, 3], [0, 1], resamples=10).auc.estimate == 0


def test_tpr_at_few_false_positives_counts_at_most_that_many() -> None:
    non_members = np.arange(1000.0)
    found = roc(np.array([-1.0, 0.5, 5.0, 500.0]), non_members, resamples=10)
    assert found.tpr_fewer.estimate == 0.5  # one false alarm in 1000 is allowed: -1 and 0.5
    assert found.tpr_few.estimate == 0.75  # ten are
    assert found.resolves(0.001)
    assert found.notes() == []
    assert tpr_at(found.fpr, found.tpr, 0.0) == 0.25


def test_a_small_sample_says_what_it_cannot_resolve() -> None:
    found = roc(np.arange(15.0), np.arange(15.0) + 0.5, resamples=10)
    assert not found.resolves(0.01)
    assert len(found.notes()) == 2
    assert "1000 or more" in found.notes()[1]
    assert len(roc(np.arange(3.0), np.arange(150.0), resamples=10).notes()) == 1


def test_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    truth, inside = 0.7602, 0  # P(N(0,1) < N(1,1)) = Phi(1 / sqrt 2)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = roc(rng.normal(size=60), rng.normal(size=60) + 1, resamples=300).auc
        inside += found.low <= truth <= found.high
    assert 50 <= inside <= 60


def test_people_are_resampled_whole() -> None:
    rng = np.random.default_rng(1)
    # A person's pictures are nearly copies: 300 pictures are worth no more than 10 people.
    level = rng.normal(size=10).repeat(15)
    members, non_members = level + 0.01 * rng.normal(size=150), rng.permutation(10).repeat(15) * 0.3 - 1.0
    ids = np.arange(10).repeat(15)
    alone = roc(members, non_members, resamples=500)
    grouped = roc(members, non_members, groups=(ids, ids), resamples=500)
    assert grouped.auc.estimate == alone.auc.estimate
    assert grouped.auc.high - grouped.auc.low > 2 * (alone.auc.high - alone.auc.low)
    assert grouped.units == 10


def test_one_person_or_one_picture_has_no_interval() -> None:
    found = roc([0.0, 1.0], [1.5, 2.0], groups=([7, 7], [7, 7]), resamples=20)
    assert found.auc.estimate == 1
    assert np.isnan(found.auc.low)
    assert found.as_json()["auc"] == {"estimate": 1.0, "low": None, "high": None}
    assert np.isnan(roc([0.0], [1.0, 2.0], resamples=20).auc.high)


@pytest.mark.parametrize(
    ("members", "non_members", "groups"),
    [([], [1.0], None), ([1.0], [], None), ([float("nan")], [1.0], None), ([1.0], [1.0], ([1, 2], [1]))],
)
def test_refuses_what_has_no_curve(members: list[float], non_members: list[float], groups: object) -> None:
    with pytest.raises(ValueError, match=r"scores"):
        roc(members, non_members, groups=groups)  # type: ignore[arg-type]

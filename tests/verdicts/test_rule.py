from __future__ import annotations

import math

import numpy as np
import pytest

from demo.verdicts.rule import LEAK, TRACE, Evidence, Shown, last_place, nearer, shown

FAR = Evidence(np.array([0.80, 0.81, 0.79, 0.82]), 500, 1001)


def _evidence(distance: float, place: int | None, among: int = 1001) -> Evidence:
    return Evidence(distance + np.array([-0.02, 0.0, 0.0, 0.02]), place, among)


@pytest.mark.parametrize(
    ("distance", "place", "tried", "grade"),
    [
        (0.5, 10, 1, Shown.RECOGNISED),
        (0.7, 10, 1, Shown.LEAK),
        (0.5, 11, 1, Shown.TRACE),
        (0.5, 50, 1, Shown.TRACE),
        (0.5, 51, 1, Shown.NOTHING),
        (0.5, 3, 3, Shown.RECOGNISED),
        (0.5, 4, 3, Shown.TRACE),
        (0.5, 16, 3, Shown.TRACE),
        (0.5, 17, 3, Shown.NOTHING),
        (0.5, None, 1, Shown.NOTHING),
    ],
)
def test_the_place_makes_the_leak_and_the_distance_the_recognition(distance, place, tried, grade) -> None:
    assert shown(_evidence(distance, place), [FAR], tried=tried) is grade


def test_a_null_arm_as_near_takes_a_leak_back_and_says_so() -> None:
    like = _evidence(0.5, 400)
    assert shown(_evidence(0.5, 1), [FAR, like]) is Shown.LIKE_NULLS
    assert shown(_evidence(0.5, 30), [FAR, like]) is Shown.NOTHING
    assert shown(_evidence(0.5, 1), []) is Shown.RECOGNISED


def test_one_failed_picture_takes_no_recognition_back() -> None:
    arm = Evidence(np.array([0.5, 0.51, 0.52, 0.86]), 1, 1001)
    assert arm.distance == pytest.approx(0.515)
    assert shown(arm, []) is Shown.RECOGNISED


def test_one_picture_is_not_shown_to_be_nearer_than_anything() -> None:
    one = Evidence(np.array([0.4]), 1, 1001)
    assert not nearer(one, FAR)
    assert shown(one, [FAR]) is Shown.LIKE_NULLS


@pytest.mark.parametrize("among", [50, 101, 300, 1001, 1060])
@pytest.mark.parametrize("tried", [1, 2, 3, 7])
def test_the_last_place_is_the_last_that_is_a_leak(among: int, tried: int) -> None:
    last = last_place(among, tried)
    if last:
        assert shown(_evidence(0.5, last, among), [], tried=tried).leaked
    assert not shown(_evidence(0.5, last + 1, among), [], tried=tried).leaked


def test_strangers_are_called_a_leak_no_oftener_than_the_rule_says() -> None:
    rng = np.random.default_rng(0)
    grades = [shown(_evidence(0.5, int(place)), [FAR]) for place in rng.integers(1, 1002, 20_000)]
    assert sum(grade.leaked for grade in grades) / len(grades) == pytest.approx(LEAK, abs=0.003)
    assert sum(grade is not Shown.NOTHING for grade in grades) / len(grades) == pytest.approx(TRACE, abs=0.006)


def test_what_was_not_ranked_has_no_chance() -> None:
    assert math.isnan(_evidence(0.5, None).p)

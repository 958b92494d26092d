from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from fake_story import FakeStory, lora

from demo.report import LeakReport
from demo.session.classroom import Classroom
from demo.sweep.run import default_plan


@pytest.fixture
def report(tmp_path: Path) -> LeakReport:
    return FakeStory(0).compare(lora(), "quorvex", [])


def test_a_pupil_keeps_the_seat_and_the_next_has_another_person_and_defence() -> None:
    room = Classroom(8, default_plan())
    first, second = room.seat("a"), room.seat("b")
    assert room.seat("a") is first
    assert (first.number, second.number) == (1, 2)
    assert first.person != second.person
    assert first.defence != second.defence
    assert room.joined() == 2


@pytest.mark.parametrize(("people", "defences"), [(8, 12), (12, 12), (1, 12), (4, 2)])
def test_in_time_every_defence_meets_every_person(people: int, defences: int) -> None:
    room = Classroom(people, default_plan()[:defences])
    seats = [room.seat(str(n)) for n in range(3 * people * defences)]
    assert {(seat.person, seat.defence.label) for seat in seats} == {
        (person, defence.label) for person in range(people) for defence in default_plan()[:defences]
    }


def test_what_a_story_showed_is_kept_as_numbers_and_the_last_one_counts(report: LeakReport) -> None:
    room = Classroom(8, default_plan())
    room.seat("a")
    room.record("a", report)
    room.record("a", report)
    (found,) = room.found()
    assert (found.useful, found.leaked, found.chance) == (0.31, 0.42, 0.81)
    assert found.leak is report.verdict.leaked


def test_what_is_missing_is_no_number(report: LeakReport) -> None:
    room = Classroom(8, default_plan())
    room.seat("a")
    uploaded = {arm: results for arm, results in report.metrics.items() if arm != "dreambooth"}
    room.record("a", replace(report, metrics=uploaded))
    assert math.isnan(room.found()[0].useful)


def test_a_story_of_somebody_without_a_seat_is_nobodys(report: LeakReport) -> None:
    room = Classroom(8, default_plan())
    room.record("a", report)
    assert room.joined() == 0
    assert room.found() == []

from __future__ import annotations

from threading import Event

import pytest
from test_jobs import PATIENCE_S, Clock, Gate, ended, found, until

from demo.progress import Progress, Watcher
from demo.workflow.jobs import BusyError, Jobs
from demo.workflow.waiting import Durations


@pytest.fixture
def known() -> Durations:
    made = Durations(turn_s=1000)
    for seconds in (90.0, 100.0, 400.0):
        made.add("Story", seconds)
    return made


def test_what_is_not_known_is_not_said(known: Durations) -> None:
    assert known.expected("Story") == 100
    assert known.expected("Sweep") is None
    assert known.wait(10, ["Story", "Story"]) == 210
    assert known.wait(0, []) == 0
    assert known.wait(None, []) is None
    assert known.wait(10, ["Story", "Sweep"]) is None


def test_a_running_job_has_left_what_the_others_took(known: Durations) -> None:
    assert known.left("Story", 30, None) == 70
    assert known.left("Story", 30, Progress("draw", 1, 4, eta_s=90)) == 90  # this part alone takes longer
    assert known.left("Story", 130, Progress("draw", 3, 4, eta_s=20)) == 20
    assert known.left("Story", 130, None) is None  # slower than ever
    assert known.left("Sweep", 30, Progress("draw", 1, 4, eta_s=90)) is None  # other parts come


def test_nobody_waits_longer_than_a_turn(known: Durations) -> None:
    for _ in range(5):
        known.add("Sweep", 5000)
    assert known.expected("Sweep") == 1000
    assert known.left("Sweep", 900, None) == 100
    assert known.left("Sweep", 990, Progress("draw", 1, 4, eta_s=90)) == 10


def test_the_latest_jobs_count_and_few_titles_are_kept(known: Durations) -> None:
    for _ in range(5):
        known.add("Story", 7)
    assert known.expected("Story") == 7
    for number in range(200):
        known.add(f"{number}", 1)
    assert len(known._latest) <= 50


def test_jobs_in_line_know_about_when_they_begin() -> None:
    clock = Clock()
    jobs = Jobs(clock=clock, max_waiting=2, turn_s=1000)
    tell = Event()

    class Telling(Gate):
        def __call__(self, watcher: Watcher) -> str:
            watcher.tell(Progress("draw", 1, 2, eta_s=5))
            tell.set()
            return super().__call__(watcher)

    try:
        first = Gate()
        job = jobs.submit("ann", "Story", first)
        assert first.begun.wait(PATIENCE_S)
        behind = jobs.submit("bob", "Story", Gate())
        assert found(jobs, behind).wait_s is None  # nothing has ended yet
        clock.now += 60
        jobs.stop(behind)
        first.let.set()
        ended(jobs, job, "done")

        second = Telling()
        job = jobs.submit("ann", "Story", second)
        assert tell.wait(PATIENCE_S)
        behind, last = (jobs.submit(owner, "Story", Gate()) for owner in ("bob", "cleo"))
        assert (found(jobs, behind).wait_s, found(jobs, last).wait_s) == (60, 120)
        clock.now += 20
        assert (found(jobs, behind).wait_s, found(jobs, last).wait_s) == (40, 100)
        assert found(jobs, job).wait_s is None
        with pytest.raises(BusyError, match=r"2 jobs are waiting already\. Try again in about 1 min\."):
            jobs.submit("dan", "Story", Gate())
        clock.now += 50
        assert found(jobs, behind).wait_s == 5  # what the running part says of itself
        jobs.stop(job)
        until(jobs, job, lambda s: s.state == "stopped")
    finally:
        jobs.close()

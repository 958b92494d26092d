from __future__ import annotations

import math
from threading import Thread

import pytest

from demo.line_up.tally import CHANCE, Counted, Tally
from demo.stats.intervals import share_ci


def test_nothing_has_an_interval_before_the_first_guess() -> None:
    got = Tally().count()
    assert (got.right, got.all, got.seen_right, got.seen_all) == (0, 0, 0, 0)
    assert math.isnan(got.low)
    assert math.isnan(got.high)


def test_guesses_of_people_who_know_the_photos_are_counted_apart() -> None:
    tally = Tally()
    for right, seen in ((True, False), (False, False), (True, True), (True, True), (True, False)):
        tally.add(right, seen)
    interval = share_ci(2, 3)
    assert tally.count() == Counted(2, 3, 2, 2, interval.low, interval.high)


def test_no_guess_of_many_threads_is_lost() -> None:
    tally = Tally()

    def guess() -> None:
        for number in range(500):
            tally.add(number % 2 == 0, number % 5 == 0)

    threads = [Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = tally.count()
    assert (got.right, got.all, got.seen_right, got.seen_all) == (1600, 3200, 400, 800)


def test_it_keeps_numbers_and_nothing_else() -> None:
    assert vars(Tally()).keys() == {"_lock", "_counts"}
    assert pytest.approx(1 / 6) == CHANCE

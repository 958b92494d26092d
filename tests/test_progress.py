"""Who watches long work is told of it and can stop it."""

from __future__ import annotations

from dataclasses import replace
from threading import Event, Thread

import pytest

from demo.errors import Stopped
from demo.progress import UNWATCHED, Progress, Watcher, watched, watcher_here

STEP = Progress("fine-tune", 1, 2, loss=0.5)


def test_nobody_is_told_and_nobody_stops() -> None:
    UNWATCHED.tell(STEP)
    UNWATCHED.check()
    assert not UNWATCHED.listens
    assert not UNWATCHED.stopped
    assert UNWATCHED.named("a part") is UNWATCHED  # still nothing is made for nobody


def test_a_stop_is_seen_at_once_and_in_every_part() -> None:
    stop, told = Event(), list[Progress]()
    watcher = Watcher(told.append, stop)
    part = watcher.named("1 of 3")
    part.check()
    stop.set()
    for each in (watcher, part, Watcher(stop=stop)):
        assert each.stopped
        with pytest.raises(Stopped):
            each.check()
    part.tell(STEP)  # a stop does not silence
    assert told == [replace(STEP, stage="1 of 3: fine-tune")]


def test_what_is_told_can_be_changed_on_the_way() -> None:
    told = list[Progress]()
    watcher = Watcher(told.append)
    watcher.named("outer").retold(lambda progress: replace(progress, loss=None)).named("inner").tell(STEP)
    assert told == [replace(STEP, stage="outer: inner: fine-tune", loss=None)]
    assert watcher.listens


def test_what_takes_no_watcher_finds_its_own_threads() -> None:
    outer, inner = Watcher(stop=Event()), Watcher()
    others = list[Watcher]()
    with watched(outer):
        with watched(inner):
            assert watcher_here() is inner
        assert watcher_here() is outer
        thread = Thread(target=lambda: others.append(watcher_here()))
        thread.start()
        thread.join()
        with pytest.raises(ValueError, match="inside"), watched(inner):
            raise ValueError("inside")
        assert watcher_here() is outer
    assert watcher_here() is UNWATCHED
    assert others == [UNWATCHED]

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
import weakref
from contextvars import ContextVar
from pathlib import Path

import pytest
import torch

from demo.hardware.threads import aside

TASKS = Path("/proc/self/task")


def test_result_error_and_context() -> None:
    here: ContextVar[int] = ContextVar("here", default=0)
    here.set(3)
    assert aside(here.get) == 3
    assert aside(threading.current_thread) is not threading.current_thread()
    assert not aside(threading.current_thread).is_alive()
    with pytest.raises(ZeroDivisionError):
        aside(lambda: 1 // 0)


def test_an_error_keeps_nothing_alive() -> None:
    class Photo:
        pass

    def work() -> None:
        photo = Photo()
        seen.append(weakref.ref(photo))
        raise ValueError

    seen: list[weakref.ref[Photo]] = []
    gc.disable()  # what is no cycle goes at once
    try:
        with contextlib.suppress(ValueError):
            aside(work)
        assert seen[0]() is None
    finally:
        gc.enable()


@pytest.mark.skipif(not TASKS.exists(), reason="counts the threads that Linux tells of")
def test_no_helper_of_torch_stays() -> None:
    own = torch.get_num_threads()

    def compute() -> None:
        torch.set_num_threads(4)
        x = torch.ones(1000, 1000)
        (x + x).sum()

    def count() -> int:
        return len(os.listdir(TASKS))

    try:
        release = threading.Event()
        computed = threading.Event()
        stays = threading.Thread(target=lambda: (compute(), computed.set(), release.wait()))
        before = count()
        stays.start()
        computed.wait(30)
        assert count() >= before + 3  # itself and helpers: what this is about
        release.set()
        stays.join()
        before = settled(count)
        aside(compute)
        assert settled(count) <= before
    finally:
        torch.set_num_threads(own)


def settled(count: object) -> int:
    """The least that is counted within a second: threads end a little later than they are joined."""
    assert callable(count)
    counted = []
    for _ in range(20):
        counted.append(int(count()))
        time.sleep(0.05)
    return min(counted)

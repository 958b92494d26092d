"""How many cores are free for a job, and as many threads for it.

Threads that compute one product together wait for each other at its end. Where another program has one of their cores,
each product takes as long as that program's turn: with two threads on two cores, one of which is taken, a training step
took 2.8 times as long as with one (:mod:`demo.bench.threads`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import psutil
import torch

from demo.hardware.devices import CGROUP

NEARLY = 0.25  # of a core: what the system itself may use of one that counts as free
PAUSE_S = 2.0  # shortest time that is looked at


def cores() -> float:
    """Of the CPU that this process may use: of its affinity, or a container's share, such as 1.5."""
    may = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = (CGROUP / "cpu.max").read_text(encoding="ascii").split()
        return min(float(may), float(quota) / float(period))
    except (OSError, ValueError):  # none, or "max"
        return float(may)


def used() -> tuple[float, float]:
    """CPU seconds so far: of all that ran on this process's cores, and of this process alone."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    busy = 0.0
    for number, core in enumerate(psutil.cpu_times(percpu=True)):
        if allowed is None or number in allowed:
            spent = core._asdict()
            idle = sum(spent.get(kind, 0.0) for kind in ("idle", "iowait", "guest", "guest_nice"))
            busy += sum(spent.values()) - idle
    own = psutil.Process().cpu_times()
    return busy, own.user + own.system


def free_threads(most: int, seconds: float = 0.2) -> int:
    """How many of ``most`` threads have a core each, as it is during the next ``seconds``."""
    threads = Threads(most, pause_s=0.0)
    time.sleep(seconds)
    return threads.count()


class Threads:
    """Fits PyTorch's threads to the cores that other programs leave free, again and again.

    Args:
        most: threads where all is free; by default as many as PyTorch takes now.
        clock: seconds, monotonic.
        used: see :func:`used`.
        cores: see :func:`cores`.
        pause_s: shortest time between two looks, seconds.
    """

    def __init__(
        self,
        most: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[], tuple[float, float]] = used,
        cores: Callable[[], float] = cores,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._pause = pause_s
        self._most, self._clock, self._used, self._cores = most or torch.get_num_threads(), clock, used, cores
        self._then, self._before = clock(), used()
        self._now = self._most

    def free(self) -> float | None:
        """Cores that others left free since the last look; None: it was less than ``pause_s`` ago."""
        now = self._clock()
        if now - self._then <= self._pause:
            return None
        busy, own = self._used()
        others = (busy - self._before[0] - (own - self._before[1])) / (now - self._then)
        self._then, self._before = now, (busy, own)
        return self._cores() - max(others, 0.0)

    def count(self) -> int:
        """As many as have a core each."""
        free = self.free()
        if free is not None:
            self._now = max(1, min(self._most, int(free + NEARLY)))
        return self._now

    def fit(self) -> int:
        """Set the threads of the calling thread, which is the one that computes; returns how many."""
        wanted = self.count()
        if torch.get_num_threads() != wanted:
            torch.set_num_threads(wanted)
        return wanted

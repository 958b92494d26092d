from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from demo.hardware import cores as counting
from demo.hardware.cores import Threads, cores, used


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


class Machine:
    """Four cores, of which others and this process use so many."""

    def __init__(self) -> None:
        self.now = self.others = self.own = 0.0

    def pass_by(self, seconds: float, others: float, own: float) -> None:
        self.now += seconds
        self.others += seconds * others
        self.own += seconds * own

    def threads(self, most: int = 4) -> Threads:
        return Threads(most, clock=lambda: self.now, used=lambda: (self.others + self.own, self.own), cores=lambda: 4.0)


@pytest.mark.parametrize(
    ("others", "own", "fits"),
    [(0, 0, 4), (0, 4, 4), (0.2, 3, 4), (0.3, 3, 3), (1, 3, 3), (3, 1, 1), (3.9, 0.1, 1), (4, 0, 1)],
)
def test_threads_are_as_many_as_cores_that_others_leave(others: float, own: float, fits: int) -> None:
    machine = Machine()
    threads = machine.threads()
    machine.pass_by(10, others, own)
    assert threads.fit() == fits == torch.get_num_threads()


def test_threads_follow_the_load_and_no_moment_alone_decides() -> None:
    machine = Machine()
    threads = machine.threads(most=3)
    assert threads.fit() == 3
    machine.pass_by(1, 4, 0)
    assert threads.fit() == 3  # too short a look
    machine.pass_by(3, 4, 0)
    assert threads.fit() == 1
    machine.pass_by(3, 0, 1)
    assert threads.fit() == 3


@pytest.mark.parametrize(("said", "found"), [("150000 100000", 1.5), ("max 100000", 2.0), ("900000 100000", 2.0)])
def test_a_containers_share_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, found: float) -> None:
    (tmp_path / "cpu.max").write_text(said)
    monkeypatch.setattr(counting, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    assert cores() == found


def test_this_machine() -> None:
    assert cores() > 0
    before = used()
    assert before[0] >= before[1] * 0.9 or before[0] > 0
    assert all(later >= earlier for later, earlier in zip(used(), before, strict=True))

"""The queue of tables: goes on where it stopped, shares the work, tells the time, and names what failed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.main import get_command

from demo.evaluate import every_table
from demo.evaluate.__main__ import app as evaluations
from demo.evaluate.every_table import LAST, STATE, STEPS, Step, TableError, run_all
from demo.evaluate.shipped import TABLES as SHIPPED
from demo.models.bases import BUNDLED
from demo.train.__main__ import app as training

A, B = Step(("demo.evaluate", "a"), hours=2.0, merged=True), Step(("demo.evaluate", "b"), hours=4.0, shared=False)


class Runner:
    def __init__(self, fail: str = "") -> None:
        self.ran: list[list[list[str]]] = []
        self.fail, self.now = fail, 0.0

    def __call__(self, lines: Sequence[Sequence[str]], name: str, logs: Path) -> None:
        if self.fail and self.fail in name:
            raise TableError("failed", "again")
        ends = [list(line[-4:]) for line in lines]
        assert all(end[:3] == ["--base", BUNDLED, "--out"] for end in ends)
        self.ran.append([list(line[2:-4]) for line in lines])
        self.now += 3600.0

    def clock(self) -> float:
        return self.now


def ran(out: Path, runner: Runner, processes: int = 2, weights: str = "w1") -> list[str]:
    told: list[str] = []
    run_all(out, BUNDLED, weights, processes, steps=(A, B), last=(), run=runner, tell=told.append, clock=runner.clock)
    return told


def test_shares_are_put_together_and_what_cannot_be_shared_runs_alone(tmp_path: Path) -> None:
    runner = Runner()
    ran(tmp_path, runner)
    two = [["demo.evaluate", "a", "--shard", str(i), "--shards", "2"] for i in range(2)]
    assert runner.ran == [two, [["demo.evaluate", "a", "--merge", "--shards", "2"]], [["demo.evaluate", "b"]]]
    alone = Runner()
    ran(tmp_path / "alone", alone, processes=1)
    assert alone.ran == [[["demo.evaluate", "a"]], [["demo.evaluate", "b"]]]


def test_it_goes_on_where_it_failed_and_begins_anew_with_other_weights(tmp_path: Path) -> None:
    with pytest.raises(TableError):
        ran(tmp_path, Runner(fail="02-b"))
    again = Runner()
    ran(tmp_path, again)
    assert again.ran == [[["demo.evaluate", "b"]]]
    other = Runner()
    ran(tmp_path, other, weights="w2")
    assert len(other.ran) == 3
    assert set(json.loads((tmp_path / STATE).read_text())) == {"w1", "w2"}


def test_the_time_left_follows_this_machines_pace(tmp_path: Path) -> None:
    told = ran(tmp_path, Runner())
    assert "about 3.0 h left at the pace of before" in told[0]  # 6 core hours by two processes
    assert "about 4.0 h left" in told[1]  # a took 2 h with its merging, where 1 h was expected; b would take 2 h


@pytest.mark.parametrize("step", [*STEPS, *LAST], ids=lambda step: step.name)
def test_every_step_is_a_command_that_takes_what_it_is_given(step: Step) -> None:
    command = get_command({"demo.evaluate": evaluations, "demo.train": training}[step.words[0]])
    shares = [["--merge", "--shards", "2"]] * step.merged + [["--shard", "1", "--shards", "2"]] * step.shared
    for more in shares or [[]]:
        words = every_table._line(step, BUNDLED, Path("here"), *more)[3:]
        found = command.commands[words[0]].make_context(words[0], list(words[1:]))  # refuses what it does not know
        assert found.params["base"] == BUNDLED
        assert "out" not in found.params or not step.out or found.params["out"] == Path("here")


def test_every_table_that_ships_is_made() -> None:
    made = {step.words[1] for step in STEPS}
    assert made >= {"people", *SHIPPED}
    assert len({step.name for step in STEPS}) == len(STEPS)
    # With several processes these write what others need only when the parts are put together.
    assert {step.words for step in STEPS if step.merged and "--no-prior" not in step.words} == {
        ("demo.evaluate", "people", "--group", "6"),
        ("demo.train", "photo-count"),
    }


def test_processes_end_with_the_first_that_fails(tmp_path: Path) -> None:
    fails = [sys.executable, "-c", "print('why'); raise SystemExit(3)"]
    waits = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(TableError, match="ended with 3"):
        every_table._run([waits, fails], "x", tmp_path)
    assert "why" in (tmp_path / "x-1.log").read_text()
    every_table._run([[sys.executable, "-c", "import os; print(os.environ.get('OMP_NUM_THREADS'))"]] * 2, "y", tmp_path)
    assert (tmp_path / "y-0.log").read_text() == "1\n"

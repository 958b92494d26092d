"""Every table by one command, on several processes, in an order that pays; a killed run goes on where it stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.errors import DemoError
from demo.files import write_text

STATE = "all.json"  # seconds of what is done, by the weights that it was done with
SHAKEN = ("--methods", "lora,textual_inversion", "--ranks", "1,4,32", "--tokens", "1,16")
NOISE = ("--stds", "2e-4,4e-4,8e-4,1.6e-3,3.2e-3")


@dataclass(frozen=True)
class Step:
    """One command of the queue.

    Args:
        words: after ``python -m``.
        hours: core hours that it takes, roughly, to weigh the steps by: no figure. Partly summed up from the seconds in
            ``weights/figures``, which come from several machines, partly guessed.
        shared: whether every process takes a share of it, by ``--shard`` and ``--shards``.
        merged: whether the shares are put together afterwards, by ``--merge``.
        out: whether it takes ``--out``.
    """

    words: tuple[str, ...]
    hours: float
    shared: bool = True
    merged: bool = False
    out: bool = True

    @property
    def name(self) -> str:
        """The command, as one types it."""
        return " ".join(self.words).removeprefix("demo.")


def _table(*words: str, hours: float, shared: bool = True, merged: bool = False) -> Step:
    return Step(("demo.evaluate", *words), hours, shared, merged)


STEPS = (
    _table("people", "--group", "6", hours=1.1, merged=True),
    _table("verdicts", hours=4.7),
    _table("base", hours=0.3, shared=False),
    Step(("demo.train", "photo-count"), hours=0.6, merged=True, out=False),
    _table("photo-count", hours=0.6),
    _table("gate", hours=0.5),
    _table("gate", "--save", "--merge", hours=0.01, shared=False),
    _table("people", "--no-prior", "--group", "6", hours=0.9, merged=True),
    _table("membership", hours=0.25),
    _table("membership", "--attack", "loss", hours=0.13),
    _table("membership", "--attack", "secmi", hours=0.44),
    _table("membership", "--attack", "secmi", "--group", "planted", "--t", "50", hours=0.07),
    _table("membership", "--attack", "secmi", "--group", "planted", "--t", "300", hours=0.07),
    _table("shake", "--people", "20", "--positive", hours=7.0),
    _table("shake", "--people", "8", *SHAKEN, *NOISE, hours=3.6),
    _table("defences", hours=17.8),
)
LAST = (
    _table("figures", hours=0.01, shared=False),
    Step(("demo.evaluate", "report"), hours=0.01, shared=False, out=False),
)


class TableError(DemoError):
    """A command of the queue failed."""


Run = Callable[[Sequence[Sequence[str]], str, Path], None]  # command lines that run at once, a name, folder of logs


def run_all(
    out: Path,
    base: str,
    weights: str,
    processes: int,
    *,
    steps: Sequence[Step] = STEPS,
    last: Sequence[Step] = LAST,
    run: Run | None = None,
    tell: Callable[[str], None] = print,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run what has not been done with these weights; ``last`` always.

    Args:
        out: of the tables; state and logs go there, too.
        base: key or folder of the base that the tables are of.
        weights: its fingerprint.
        processes: at once, a core each.
        run: how command lines are run.
        tell: gets a line before each step, with the time that is left.

    Raises:
        TableError: a command failed. What was done before is kept.
    """
    state, run = out / STATE, run or _run
    seconds: dict[str, dict[str, float]] = json.loads(state.read_text(encoding="utf-8")) if state.is_file() else {}
    done = seconds.setdefault(weights, {})
    for number, step in enumerate(steps, 1):
        if step.name in done:
            continue
        left = [other for other in steps[number - 1 :] if other.name not in done]
        tell(f"{number} of {len(steps)}: {step.name} ({_told(left, steps, done, processes)})")
        began = clock()
        run(_lines(step, base, out, processes), f"{number:02}-{step.words[1]}", out / "logs")
        if step.merged and processes > 1:
            merging = _line(step, base, out, "--merge", "--shards", str(processes))
            run([merging], f"{number:02}-merge", out / "logs")
        done[step.name] = round(clock() - began, 1)
        write_text(state, json.dumps(seconds, indent=1) + "\n")
    for step in last:
        tell(step.name)
        run(_lines(step, base, out, 1), step.words[1], out / "logs")


def _told(left: Sequence[Step], steps: Sequence[Step], done: Mapping[str, float], processes: int) -> str:
    """How long is left: by this machine's pace, once there is one."""
    known = [(step.hours, done[step.name]) for step in steps if step.name in done]
    ours, theirs = sum(taken for _, taken in known) / 3600, sum(hours for hours, _ in known) / processes
    expected = sum(step.hours for step in left) / processes
    if theirs < 0.05:  # of a few minutes no pace can be told
        return f"about {expected:.1f} h left at the pace of before"
    return f"about {expected * ours / theirs:.1f} h left"


def _lines(step: Step, base: str, out: Path, processes: int) -> list[list[str]]:
    if not step.shared or processes == 1:
        return [_line(step, base, out)]
    return [_line(step, base, out, "--shard", str(i), "--shards", str(processes)) for i in range(processes)]


def _line(step: Step, base: str, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", *step.words, *more, "--base", base, *(("--out", str(out)) if step.out else ())]


def _run(lines: Sequence[Sequence[str]], name: str, logs: Path) -> None:
    """A process for each line, with one thread and a core of its own; the others end with the first that fails."""
    logs.mkdir(parents=True, exist_ok=True)
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    alone, running = {"OMP_NUM_THREADS": "1"}, list[tuple[subprocess.Popen[bytes], Path]]()
    try:
        for number, line in enumerate(lines):
            path = logs / f"{name}-{number}.log"
            with path.open("ab") as log:
                process = subprocess.Popen(
                    line, env=os.environ | (alone if len(lines) > 1 else {}), stdout=log, stderr=subprocess.STDOUT
                )
            running.append((process, path))
            if len(lines) > 1 and cores:
                os.sched_setaffinity(process.pid, {cores[number % len(cores)]})
        waiting = list(running)
        while waiting:
            for process, path in list(waiting):
                ended = process.poll()
                if ended is None:
                    continue
                waiting.remove((process, path))
                if ended:
                    command = " ".join(lines[running.index((process, path))][1:])
                    raise TableError(f"python {command} ended with {ended}.", f"Read {path}, then start again.")
            time.sleep(0.2)
    finally:
        for process, _ in running:
            if process.poll() is None:
                process.terminate()
                process.wait()

"""What a job's threads lose to others: those of the web server (:mod:`demo.hardware.threads`), and other programs.

The second is why a job takes as many threads as there are free cores (:mod:`demo.hardware.cores`).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from threading import Event, Thread

import torch

from demo.hardware.cores import cores
from demo.hardware.threads import aside
from demo.models.bases import BUNDLED

SIDE = 1000  # of the matrices multiplied beside the job
BATCH = 8
SPIN = "while True: pass"


def threads(steps: int = 12, rounds: int = 3) -> dict[str, float]:
    """Print and return the seconds of a forward and backward pass of the bundled UNet in a job's thread.

    Every round measures the job alone, beside an idle thread that has multiplied two matrices once, and after the same
    product in a thread that ended; then beside another program that never rests, with a thread for each core and with
    one for each core but one. Each time in a new thread, for the main thread never computes.
    """
    every = max(int(cores()), 1)
    fewer = max(every - 1, 1)
    step = aside(_step)
    beside: dict[str, tuple[int, Callable[[], AbstractContextManager[object]]]] = {
        "alone": (every, nullcontext),
        "beside a thread that computed once": (every, _idle),
        "after a thread that computed and ended": (every, lambda: nullcontext(aside(_compute))),
        f"beside a busy program, {_threads(every)}": (every, _busy),
        f"beside a busy program, {_threads(fewer)}": (fewer, _busy),  # on one core the same
    }
    found: dict[str, list[float]] = {name: [] for name in beside}
    for _ in range(rounds):
        for name, (count, condition) in beside.items():
            with condition():
                found[name].append(aside(partial(_seconds, step, steps, count)))
    medians = {name: statistics.median(seconds) for name, seconds in found.items()}
    for name, seconds in medians.items():
        print(f"a training step of {BUNDLED}, {name}: {seconds:.3f} s, x {seconds / medians['alone']:.2f}")
    return {name: round(seconds, 4) for name, seconds in medians.items()}


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def _step() -> Callable[[], None]:
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline

    unet = load_pipeline(find_base(BUNDLED), "cpu").unet.requires_grad_(True)
    shape = unet.config.in_channels, unet.config.sample_size, unet.config.sample_size
    x, context = torch.randn(BATCH, *shape), torch.randn(BATCH, 16, unet.config.cross_attention_dim)
    return lambda: unet(x, 100, encoder_hidden_states=context).sample.square().mean().backward()


def _seconds(step: Callable[[], None], steps: int, threads: int) -> float:
    torch.set_num_threads(threads)
    step()
    began = time.monotonic()
    for _ in range(steps):
        step()
    return (time.monotonic() - began) / steps


def _compute() -> None:
    torch.ones(SIDE, SIDE) @ torch.ones(SIDE, SIDE)


@contextmanager
def _idle() -> Iterator[None]:
    computed, enough = Event(), Event()

    def run() -> None:
        _compute()
        computed.set()
        enough.wait()

    thread = Thread(target=run)
    thread.start()
    computed.wait()
    try:
        yield
    finally:
        enough.set()
        thread.join()


@contextmanager
def _busy() -> Iterator[None]:
    program = subprocess.Popen([sys.executable, "-c", SPIN])
    try:
        yield
    finally:
        program.kill()
        program.wait()

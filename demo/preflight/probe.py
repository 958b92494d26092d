"""How fast a device is now: half a second of measuring, which holds for a minute.

On a CPU with as many threads as have a core each (:mod:`demo.hardware.cores`), as a job computes. What is measured is
done several times over and the median counts: beside other work single runs take many times as long. A single thread's
runs are taken in its own time on the core, and the share of a core that it gets is taken over all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from threading import RLock

import torch
from torch import nn

from demo.hardware.cores import free_threads
from demo.preflight.cost import Cost, counted

BUDGET_S = 0.08  # of one measurement
LEAST = 5  # runs of one measurement
REPEATS = 40  # small layers in one go
WHOLE = 4.0  # times as long as in a row of small layers a call takes in a model, whose caches are cold: face64's step
HOLDS_S = 60.0  # then it is measured anew: other work comes and goes


@dataclass(frozen=True)
class Speed:
    """What a device does in a second."""

    products: float  # floating-point operations of a matrix product
    convolutions: float  # the same of a 3 x 3 convolution
    bytes: float  # read and written
    calls: float  # operations of a small layer's forward and backward pass, PyTorch's own work around them included

    def seconds(self, cost: Cost) -> float:
        """Time of a cost: products, convolutions, memory traffic and calls one after the other, nothing overlapped."""
        return (
            cost.flops / self.products
            + cost.convolved / self.convolutions
            + cost.moved / self.bytes
            + cost.calls / self.calls
        )


_known: dict[tuple[str, torch.dtype], tuple[float, Speed]] = {}
_lock = RLock()


def measure(device: torch.device, dtype: torch.dtype) -> Speed:
    """What the device does in a second, as a job would find it: measured at most :data:`HOLDS_S` ago."""
    key = str(device), dtype
    with _lock:  # one at a time: two would slow each other
        found = _known.get(key)
        if found is None or time.monotonic() - found[0] > HOLDS_S:
            found = _known[key] = time.monotonic(), _measured(device, dtype)
        return found[1]


def _measured(device: torch.device, dtype: torch.dtype) -> Speed:
    side, width, map_side = (4096, 512, 64) if device.type == "cuda" else (512, 128, 16)
    a = torch.randn(side, side, device=device, dtype=dtype)
    x = torch.randn(2, width, map_side, map_side, device=device, dtype=dtype)
    kernel = torch.randn(width, width, 3, 3, device=device, dtype=dtype)
    block = torch.empty(2**28 if device.type == "cuda" else 2**23, device=device, dtype=torch.uint8)
    layers, small = _layers(device, dtype), torch.zeros(8, 8, device=device, dtype=dtype)

    def called() -> None:
        layers(small).sum().backward()

    before = torch.get_num_threads()
    threads = free_threads(before) if device.type == "cpu" else before
    torch.set_num_threads(threads)
    timer = Timer(device, alone=device.type == "cpu" and threads == 1)
    try:
        with torch.no_grad():
            products = timer.rate(lambda: a @ a)
            convolved = timer.rate(lambda: nn.functional.conv2d(x, kernel, padding=1))
            moved = timer.rate(block.clone)
        called_rate = timer.rate(called)
    finally:
        torch.set_num_threads(before)
    share = timer.share()
    return Speed(
        2 * side**3 * products * share,
        2 * 2 * map_side**2 * width**2 * 9 * convolved * share,
        2 * block.numel() * moved * share,
        calls_of(called) * called_rate * share / WHOLE,
    )


def _layers(device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Small layers one after the other."""
    return nn.Sequential(*(nn.Linear(8, 8) if n % 2 else nn.SiLU() for n in range(REPEATS))).to(device, dtype)


class Timer:
    """Times what is done over and over.

    Args:
        alone: one thread computes, so that its own time on the core tells what it did; else time passes for all.
    """

    def __init__(self, device: torch.device, alone: bool) -> None:
        self._device, self._clock = device, time.thread_time if alone else time.perf_counter
        self._passed = self._spent = 0.0

    def rate(self, run: Callable[[], object]) -> float:
        """Runs a second: one over the median."""
        run()  # the first one also chooses algorithms and takes memory
        self._wait()
        began, clocked, times = time.perf_counter(), self._clock(), list[float]()
        while len(times) < LEAST or time.perf_counter() - began < BUDGET_S:
            then = self._clock()
            run()
            self._wait()
            times.append(self._clock() - then)
        self._passed += time.perf_counter() - began
        self._spent += self._clock() - clocked
        return 1 / max(median(times), 1e-9)

    def share(self) -> float:
        """Of the time that passed, how much the clock counted: a single thread's part of a core."""
        return min(1.0, self._spent / self._passed) if self._passed else 1.0

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


def calls_of(run: Callable[[], object]) -> float:
    """How many operations the counter of costs sees."""
    with counted() as found:
        run()
    return found.cost().calls

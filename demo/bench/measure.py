"""Timing, memory and FLOPs of one step on a device: warmed up, synchronised, each by itself."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from demo.bench.dp import forget_peak, peak_resident, resident, wait
from demo.errors import DemoError

Run = Callable[[], float | None]
WARM = 3  # steps before anything is measured: kernels are chosen, B has left zero, buffers are there
LEAST, MOST = 5, 200  # timed steps


def matmul_peak(device: torch.device, dtype: torch.dtype, side: int, seconds: float = 1.0) -> float:
    """FLOP/s of one large product of square matrices, the best of the rounds: what a device gives at the most."""
    a = torch.randn(side, side, device=device).to(dtype)
    b = torch.randn(side, side, device=device).to(dtype)
    out = a @ b
    best, began = math.inf, time.perf_counter()
    while math.isinf(best) or time.perf_counter() - began < seconds:
        wait(device)
        start = time.perf_counter()
        for _ in range(4):
            torch.matmul(a, b, out=out)
        wait(device)
        best = min(best, (time.perf_counter() - start) / 4)
    return 2 * side**3 / best


def warm(run: Run, device: torch.device, steps: int = WARM) -> None:
    """Run a few times, and look that it is the real thing: a loss that is not finite would skip half of a step.

    Raises:
        DemoError: the loss is not finite.
    """
    for _ in range(steps):
        loss = run()
        if loss is not None and not math.isfinite(loss):
            raise DemoError(f"The loss is {loss}: so a step is not timed.", "Look at the numbers' type.")
    wait(device)


def timed(run: Run, device: torch.device, seconds: float, most: int = MOST, *, least: int = LEAST) -> list[float]:
    """Seconds of each of so many runs as fit into ``seconds``, at least ``least``."""
    found: list[float] = []
    began = time.perf_counter()
    while len(found) < least or (time.perf_counter() - began < seconds and len(found) < most):
        wait(device)
        start = time.perf_counter()
        run()
        wait(device)
        found.append(time.perf_counter() - start)
    return found


def spread(seconds: list[float]) -> dict[str, float]:
    """Median and middle half of the seconds of a step, and steps a second."""
    low, middle, high = (float(q) for q in np.quantile(seconds, [0.25, 0.5, 0.75]))
    return {"seconds": middle, "seconds_low": low, "seconds_high": high, "per_s": 1 / middle, "steps": len(seconds)}


def memory(run: Run, device: torch.device, times: int = 2) -> dict[str, float]:
    """MB in use before, and the most while it runs: tensors on an accelerator, else this process' resident memory."""
    free()
    if device.type == "cuda":
        wait(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device) / 1e6
    else:
        forget_peak()
        before = resident()
    for _ in range(times):
        run()
    wait(device)
    peak = torch.cuda.max_memory_allocated(device) / 1e6 if device.type == "cuda" else peak_resident()
    return {"before_mb": round(before, 1), "peak_mb": round(peak, 1)}


def above(found: dict[str, float]) -> dict[str, float]:
    """Of :func:`memory`, MB above what was in use before."""
    return {"step_mb": round(found["peak_mb"] - found["before_mb"], 1)}


def flops(run: Run) -> int:
    """Of one run, forward and backward, of matrix products, convolutions and attention alone."""
    with FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops())


def measured(
    run: Run, device: torch.device, seconds: float, peak: float | None, *, steps: int = WARM, least: int = LEAST
) -> dict[str, Any]:
    """All of the above.

    Args:
        peak: FLOP/s of :func:`matmul_peak`; None where that could not be had.
        steps: before anything is measured.
        least: timed runs.
    """
    warm(run, device, steps)
    found: dict[str, Any] = {**memory(run, device), **spread(timed(run, device, seconds, least=least))}
    return found | share(flops(run), found["seconds"], peak)


def share(count: float, seconds: float, peak: float | None) -> dict[str, Any]:
    """FLOPs of a step, and what part of the measured peak they come to."""
    return {"flops": count, "share_of_peak": None if peak is None else count / seconds / peak}


def compared(ours: Run, theirs: Run, device: torch.device, rounds: int, each: int, steps: int = WARM) -> dict[str, Any]:
    """Both in turn, and whoever is first changes from round to round; the ratio is the median over rounds."""
    for run in (ours, theirs):
        warm(run, device, steps)
    kept: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(rounds):
        pair: list[tuple[str, Run]] = [("ours", ours), ("theirs", theirs)]
        for name, run in pair if number % 2 == 0 else reversed(pair):
            wait(device)
            start = time.perf_counter()
            for _ in range(each):
                run()
            wait(device)
            kept[name].append((time.perf_counter() - start) / each)
    ratios = np.array(kept["theirs"]) / np.array(kept["ours"])
    low, middle, high = (float(q) for q in np.quantile(ratios, [0.25, 0.5, 0.75]))
    return {
        "ours": spread(kept["ours"]),
        "theirs": spread(kept["theirs"]),
        "ratio": middle,
        "ratio_low": low,
        "ratio_high": high,
    }


def free() -> None:
    """Give back what nobody uses."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

"""How fast a device is: a tenth of a second of measuring, once a process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import nn

from demo.preflight.cost import Cost

BUDGET_S = 0.04  # of one measurement
REPEATS = 200  # tiny operations in one go


@dataclass(frozen=True)
class Speed:
    """What a device does in a second."""

    products: float  # floating-point operations of a matrix product
    convolutions: float  # the same of a 3 x 3 convolution
    bytes: float  # read and written
    calls: float  # operations on next to nothing

    def seconds(self, cost: Cost) -> float:
        """Time of a cost: products, convolutions, memory traffic and calls one after the other, nothing overlapped."""
        return (
            cost.flops / self.products
            + cost.convolved / self.convolutions
            + cost.moved / self.bytes
            + cost.calls / self.calls
        )


@lru_cache(maxsize=4)
def measure(device: torch.device, dtype: torch.dtype) -> Speed:
    """Measure, with as many threads as PyTorch uses now."""
    side, width, map_side = (4096, 512, 64) if device.type == "cuda" else (512, 128, 16)
    a = torch.randn(side, side, device=device, dtype=dtype)
    x = torch.randn(2, width, map_side, map_side, device=device, dtype=dtype)
    kernel = torch.randn(width, width, 3, 3, device=device, dtype=dtype)
    block = torch.empty(2**28 if device.type == "cuda" else 2**23, device=device, dtype=torch.uint8)
    small = torch.zeros(8, 8, device=device, dtype=dtype)

    def tiny() -> None:
        for _ in range(REPEATS):
            nn.functional.silu(small)

    with torch.inference_mode():
        return Speed(
            2 * side**3 * _rate(lambda: a @ a, device),
            2 * 2 * map_side**2 * width**2 * 9 * _rate(lambda: nn.functional.conv2d(x, kernel, padding=1), device),
            2 * block.numel() * _rate(block.clone, device),
            REPEATS * _rate(tiny, device),
        )


def _rate(run: Callable[[], object], device: torch.device) -> float:
    """Runs a second."""
    run()  # the first one also chooses algorithms and takes memory
    _wait(device)
    began, done = time.perf_counter(), 0
    while done < 2 or time.perf_counter() - began < BUDGET_S:
        run()
        _wait(device)
        done += 1
    return done / (time.perf_counter() - began)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)

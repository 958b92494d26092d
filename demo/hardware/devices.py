"""What a machine has, and what follows from it: the precision, and how a pipeline is laid out in memory.

The choices are functions of a :class:`Device`, so that they can be tested without one.
"""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil
import torch

from demo.hardware.zero_gpu import zero_gpu

Placement = Literal["whole", "offloaded"]
CGROUP = Path("/sys/fs/cgroup")
UNKNOWN = float("inf")  # where a container has no limit: nothing is refused for it


@dataclass(frozen=True)
class Device:
    """What computes, and the memory that models and activations lie in."""

    kind: str  # torch's device type: "cpu", "cuda", ...
    name: str
    memory: float  # bytes in all
    free: float  # bytes that this process may still take, what it has reserved without use included
    cores: int  # of the CPU
    bfloat16: bool = False  # computed natively


def choose_device(device: str = "auto") -> torch.device:
    """The accelerator if this process has one and ``device`` is 'auto'."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() and not zero_gpu() else "cpu"
    return torch.device(device)


def find_device(device: str = "auto") -> Device:
    """The machine's device as it is now."""
    to = choose_device(device)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if to.type != "cuda":
        return Device(to.type, platform.processor() or platform.machine(), total_memory(), free_memory(), cores)
    free, total = torch.cuda.mem_get_info(to)
    return Device(
        "cuda",
        torch.cuda.get_device_name(to),
        total,
        free + torch.cuda.memory_reserved(to) - torch.cuda.memory_allocated(to),
        cores,
        torch.cuda.is_bf16_supported(including_emulation=False),
    )


def choose_dtype(device: Device) -> torch.dtype:
    """fp32 on a CPU; on an accelerator bf16 where it is native, whose gradients need no loss scaling, else fp16."""
    if device.kind == "cpu":
        return torch.float32
    return torch.bfloat16 if device.bfloat16 else torch.float16


def choose_placement(device: Device, weights: float, drawing: float) -> Placement:
    """How a pipeline for drawing is laid out: as it is while that fits, else in the CPU's memory, model by model.

    Attention is not sliced: with PyTorch's fused attention, which diffusers takes by itself, slices need more memory
    and time, not less (diffusers' own advice). What swells is the autoencoder, so an accelerator's codes pictures one
    by one (:func:`demo.models.load.load_pipeline`).

    Args:
        weights: bytes of all models.
        drawing: bytes beside them at the peak of drawing.
    """
    if device.kind == "cpu":
        return "whole"
    return "whole" if weights + drawing <= device.free else "offloaded"


def total_memory() -> float:
    """Bytes of the machine's memory, or of the container's share."""
    return min(float(psutil.virtual_memory().total), _cgroup("memory.max"))


def free_memory() -> float:
    """Bytes that may be used without swapping, in the container's share where it has one."""
    limit = _cgroup("memory.max")  # psutil knows nothing of a container: it tells of the whole machine
    left = UNKNOWN if limit == UNKNOWN else limit - _cgroup("memory.current") + _cgroup_cache()
    return min(float(psutil.virtual_memory().available), left)


def peak_memory() -> float:
    """Bytes: the largest resident memory of this process so far."""
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset)
    import resource  # which Windows lacks; psutil has no peak elsewhere

    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def _cgroup(name: str) -> float:
    """A number of the container's control group (version 2); infinite where there is none, or no limit."""
    try:
        return float((CGROUP / name).read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max" is no number
        return UNKNOWN


def _cgroup_cache() -> float:
    """Bytes of files in memory that count against the container's limit, but can be dropped."""
    try:
        lines = dict(line.split() for line in (CGROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        return float(lines["inactive_file"])
    except (OSError, KeyError, ValueError):
        return 0.0

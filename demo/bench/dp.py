"""What a step of DP-SGD costs beside a plain one on the same batch, K = 1, and beside Opacus' own wrapped module."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
import torch

from demo.bench import models
from demo.bench.opacus_step import OpacusStep, largest_difference
from demo.defences.dpdm import Dpdm, DpStep
from demo.errors import DemoError
from demo.finetune.step import FineTuningTask, PlainStep, Step
from demo.models.architectures import SD14
from demo.models.bases import BUNDLED

TIME_AIM, MEMORY_AIM = 1.10, 1.25
MODELS: dict[str, Callable[[str, int | None], AbstractContextManager[FineTuningTask]]] = {
    BUNDLED: models.bundled,
    "sd14": models.sd14,
}
TITLES = {"plain": "plain step", "ours": "DP-SGD, this project", "opacus": f"DP-SGD, Opacus {version('opacus')}"}
STEPS_IN_CHILD = 4


class Seconds(NamedTuple):
    """Of one step: on the clock, and of all cores together, which other programs on the machine hardly change."""

    wall: float
    cpu: float


def defence(seed: int | None = None) -> Dpdm:
    """DP-SGD whose noise is given: what it takes to find a noise multiplier is no part of a step."""
    return Dpdm(epsilon=None, noise_multiplier=1.0, noise_draws=1, noise_seed=seed)


VARIANTS: dict[str, Callable[[FineTuningTask], Step]] = {
    "plain": PlainStep,
    "ours": lambda problem: DpStep(defence(), problem),
    "opacus": lambda problem: OpacusStep(defence(), problem),
}


def price(model: str, device: str, latent: int | None, rounds: int) -> dict[str, Any]:
    """Time, memory and agreement on one model; printed, and returned for a file."""
    found: dict[str, Any] = {"model": model, "threads": torch.get_num_threads(), "rounds": rounds}
    failed: dict[str, str] = {}
    try:
        with MODELS[model](device, latent) as problem:
            found["opacus_difference"] = agreement(problem)
    except DemoError:
        raise
    except Exception as error:  # whatever it is, it is the finding
        failed["opacus"] = f"{type(error).__name__}: {error}".splitlines()[0]
    names = [name for name in VARIANTS if name not in failed]
    with MODELS[model](device, latent) as problem:  # a fresh one: a failure may have left anything behind
        found |= {"device": problem.photos.device.type, "side": problem.photos.shape[-1]}
        print(heading(model, problem, rounds), flush=True)
        seconds = alternated(problem, names, rounds)
    peaks = {name: in_child(model, name, device, latent) for name in names}
    for name in names:
        found[name] = row(seconds[name], seconds["plain"], peaks[name], peaks["plain"])
        print(f"  {TITLES[name]}: {words(found[name], against=name != 'plain')}", flush=True)
    for name, reason in failed.items():
        found[name] = {"failed": reason}
        print(f"  {TITLES[name]}: does not run here: {reason}", flush=True)
    if "opacus_difference" in found:
        print(f"  clipped sums, Opacus against this project: largest difference {found['opacus_difference']:.1e}")
    ours = found["ours"]
    kept = ours["time_ratio"] <= TIME_AIM, ours["memory_ratio"] <= MEMORY_AIM
    said = ["met" if met else "missed" for met in kept]
    print(f"  aim: <= {TIME_AIM:.2f} x time ({said[0]}), <= {MEMORY_AIM:.2f} x memory ({said[1]})", flush=True)
    return found


def heading(model: str, problem: FineTuningTask, rounds: int) -> str:
    """What was measured on."""
    settings, side = problem.settings, problem.photos.shape[-1]
    text = (
        f"{model} on {problem.photos.device.type}, {torch.get_num_threads()} threads, base in "
        f"{problem.pipe.unet.dtype}, latents {side} x {side}: {settings.batch} photos and {settings.class_batch} class "
        f"images a step, K = 1; {rounds} rounds in turn"
    )
    if model == "sd14" and side != SD14.unet["sample_size"]:
        text += "\n  smaller latents than the 64 x 64 of 512 pixels: not the time and memory of a real run"
    return text


def alternated(problem: FineTuningTask, names: Sequence[str], rounds: int) -> dict[str, list[Seconds]]:
    """Seconds of a step of each variant, round by round; whoever is first changes from round to round."""
    seconds: dict[str, list[Seconds]] = {name: [] for name in names}
    for number in range(rounds):
        for k in range(len(names)):
            name = names[(k + number) % len(names)]
            step = VARIANTS[name](problem)
            try:
                if number == 0:
                    step()  # what is done once is not timed
                seconds[name].append(timed(step, problem.photos.device))
            finally:
                step.close()
    return seconds


def timed(step: Step, device: torch.device) -> Seconds:
    """One step."""
    wait(device)
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    wait(device)
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def wait(device: torch.device) -> None:
    """Until an accelerator has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def agreement(problem: FineTuningTask) -> float:
    """Largest relative difference of the clipped sums of Opacus and this project, on the same draws."""
    PlainStep(problem)()  # B is zero before the first step, and with it the gradient of A
    rates = [group["lr"] for group in problem.optimiser.param_groups]
    sums = []
    for kind in (DpStep, OpacusStep):
        for group in problem.optimiser.param_groups:
            group["lr"] = 0.0
        step = kind(defence(seed=1), problem)
        try:
            step()
        finally:
            step.close()
        sums.append([total.double().cpu() for total in step.sums])
    for group, rate in zip(problem.optimiser.param_groups, rates, strict=True):
        group["lr"] = rate
    return largest_difference(*sums)


def in_child(model: str, variant: str, device: str, latent: int | None) -> dict[str, float]:
    """:func:`memory` in a process of its own, for a peak cannot be taken back."""
    command = [sys.executable, "-m", "demo.bench", "dp", "--child", f"{model}:{variant}", "--device", device]
    if latent is not None:
        command += ["--latent", str(latent)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def memory(problem: FineTuningTask, variant: str) -> dict[str, float]:
    """MB in use before the first step, and the most in use during a few: of the accelerator, or of this process."""
    on_cuda = problem.photos.device.type == "cuda"
    before = torch.cuda.memory_allocated(problem.photos.device) / 1e6 if on_cuda else resident()
    if on_cuda:
        torch.cuda.reset_peak_memory_stats(problem.photos.device)
    else:
        forget_peak()
    step = VARIANTS[variant](problem)
    for _ in range(STEPS_IN_CHILD):
        step()
    peak = torch.cuda.max_memory_allocated(problem.photos.device) / 1e6 if on_cuda else peak_resident()
    step.close()
    return {"before_mb": round(before, 1), "peak_mb": round(peak, 1)}


def resident() -> float:
    """Resident memory of this process now, in MB."""
    return float(psutil.Process().memory_info().rss) / 1e6


def peak_resident() -> float:
    """The most resident memory of this process since :func:`forget_peak`, in MB.

    Read from Linux by hand: psutil has no peak there, and what getrusage tells cannot be forgotten.
    """
    with open("/proc/self/status", encoding="ascii") as file:
        return next(float(line.split()[1]) * 1024 / 1e6 for line in file if line.startswith("VmHWM:"))


def forget_peak() -> None:
    """The peak begins again at what is resident: loading a model may have taken more than a step does."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def row(
    seconds: Sequence[Seconds], plain: Sequence[Seconds], peak: Mapping[str, float], plain_peak: Mapping[str, float]
) -> dict[str, float]:
    """Medians; the ratio of times is the median over rounds, so that a load that comes and goes falls on both."""
    ratios = np.array([s.wall for s in seconds]) / np.array([s.wall for s in plain])
    cpu = np.array([s.cpu for s in seconds]) / np.array([s.cpu for s in plain])
    grown, plainly = peak["peak_mb"] - peak["before_mb"], plain_peak["peak_mb"] - plain_peak["before_mb"]
    low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    found = {
        "seconds": float(np.median([s.wall for s in seconds])),
        "time_ratio": float(middle),
        "time_ratio_low": float(low),
        "time_ratio_high": float(high),
        "cpu_time_ratio": float(np.median(cpu)),
        "peak_mb": peak["peak_mb"],
        "memory_ratio": peak["peak_mb"] / plain_peak["peak_mb"],
        "step_mb": grown,
        "step_memory_ratio": grown / max(plainly, 1e-9),
    }
    return {key: round(value, 4) for key, value in found.items()}


def words(found: Mapping[str, float], *, against: bool) -> str:
    """A row for people."""
    start = f"{found['seconds']:.4f} s, peak {found['peak_mb']:,.0f} MB ({found['step_mb']:,.0f} MB above the model)"
    if not against:
        return start
    return (
        f"{start}; x {found['time_ratio']:.3f} time (middle half of rounds {found['time_ratio_low']:.3f} to "
        f"{found['time_ratio_high']:.3f}; {found['cpu_time_ratio']:.3f} in CPU time), "
        f"x {found['memory_ratio']:.3f} memory ({found['step_memory_ratio']:.3f} above the model)"
    )

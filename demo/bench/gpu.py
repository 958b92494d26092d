"""``python -m demo.bench gpu``: fine-tuning, encoder training and attack on Stable Diffusion 1.4's architecture.

Weights are random, so nothing is downloaded; a step takes as long whatever they are. Every row is written to ``--out``
as soon as it is there, and a row that fails says why and stops no other.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from demo.bench.gpu_rows import SECTIONS, World
from demo.bench.measure import free
from demo.bench.random_base import preset, random_base, random_pipeline
from demo.errors import SettingsError
from demo.files import write_text
from demo.hardware.devices import choose_device, choose_dtype, find_device

LIMIT_S = 540.0  # no row is begun after so many seconds
MEANINGLESS = "tiny model: that everything runs is all that these numbers say"
SAID = ("torch", "diffusers", "peft", "accelerate", "transformers")


def bench(
    device: str = "auto",
    *,
    tiny: bool = False,
    allow_cpu: bool = False,
    limit_s: float = LIMIT_S,
    only: Sequence[str] = (),
    out: Path | None = None,
) -> dict[str, Any]:
    """Measure everything; printed row by row, and returned.

    Args:
        tiny: tiny models, a few steps.
        allow_cpu: take the real architecture on a CPU, too.
        only: these sections; by default all.
        out: written after every row.

    Raises:
        SettingsError: no accelerator, and nothing was said of a CPU; no such section.
    """
    if unknown := sorted(set(only) - set(SECTIONS)):
        raise SettingsError(f"The bench has no section {', '.join(unknown)}.", f"Choose among {', '.join(SECTIONS)}.")
    to = choose_device(device)
    if to.type == "cpu" and not (tiny or allow_cpu):
        raise SettingsError(
            "There is no GPU here, and on a CPU a step of Stable Diffusion takes minutes.",
            "Try --tiny to see that everything runs, or --allow-cpu to wait.",
        )
    began = time.monotonic()
    dtype = choose_dtype(find_device(device))  # as the app has it
    found = heading(to, dtype, tiny)
    print(json.dumps(found), flush=True)
    with tempfile.TemporaryDirectory() as place:
        world = new_world(to, dtype, Path(place), tiny=tiny)
        for title, section in SECTIONS.items():
            if only and title not in only:
                continue
            rows = found["sections"].setdefault(title, {})
            print(f"{title}: {section.__doc__}", flush=True)
            for name, row in section(world):
                if time.monotonic() - began > limit_s:
                    rows[name] = {"left_out": f"the limit of {limit_s:.0f} s was reached"}
                else:
                    rows[name] = _kept(row)
                print(f"  {name:38} {words(rows[name])}", flush=True)
                found["seconds"] = round(time.monotonic() - began, 1)
                if out is not None:
                    write_text(out, json.dumps(found, indent=1) + "\n")
    print(json.dumps(found), flush=True)
    return found


def heading(device: torch.device, dtype: torch.dtype, tiny: bool) -> dict[str, Any]:
    """What was measured on what."""
    on_cuda = device.type == "cuda"
    return {
        "what": "gpu",
        "model": "tiny" if tiny else "sd14",
        "warning": MEANINGLESS if tiny else None,
        "device": torch.cuda.get_device_name(device) if on_cuda else "cpu",
        "memory_gb": round(torch.cuda.get_device_properties(device).total_memory / 1e9, 1) if on_cuda else None,
        "dtype": str(dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "versions": {name: version(name) for name in SAID},
        "sections": {},
    }


def new_world(device: torch.device, dtype: torch.dtype, folder: Path, *, tiny: bool) -> World:
    """The models, and how long to look at them."""
    pipe = random_pipeline(device, dtype, tiny=tiny)
    base = random_base(pipe, folder)
    if tiny:
        base = replace(base, sampling_steps=2)
        return World(pipe, base, preset(), side=128, seconds=0.05, rounds=2, together=(2,), updates=7)
    if device.type == "cpu":  # where a step takes a quarter of a minute: few of them, and small ones
        few: dict[str, Any] = {"together": (2,), "batches": (1,), "pictures": (1,), "updates": 5}
        return World(pipe, base, preset(), 2048, seconds=1.0, rounds=3, each=1, warm=1, least=2, **few)
    return World(pipe, base, preset(), 8192, seconds=4.0, rounds=6, together=(8, 16))


def words(row: dict[str, Any]) -> str:
    """A row for people."""
    for reason in ("failed", "left_out"):
        if reason in row:
            return f"{reason.replace('_', ' ')}: {row[reason]}"
    if "flop_per_s" in row:
        return f"{row['flop_per_s'] / 1e12:.2f} TFLOP/s, {row['side']} x {row['side']}"
    if "theirs" in row:
        both = "; ".join(f"{name} {_figures(row[key])}" for name, key in (("ours", "ours"), ("diffusers'", "theirs")))
        return f"{both}; {_aim(row)}"
    text = _figures(row)
    if "people" in row:
        text += f", {row['seconds_per_identity']:.4f} s an identity{'; ' + _aim(row) if 'ratio' in row else ''}"
    if row.get("gradients_zero") is not None:
        text += f", {row['gradients_zero']:.1%} of gradients zero{'' if row['gradients_finite'] else ', NOT FINITE'}"
    return text


def _figures(row: dict[str, Any]) -> str:
    text = f"{row['per_s']:.2f}/s ({row['seconds']:.4f} s, {row['seconds_low']:.4f} to {row['seconds_high']:.4f})"
    if "peak_mb" in row:
        text += f", peak {row['peak_mb']:,.0f} MB ({row['peak_mb'] - row['before_mb']:,.0f} above)"
    if "step_mb" in row:
        text += f", {row['step_mb']:,.0f} MB above what both take"
    if row.get("share_of_peak") is not None:
        text += f", {row['share_of_peak']:.1%} of the matmul peak"
    return text


def _aim(row: dict[str, Any]) -> str:
    between = f" ({row['ratio_low']:.2f} to {row['ratio_high']:.2f})" if "ratio_low" in row else ""
    return f"x {row['ratio']:.2f}{between}, aim >= {row['aim']:g} ({'met' if row['met'] else 'missed'})"


def _kept(row: Any) -> dict[str, Any]:
    """A row's figures, or why there are none; either way nothing of it stays in memory."""
    try:
        found: dict[str, Any] = row()
    except Exception as error:  # whatever it is, it is the finding
        first = (str(error).strip().splitlines() or [""])[0][:300]
        found = {"failed": f"{type(error).__name__}: {first}"}
    free()
    return found

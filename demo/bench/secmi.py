"""SecMI's price: 16 calls of the UNet a picture against the 38 of the public code, in one run, in turn.

The public code walks 19 steps up to time 190 and 19 steps down, each from a point of the way up, picture by picture; of
those 38 calls its score at t = 140 uses 16.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.models.bases import BUNDLED
from demo.shake.attacks import secmi_reference
from demo.shake.attacks.secmi import SecmiSettings, secmi, step

PUBLIC_TIMES = tuple(range(0, 200, 10))
PUBLIC_CALLS = 2 * (len(PUBLIC_TIMES) - 1)
CHECKED = 3  # pictures that the slow reference scores, too


@torch.no_grad()
def public_schedule(pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor, batch: int) -> Tensor:
    """The score at t = 140, k = 10 with every call that the public code makes, (n,)."""
    found = []
    for start in range(0, len(latents), batch):
        up = [latents[start : start + batch].to(pipe.unet.device, torch.float32)]
        for at, to in pairwise(PUBLIC_TIMES):
            up.append(step(pipe, up[-1], embedding, at, to))
        down: dict[int, Tensor] = {}
        for number in range(len(PUBLIC_TIMES) - 1, 0, -1):
            at, to = PUBLIC_TIMES[number], PUBLIC_TIMES[number - 1]
            down[to] = step(pipe, up[number], embedding, at, to)
        found.append((down[140] - up[PUBLIC_TIMES.index(140)]).square().flatten(1).sum(1).cpu())
    return torch.cat(found)


def price(pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor, rounds: int, batch: int) -> dict[str, Any]:
    """Pictures a second of both schedules, one at a time and ``batch`` at once, and how far their scores are apart.

    Args:
        latents: (n, c, h, w), scaled.
        rounds: each times every variant once, in turn.
    """
    settings = SecmiSettings()
    variants: dict[str, Callable[[], Tensor]] = {
        "public, one at a time": lambda: public_schedule(pipe, latents, embedding, 1),
        "ours, one at a time": lambda: secmi(pipe, latents, embedding, settings, batch=1),
        f"public, {batch} at once": lambda: public_schedule(pipe, latents, embedding, batch),
        f"ours, {batch} at once": lambda: secmi(pipe, latents, embedding, settings, batch=batch),
    }
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    used: dict[str, list[float]] = {name: [] for name in variants}
    scores = {name: run() for name, run in variants.items()}  # also what is done once is done
    for _ in range(rounds):
        for name, run in variants.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            seconds[name].append(time.perf_counter() - wall)
            used[name].append(time.process_time() - cpu)
    first = f"ours, {batch} at once"
    slow = [secmi_reference.score(pipe, z, embedding) for z in latents[:CHECKED]]
    found: dict[str, Any] = {
        "pictures": len(latents),
        "rounds": rounds,
        "threads": torch.get_num_threads(),
        "device": pipe.unet.device.type,
        "unet_calls": {"ours": settings.calls, "public": PUBLIC_CALLS},
        "largest_difference": {
            "public": max(_apart(scores[name], scores[first]) for name in scores),
            "reference": _apart(scores[first][:CHECKED], torch.tensor(slow)),
        },
    }
    for name in variants:
        found[name] = {
            "pictures_per_second": round(len(latents) / float(np.median(seconds[name])), 3),
            "pictures_per_cpu_second": round(len(latents) / float(np.median(used[name])), 3),
        }
    public = [f"public, {batch} at once", "public, one at a time"]
    found["ratio"] = {name: round(float(np.median(np.array(used[name]) / np.array(used[first]))), 3) for name in public}
    return found


def _apart(a: Tensor, b: Tensor) -> float:
    """The largest difference of two scores of a picture, as a share of the score."""
    return float(((a - b).abs() / b.abs()).max())


def membership(device: str = "cpu", rounds: int = 5) -> dict[str, Any]:
    """On the bundled base and one planted person, printed and returned."""
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline
    from demo.models.sampling import encode_pictures, encode_prompts
    from demo.shake.people import planted

    base = find_base(BUNDLED)
    pipe = load_pipeline(base, device)
    person = planted(base)[0]
    latents = encode_pictures(pipe, [*person.members, *person.non_members])
    found = price(pipe, latents, encode_prompts(pipe, [person.prompt]), rounds, batch=len(latents))
    calls = found["unet_calls"]
    print(
        f"SecMI on {found['device']}, {found['threads']} threads, {found['pictures']} pictures, {rounds} rounds: "
        f"{calls['ours']} UNet calls a picture against {calls['public']} of the public code"
    )
    for name, row in found.items():
        if isinstance(row, dict) and "pictures_per_second" in row:
            print(
                f"  {name}: {row['pictures_per_second']:.2f} pictures a second, "
                f"{row['pictures_per_cpu_second']:.2f} a CPU second"
            )
    for name, ratio in found["ratio"].items():
        print(f"  CPU time, {name} : ours at once = {ratio:.2f}")
    apart = found["largest_difference"]
    print(
        f"  scores: within {apart['public']:.1e} of each other, within {apart['reference']:.1e} of the slow reference"
    )
    return found

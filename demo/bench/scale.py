"""Updates of the weight encoder a second on one process and on several, and how much of the ideal that is.

Strong scaling: the same update shared by all processes. Weak: every process has as many people as one had alone. The
LoRAs are made up; only the time is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from demo.attack.weight_encoder import EncoderSettings
from demo.errors import DemoError
from demo.models.bases import BUNDLED
from demo.settings import Settings
from demo.train import encoder
from demo.train.zoo import Zoo

ROOT = Path(__file__).parents[2]
WARM_UP = 2  # updates before the clock starts


class Load(Settings):
    """What one run trains."""

    people: int  # LoRAs an update, of all processes together
    pictures: int = 4
    updates: int = 10
    device: str = "auto"


class MadeUpZoo(Zoo):
    """Random matrices and latents in the shapes of a base."""

    def __init__(
        self, shapes: dict[str, tuple[int, int]], rank: int, people: int, latent: tuple[int, int, int]
    ) -> None:
        g = torch.Generator().manual_seed(0)
        unet = {}
        for layer, (out, into) in shapes.items():
            unet[f"{layer}.lora_A.weight"] = torch.randn(people, rank, into, generator=g).half()
            unet[f"{layer}.lora_B.weight"] = torch.randn(people, out, rank, generator=g).mul(0.01).half()
        self._items = [(unet, 1.0, 1, torch.randn(people, 5, *latent, generator=g).half(), None)]
        self.people = people


def child(load: Load) -> None:
    """One process of a run; the main one prints a line of JSON."""
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline
    from demo.train.processes import device_of, new_accelerator

    accelerator = new_accelerator(load.device)
    base = find_base(BUNDLED)
    pipe, lora = load_pipeline(base, str(device_of(accelerator, load.device))), find_preset(base.preset)
    fresh = encoder.new_encoder(pipe, base, lora, EncoderSettings())
    config = pipe.unet.config
    zoo = MadeUpZoo(
        fresh.shapes, lora.unet_rank, load.people, (config.in_channels, config.sample_size, config.sample_size)
    )
    settings = encoder.TrainSettings(people=load.people, pictures=load.pictures, updates=WARM_UP + load.updates)
    times: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as work:
        encoder.train(
            pipe,
            base,
            fresh,
            lora,
            settings,
            work=Path(work),
            zoo=zoo,
            log=lambda done, _: times.update({done: time.perf_counter()}),
            log_every=1,
            checkpoint_every=float("inf"),
            accelerator=accelerator,
        )
    if accelerator.is_main_process:
        rate = load.updates / (times[WARM_UP + load.updates] - times[WARM_UP])
        found = {
            "updates_per_second": rate,
            "processes": accelerator.num_processes,
            "threads": torch.get_num_threads(),
            "device": accelerator.device.type,
        }
        print(json.dumps(found), flush=True)
    accelerator.end_training()


def run(processes: int, threads: int, load: Load) -> dict[str, Any]:
    """Launch one run and read what its main process printed.

    Raises:
        DemoError: it failed.
    """
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
    module = ["-m", "demo.bench", "scale", "--child", load.model_dump_json()]
    done = subprocess.run(
        [sys.executable, *launcher, *module],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise DemoError(
            f"The run with {processes} processes failed: {' '.join(done.stderr.split())[-300:]}",
            "Try fewer processes, or --device cpu.",
        )
    return dict(json.loads(lines[-1]))


def scale(processes: int, threads: int, load: Load) -> dict[str, Any]:
    """Measure, print and return updates a second of 1 and of ``processes`` processes, and both efficiencies."""
    busy = os.getloadavg()[0]
    alone = run(1, threads, load)
    strong = run(processes, threads, load)
    weak = run(processes, threads, load.model_copy(update={"people": load.people * processes}))
    rate = alone["updates_per_second"]
    found: dict[str, Any] = {
        "processes": processes,
        "threads": alone["threads"],
        "cores": os.cpu_count(),
        "load_before": round(busy, 2),
        "device": alone["device"],
        "alone": round(rate, 4),
        "strong": round(strong["updates_per_second"], 4),
        "weak": round(weak["updates_per_second"], 4),
        "strong_efficiency": round(strong["updates_per_second"] / rate / processes, 3),
        "weak_efficiency": round(weak["updates_per_second"] / rate, 3),
    } | load.model_dump(include={"people", "pictures", "updates"})
    print(
        f"encoder training on {found['device']}, {found['cores']} cores, {found['threads']} threads a process, "
        f"load {found['load_before']} before the start, {load.updates} updates a run\n"
        f"  1 process, {load.people} people an update: {found['alone']:.3f} updates/s\n"
        f"  {processes} processes, {load.people} people: {found['strong']:.3f} updates/s, "
        f"strong scaling {found['strong_efficiency']:.0%}\n"
        f"  {processes} processes, {load.people * processes} people: {found['weak']:.3f} updates/s, "
        f"weak scaling {found['weak_efficiency']:.0%}",
        flush=True,
    )
    return found

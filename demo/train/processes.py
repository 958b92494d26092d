"""Several processes or machines for one training, by accelerate: gloo between CPUs, nccl between GPUs."""

from __future__ import annotations

import os
from datetime import timedelta

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs

from demo.errors import SettingsError, WeightsError
from demo.finetune.shard import Share
from demo.hardware.devices import choose_device

PATIENCE = timedelta(hours=2)  # one process may draw class images while the others wait for them
RANKS = ("LOCAL_RANK", "WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")


def new_accelerator(device: str = "auto", *, every_part_learns: bool = True) -> Accelerator:
    """The accelerator of this process, whichever launcher started it; plain ``python`` is one process.

    Args:
        device: as on the command line.
        every_part_learns: whether every trainable parameter has a part in every loss.

    Raises:
        SettingsError: accelerate was asked for several processes on CPUs and started one.
    """
    launched = os.environ.get("ACCELERATE_USE_CPU", "").lower() == "true" and "MASTER_ADDR" in os.environ
    if launched and not any(name in os.environ for name in RANKS):
        # Without MPI, accelerate's launcher sets the address for several processes on CPUs, but starts one.
        raise SettingsError(
            "This is the only process: 'accelerate launch --cpu' starts several through MPI alone.",
            "On CPUs launch with: torchrun --nproc_per_node 2 -m demo.train ... --device cpu",
        )
    handlers = [
        InitProcessGroupKwargs(timeout=PATIENCE),
        DistributedDataParallelKwargs(find_unused_parameters=not every_part_learns, broadcast_buffers=False),
    ]
    # Precision is chosen by demo.train.precision, and modules are put where the pipeline is.
    cpu = choose_device(device).type == "cpu"
    return Accelerator(cpu=cpu, mixed_precision="no", device_placement=False, kwargs_handlers=handlers)


def device_of(accelerator: Accelerator, device: str = "auto") -> torch.device:
    """Where this process works: its own accelerator where there are several processes, else what was asked for.

    Raises:
        SettingsError: several processes, and one numbered device for all of them.
    """
    wanted = choose_device(device)
    if accelerator.num_processes == 1 and wanted.type == accelerator.device.type:
        return wanted
    if wanted.index is not None:
        raise SettingsError(
            f"{accelerator.num_processes} processes cannot share {device}.", "Leave the number out: --device cuda"
        )
    return accelerator.device


def share_of(accelerator: Accelerator, people: int) -> Share:
    """The people of an update that this process works on.

    Raises:
        SettingsError: they cannot be dealt out evenly.
    """
    count = accelerator.num_processes
    if people % count:
        raise SettingsError(
            f"{people} people an update cannot be dealt out evenly to {count} processes.",
            f"Set --people to a multiple of {count}.",
        )
    own = people // count
    return Share(accelerator.process_index * own, (accelerator.process_index + 1) * own, people)


def agree(accelerator: Accelerator, done: int, loras: int = 0) -> None:
    """Make sure that all processes go on from the same check-point, and from the same zoo of so many LoRAs.

    Raises:
        WeightsError: they do not.
    """
    if accelerator.num_processes == 1:
        return
    seen = accelerator.gather(torch.tensor([done], device=accelerator.device)).tolist()
    if len(set(seen)) > 1:
        raise WeightsError(
            f"The processes found check-points of different age: updates {seen}.",
            "Let --work be a folder that all machines share.",
        )
    banks = accelerator.gather(torch.tensor([loras], device=accelerator.device)).tolist()
    if len(set(banks)) > 1:
        raise WeightsError(
            f"The processes found zoos of different size: {banks} LoRAs.",
            "Wait until the zoo is built, and let --work be a folder that all machines share.",
        )

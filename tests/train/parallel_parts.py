"""``python -m demo.train`` on a tiny base, in this process or in several started as torchrun starts them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from torch import Tensor

from demo.models.bases import BUNDLED

ROOT = Path(__file__).parents[2]


def people() -> list[list[Image.Image]]:
    """Four people, three smooth random pictures each."""
    small = np.random.default_rng(0).integers(0, 256, size=(12, 4, 4, 3), dtype=np.uint8)
    pictures = [Image.fromarray(s).resize((16, 16), Image.Resampling.BICUBIC) for s in small]
    return [pictures[i : i + 3] for i in range(0, 12, 3)]


def content(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and notes of a safetensors file."""
    with safe_open(path, framework="pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118


def run_commands(folder: Path, cache: Path, commands: Sequence[Sequence[str]]) -> None:
    """Each command line in turn, ``--base tiny`` being the base in ``folder``; ends with what is not 0.

    In float32 on all machines: half a batch rounds otherwise, and in bfloat16 too far for one and two to be compared.
    """
    from accelerate import Accelerator

    from demo.finetune.settings import PRESETS, LoraSettings
    from demo.models.bases import BASES
    from demo.train.__main__ import main

    torch.set_num_threads(1)
    base = replace(BASES[BUNDLED], key="tiny", source=str(folder), side=16, sampling_steps=3, preset="tiny")
    lora = LoraSettings(steps=3, batch=2, class_batch=1, class_images=2, lr=1e-3, unet_rank=4, text_rank=4)
    with (
        patch.dict(BASES, {"tiny": base}),
        patch.dict(PRESETS, {"tiny": lora}),
        patch("demo.train.precision.native_bfloat16", lambda device: False),
        patch("demo.finetune.class_images.CACHE", cache),
        patch("demo.train.encoder_commands._training_people", lambda faces, count: people()),
        patch.object(Accelerator, "end_training", lambda self: None),  # another command follows
    ):
        for command in commands:
            code = main([*command, "--base", "tiny", "--device", "cpu"])
            if code:
                sys.exit(code)


def start(count: int, folder: Path, cache: Path, commands: Sequence[Sequence[str]]) -> list[subprocess.Popen[str]]:
    """``count`` processes that know of each other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
    }
    job = json.dumps([str(folder), str(cache), commands])
    return [
        subprocess.Popen(
            [sys.executable, __file__, job],
            env=shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(count)
    ]


def finish(processes: list[subprocess.Popen[str]]) -> list[str]:
    """What each printed; fails if one failed."""
    printed = [process.communicate(timeout=900)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), "\n".join(printed)
    return printed


if __name__ == "__main__":
    base_folder, class_cache, lines = json.loads(sys.argv[1])
    run_commands(Path(base_folder), Path(class_cache), lines)
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()

"""Base models in memory: on an accelerator one at a time, and what is there already counts as free for its own jobs."""

from __future__ import annotations

import gc
from threading import RLock

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.hardware.devices import choose_device
from demo.models.bases import find_base
from demo.models.load import load_pipeline
from demo.preflight.check import placement_for
from demo.progress import watcher_here

KEPT = 2  # on a CPU
Key = tuple[str, str, bool]  # base, device, whether in 32 bits wherever it is

_kept: dict[Key, StableDiffusionPipeline] = {}
_lock = RLock()


def pipeline(key: str, device: str = "auto", *, precise: bool = False, whole: bool = False) -> StableDiffusionPipeline:
    """The pipeline of a base model, loaded once for a device.

    Args:
        precise: in fp32 on an accelerator, too: changes of a weight smaller than its own rounding do not get lost.
        whole: all models where the computing is, for training: one kept model by model is loaded anew.

    Raises:
        PreflightError: it does not fit this machine; found before anything is downloaded.
        WeightsError: it cannot be had.
    """
    to, base = choose_device(device), find_base(key)
    precise = precise and to.type != "cpu" and not base.bundled  # those are in fp32 anyway: one copy serves both
    wanted = (key, str(to), precise)
    with _lock:
        if whole and wanted in _kept and _offloaded(wanted):
            del _kept[wanted]
        if wanted not in _kept:
            while len(_kept) >= (KEPT if to.type == "cpu" else 1):
                del _kept[next(iter(_kept))]
            if to.type == "cuda":
                gc.collect()
                torch.cuda.empty_cache()
            placement = placement_for(base, device, precise=precise, whole=whole)
            _kept[wanted] = load_pipeline(base, device, placement=placement, precise=precise, watcher=watcher_here())
        return _kept[wanted]


def held(key: str) -> float:
    """Bytes of this process that a job with a base need not find free: its own models, and such as go when it comes.

    Not under the lock, which loading holds for as long as a download takes.
    """
    mine = [item for item in list(_kept.items()) if item[0][0] == key or item[0][1] != "cpu"]
    return float(sum(p.numel() * p.element_size() for item in mine for p in _parameters(*item)))


def _parameters(kept: Key, pipe: StableDiffusionPipeline) -> list[Tensor]:
    """Those in the memory of the device that a pipeline was loaded for: an offloaded one's lie in the CPU's."""
    found = [p for part in (pipe.unet, pipe.text_encoder, pipe.vae) for p in part.parameters()]
    return [p for p in found if kept[1] == "cpu" or p.device.type != "cpu"]


def _offloaded(kept: Key) -> bool:
    return kept[1] != "cpu" and _kept[kept].unet.device.type == "cpu"


def forget() -> None:
    """Let go of all."""
    with _lock:
        _kept.clear()

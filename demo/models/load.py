"""A base model into memory, frozen, in the precision and the place that the device asks for."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import DDIMScheduler, DDPMScheduler, PNDMScheduler, StableDiffusionPipeline

from demo import paths
from demo.errors import WeightsError
from demo.hardware.devices import Placement, choose_device, choose_dtype, find_device
from demo.models.architectures import Architecture
from demo.models.bases import BUNDLED, Base
from demo.models.diffusers_folder import read_architecture
from demo.models.hub import fetch, fetch_configs
from demo.progress import UNWATCHED, Watcher


def architecture_of(base: Base) -> Architecture:
    """The configuration of a base, before any weights are there.

    Raises:
        WeightsError: it cannot be had.
    """
    if base.architecture is not None:
        return base.architecture
    folder = Path(base.source)
    return read_architecture(folder if folder.is_dir() else fetch_configs(base.source, base.revision))


def load_pipeline(
    base: Base,
    device: str = "auto",
    *,
    placement: Placement = "whole",
    precise: bool = False,
    watcher: Watcher = UNWATCHED,
) -> StableDiffusionPipeline:
    """Load a base model, frozen, in evaluation mode, downloading it first if need be.

    Precision and layout in memory: :mod:`demo.hardware.devices`. A bundled base is small, and is in fp32 wherever it
    runs: its figures are, and half precision moves membership attacks' scores.

    Args:
        precise: any base in fp32.

    Raises:
        WeightsError: the folder or the Hub model cannot be had.
        Stopped: the watcher stopped it during a download.
    """
    to = choose_device(device)
    folder = Path(base.source)
    if not folder.is_dir() and not base.source.startswith(str(paths.WEIGHTS)):
        folder = fetch(base.source, base.revision, watcher=watcher)
    try:
        pipe = StableDiffusionPipeline.from_pretrained(
            folder,
            dtype=torch.float32 if precise or base.bundled else choose_dtype(find_device(device)),
            safety_checker=None,
            requires_safety_checker=False,
            feature_extractor=None,  # of the safety checker; 1.4 names a class that transformers has no more
            image_encoder=None,
            use_safetensors=True,
            local_files_only=True,
        )
    except (OSError, ValueError) as error:
        remedy = (
            "Train it with: python -m demo.train base"
            if base.source.startswith(str(paths.WEIGHTS))
            else f"Fetch it again, or choose the bundled base '{BUNDLED}'."
        )
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        reason = reason.replace(str(paths.WEIGHTS), "weights").replace(str(folder), folder.name)  # no path for visitors
        raise WeightsError(f"{base.title} cannot be loaded: {reason}", remedy) from error
    pipe.scheduler = usable_scheduler(pipe.scheduler)
    for module in (pipe.unet, pipe.text_encoder, pipe.vae):
        module.requires_grad_(False).eval()
    pipe.set_progress_bar_config(disable=True)
    if to.type != "cpu" or placement == "offloaded":
        pipe.vae.enable_slicing()  # its activations are what swells: one picture after the other
    if placement == "offloaded":
        pipe.enable_model_cpu_offload(device=to)
        return pipe
    return pipe.to(to)


def usable_scheduler(scheduler: object) -> object:
    """The scheduler, if pictures can be noised and velocities computed with it; else DDIM on the same betas.

    Those that count in sigmas, such as Euler's, noise at another scale; PNDM has no velocity.
    """
    if isinstance(scheduler, (DDIMScheduler, DDPMScheduler)):
        return scheduler
    config = scheduler.config  # type: ignore[attr-defined]
    if isinstance(scheduler, PNDMScheduler) and config.prediction_type != "v_prediction":
        return scheduler
    return DDIMScheduler.from_config(config)

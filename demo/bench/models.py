"""Fine-tuning problems to time steps on: the bundled base, and Stable Diffusion 1.4's architecture without its weights.

Both with as many photos as a step takes, so that a batch of DP-SGD, drawn with rate 1, is as large as a plain one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from demo.errors import SettingsError
from demo.finetune.class_images import class_latents
from demo.finetune.dreambooth import adapters
from demo.finetune.loop import new_optimiser
from demo.finetune.settings import LoraSettings, find_preset
from demo.finetune.step import FineTuningTask
from demo.hardware.devices import choose_device, choose_dtype, find_device, free_memory
from demo.models.architectures import SD14
from demo.models.bases import BUNDLED, find_base
from demo.models.load import load_pipeline
from demo.models.sampling import token_ids

SD_NEEDS = 10e9  # bytes free, for 32 x 32 latents in fp32


@contextmanager
def bundled(device: str = "cpu", latent: int | None = None) -> Iterator[FineTuningTask]:
    """The bundled base with its preset."""
    if latent is not None:
        raise SettingsError("The bundled base has one size of latents.", "Leave --latent out, or add --sd.")
    base = find_base(BUNDLED)
    settings = find_preset(base.preset)
    pipe = load_pipeline(base, device)
    prior = class_latents(pipe, base, settings.class_images)
    ids = token_ids(pipe, [base.instance_prompt.format(trigger="qzx")])
    with problem_of(pipe, prior, ids, token_ids(pipe, [base.class_prompt]), settings) as problem:
        yield problem


@contextmanager
def sd14(device: str = "auto", latent: int | None = None) -> Iterator[FineTuningTask]:
    """Random weights in the shapes of Stable Diffusion 1.4, in the precision that the app has it in.

    Raises:
        SettingsError: neither an accelerator nor enough memory.
    """
    to = choose_device(device)
    if to.type == "cpu" and free_memory() < SD_NEEDS:
        raise SettingsError(
            f"Stable Diffusion's architecture needs {SD_NEEDS / 1e9:.0f} GB of free memory, {free_memory() / 1e9:.0f} "
            "are free.",
            "Take a machine with a GPU, or more memory.",
        )
    torch.manual_seed(0)
    dtype = choose_dtype(find_device(device))
    pipe = SimpleNamespace(
        unet=UNet2DConditionModel(**SD14.unet).to(to, dtype).eval().requires_grad_(False),
        text_encoder=CLIPTextModel(CLIPTextConfig(**SD14.text)).to(to, dtype).eval().requires_grad_(False),
        scheduler=DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False),
    )
    side = latent or sd_side(to)
    ids = torch.randint(0, 49405, (1, 77), device=to)
    prior = torch.randn(8, SD14.unet["in_channels"], side, side)
    with problem_of(pipe, prior, ids, ids.flip(1), find_preset("sd-gpu")) as problem:
        yield problem


def sd_side(device: torch.device) -> int:
    """Side of the latents: 64 is 512 pixels; a CPU gets fewer."""
    return 32 if device.type == "cpu" else 64


@contextmanager
def problem_of(
    pipe: Any, prior: torch.Tensor, ids: torch.Tensor, class_ids: torch.Tensor, settings: LoraSettings
) -> Iterator[FineTuningTask]:
    """A problem with adapters on the pipeline's models, and as many made-up photos as a step takes."""
    torch.manual_seed(0)
    holder: Any = SimpleNamespace(unet=pipe.unet, text_encoder=pipe.text_encoder, scheduler=pipe.scheduler)
    device = pipe.unet.device
    photos = torch.randn(settings.batch, *prior.shape[1:]).to(device)
    with adapters(holder, settings) as parameters:
        optimiser = new_optimiser(parameters, settings)
        yield FineTuningTask(holder, photos, prior.to(device), ids, class_ids, settings, parameters, optimiser, seed=0)

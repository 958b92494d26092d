"""How good a UNet in training is: its loss on pictures that it never sees, and a sheet of pictures to look at.

The loss alone misleads: a UNet of lower loss can draw the worse faces. So look at the sheet, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from PIL import Image
from torch import Tensor

from demo.faces.faces128 import FACES128, decode, read_split
from demo.train import vae
from demo.train.unet import Curriculum, new_scheduler, stratified, velocity_error

PICTURES = 768
PARTS = 4  # groups of channels and of timesteps that the loss is told of
PROMPTS = (
    "a photo of a person",
    "a photo of a woman",
    "a photo of a man",
    "a photo of a young woman, with blond hair, smiling",
    "a photo of an old man, with gray hair",
    "a photo of a man, with a goatee and black hair",
    "a photo of a person, wearing eyeglasses",
    "a photo of a young man, smiling, mouth slightly open",
    "a photo of a woman, with bangs and brown hair",
    "a photo of an old woman, wearing earrings and lipstick",
    "a photo of a man, wearing a hat",
    "a photo of a young woman, with wavy hair, heavy makeup",
)


@dataclass(frozen=True)
class HeldOutLoss:
    """Squared error of v, a number of a latent, over pictures of ``domain_nonmember``."""

    mean: float
    by_channels: tuple[float, ...]  # PARTS groups of channels, those of most variance first
    by_timesteps: tuple[float, ...]  # PARTS groups of timesteps, those of least noise first


def held_out(
    taught: Curriculum, autoencoder: AutoencoderTiny, *, faces: Path = FACES128, pictures: int = PICTURES
) -> tuple[Tensor, Tensor]:
    """Scaled latents (n, c, 8, 8) and text embeddings (n, tokens, width), the same in every call.

    Args:
        taught: what the UNet learns from; its captions are made in the same way.
        autoencoder: with the scale of the latents.
        faces: folder of the data set.
        pictures: how many.
    """
    table = read_split(faces, "domain_nonmember").head(2 * pictures).iloc[::2].reset_index(drop=True)
    own = replace(taught.faces, pixels=decode(table), table=table.rename(columns={"split": "source"}))
    latents = vae.encode(autoencoder, own).float() * autoencoder.config.scaling_factor
    captions = own.captions(np.random.default_rng(0), np.arange(len(own)))
    return latents, torch.cat([taught.contexts(captions[i : i + 64]) for i in range(0, len(captions), 64)])


@torch.no_grad()
def held_out_loss(unet: UNet2DConditionModel, latents: Tensor, contexts: Tensor) -> HeldOutLoss:
    """The loss with fixed noise and timesteps spread over the schedule; all channels count alike."""
    random = torch.Generator().manual_seed(0)
    u, noise = stratified(len(latents), random), torch.randn(latents.shape, generator=random)
    u = u[torch.randperm(len(u), generator=random)]
    errors = []
    for i in range(0, len(latents), 64):
        part = slice(i, i + 64)
        error = velocity_error(unet, latents[part], contexts[part], u[part], noise[part])
        errors.append(error.mean((2, 3)))
    error = torch.cat(errors)  # (n, c)
    by_variance = latents.std(dim=(0, 2, 3)).argsort(descending=True)
    return HeldOutLoss(
        mean=float(error.mean()),
        by_channels=tuple(float(error[:, group].mean()) for group in by_variance.chunk(PARTS)),
        by_timesteps=tuple(float(error[group].mean()) for group in u.argsort().chunk(PARTS)),
    )


@torch.no_grad()
def sheet(
    unet: UNet2DConditionModel,
    taught: Curriculum,
    autoencoder: AutoencoderTiny,
    *,
    rows: int = 4,
    guidance: float = 2.0,
    steps: int = 20,
    tau: float = 0.6,
    seed: int = 0,
) -> Image.Image:
    """PROMPTS side by side, ``rows`` times with other noise; the same noise for every UNet.

    Args:
        tau: factor of the starting noise.
    """
    scheduler = new_scheduler()
    scheduler.set_timesteps(steps)
    channels, side = int(unet.config.in_channels), int(unet.config.sample_size)
    random = torch.Generator().manual_seed(seed)
    x = tau * torch.randn((rows * len(PROMPTS), channels, side, side), generator=random)
    context = torch.cat([taught.contexts([""] * len(x)), taught.contexts(list(PROMPTS) * rows)])
    for t in scheduler.timesteps:
        empty, asked = unet(torch.cat([x, x]), t, encoder_hidden_states=context).sample.chunk(2)
        x = scheduler.step(empty + guidance * (asked - empty), t, x).prev_sample
    drawn = autoencoder.decode(x / autoencoder.config.scaling_factor).sample.clamp(-1, 1)
    pixels = drawn.add(1).mul(127.5).byte().permute(0, 2, 3, 1).numpy()
    lines = [np.concatenate(pixels[i : i + len(PROMPTS)], axis=1) for i in range(0, len(pixels), len(PROMPTS))]
    return Image.fromarray(np.concatenate(lines))

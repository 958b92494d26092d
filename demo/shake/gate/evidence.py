"""What a model finds too easy about its own pictures. It sees the model and the pictures, nothing else.

Two things give a drawn picture away to the model that drew it:

- the decoder made it, so encoding and decoding it again changes little, while a photograph holds detail that the
  autoencoder cannot make (Ricker et al., AEROBLADE, CVPR 2024);
- the denoiser led there, so with some noise on it the model predicts it better than a photograph (as DIRE, Wang et al.,
  ICCV 2023, has it with whole trajectories).

The first is the stronger by far but goes with what is done to pixels: noise brings it back. It is measured against the
picture's own fine detail, or every blurred or evenly lit photograph would pass for a drawn one. The second is weaker,
and works on the latents, where such edits hardly show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from pydantic import Field
from torch import Tensor

from demo.models.bases import Base
from demo.models.sampling import encode_pictures, encode_prompts
from demo.progress import UNWATCHED, Progress, Watcher
from demo.settings import Settings
from demo.shake.attacks.estimates import estimates

STAGE = "gate"
FLOOR = 1e-8  # an error of nothing has no logarithm


class EvidenceSettings(Settings):
    """How pictures are looked at."""

    level: float = Field(0.1, gt=0, lt=1)
    """Time of the noise, as a share of the schedule. On face64, of 0.1 to 0.5 the least noise told most."""
    draws: int = Field(2, ge=1)
    """Noise tensors for each picture, the same ones for all pictures."""
    batch: int = Field(32, ge=1)
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Evidence:
    """Natural logarithms of mean squared errors, one a picture; LOW means drawn by this model."""

    decoder: Tensor  # (n,) of pixels, through the autoencoder and back, as a share of their :func:`detail`
    denoiser: Tensor  # (n,) of scaled latents, predicted from a noisy copy under the class prompt


@torch.no_grad()
def evidence(
    pipe: StableDiffusionPipeline,
    base: Base,
    pictures: Sequence[Image.Image],
    settings: EvidenceSettings | None = None,
    *,
    watcher: Watcher = UNWATCHED,
) -> Evidence:
    """Both errors of every picture.

    The prompt is the base's class prompt: whoever sends a set may say what they like of it.

    Raises:
        Stopped: the watcher stopped it.
    """
    settings = settings or EvidenceSettings()
    embedding = encode_prompts(pipe, [base.class_prompt])
    side = pipe.unet.config.sample_size * pipe.vae_scale_factor
    small = [p.convert("RGB").resize((side, side), Image.Resampling.LANCZOS) for p in pictures]
    decoder, denoiser = [], []
    for start in range(0, len(small), settings.batch):
        watcher.check()
        part = small[start : start + settings.batch]
        latents = encode_pictures(pipe, part)
        decoder.append(_round_trip(pipe, part, latents))
        denoiser.append(_denoising(pipe, latents, embedding, settings))
        watcher.tell(Progress(STAGE, start + len(part), len(small)))
    empty = torch.empty(0)
    return Evidence(torch.cat([empty, *decoder]), torch.cat([empty, *denoiser]))


def _round_trip(pipe: StableDiffusionPipeline, pictures: list[Image.Image], latents: Tensor) -> Tensor:
    """log |D(E(x)) - x|^2 / |x - coarse(x)|^2, (n,)."""
    z = (latents / pipe.vae.config.scaling_factor).to(pipe.vae.device, pipe.vae.dtype)
    decoded, x = pipe.vae.decode(z).sample.float().cpu(), pipe.image_processor.preprocess(pictures)
    error = (decoded - x).square().flatten(1).mean(1)
    return ((error + FLOOR) / (detail(x) + FLOOR)).log()


def detail(pixels: Tensor) -> Tensor:
    """Mean square of what is gone when pictures are reduced to a quarter of their side: (n, c, h, w) -> (n,)."""
    coarse = torch.nn.functional.interpolate(pixels, scale_factor=0.25, mode="area")
    smooth = torch.nn.functional.interpolate(coarse, size=pixels.shape[-2:], mode="bicubic")
    return (pixels - smooth).square().flatten(1).mean(1)


def _denoising(pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor, settings: EvidenceSettings) -> Tensor:
    """log of the mean over draws of |x0(a z + s noise) - z|^2 / d, (n,)."""
    scheduler = pipe.scheduler
    t = int(settings.level * scheduler.config.num_train_timesteps)
    a_bar = scheduler.alphas_cumprod[t].item()
    z = latents.to(pipe.unet.device)
    generator = torch.Generator().manual_seed(settings.seed)
    total = torch.zeros(len(z))
    for _ in range(settings.draws):
        noise = torch.randn(z.shape[1:], generator=generator).to(z)
        x0, _ = estimates(pipe, a_bar**0.5 * z + (1 - a_bar) ** 0.5 * noise, embedding, t)
        total += (x0 - z).square().flatten(1).mean(1).cpu()
    return (total / settings.draws + FLOOR).log()

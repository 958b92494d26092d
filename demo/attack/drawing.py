"""Pictures of embeddings by the released UNet: what all attacks end in."""

from __future__ import annotations

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack.guidance import drawn_with
from demo.attack.settings import AttackSettings
from demo.lora.files import LoraWeights
from demo.models.bases import Base
from demo.models.sampling import draw
from demo.progress import UNWATCHED, Watcher


def draw_embeddings(
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    context: torch.Tensor,
    settings: AttackSettings,
    stage: str,
    watcher: Watcher = UNWATCHED,
    *,
    negative: torch.Tensor | None = None,
) -> list[Image.Image]:
    """Pictures of embeddings (n, tokens, width) by the released UNet.

    Args:
        negative: (1, tokens, width); by default what the public text encoder makes of the negative prompt.
    """
    guidance = settings.weight(base)
    with drawn_with(pipe, released, guidance=guidance, extrapolate=settings.extrapolate):
        return draw(
            pipe,
            context,
            guidance=guidance,
            steps=settings.steps or base.sampling_steps,
            seed=settings.seed,
            tau=base.tau,
            negative=negative,
            negative_prompt=base.negative_prompt,
            stage=stage,
            watcher=watcher,
        )

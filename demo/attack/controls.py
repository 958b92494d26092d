"""Controls of the attacks: what must not find the person."""

from __future__ import annotations

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack.by_encoder import embeddings
from demo.attack.drawing import draw_embeddings
from demo.attack.registry import AttackSettings
from demo.lora.files import LoraWeights
from demo.models.bases import Base
from demo.progress import UNWATCHED, Watcher


def random_lora(like: LoraWeights, seed: int) -> LoraWeights:
    """A LoRA of nobody: Gaussian matrices with the norms of ``like``, matrix by matrix."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, tensor in like.tensors.items():
        noise = torch.randn(tensor.shape, generator=generator)
        tensors[name] = noise * (tensor.float().norm() / noise.norm())
    return LoraWeights(tensors=tensors, alphas=dict(like.alphas), metadata={})


def swapped(
    released: LoraWeights,
    other: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    *,
    watcher: Watcher = UNWATCHED,
) -> list[Image.Image]:
    """Control: the embedding of one person's file in the model of another. Whose face comes out?"""
    context = embeddings(released, pipe, base, settings)
    return draw_embeddings(other, pipe, base, context, settings, "swapped model", watcher)

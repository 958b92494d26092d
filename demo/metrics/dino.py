"""DINO similarity: cosine of the class token of DINO's ViT-S/16."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from demo.metrics.base import Context, Metric, paper_scaling
from demo.models.networks import NetworkSource, torch_device
from demo.stats.intervals import Array, cosine

# The Hub's main branch holds a pickle only; this commit (its pull request 1) adds the same weights as safetensors.
SOURCE = NetworkSource("DINO ViT-S/16", "facebook/dino-vits16", "a7a4d161f5c0bd70478c05ca5777ec7cd8848021")
BATCH = 32
NEEDS = "facebook/dino-vits16 on the Hub (87 MB)"


@lru_cache(maxsize=1)
def _load(source: NetworkSource, device: str) -> tuple[Any, Any]:
    from transformers import ViTImageProcessor, ViTModel

    model = source.load(ViTModel.from_pretrained, add_pooling_layer=False).eval().requires_grad_(False).to(device)
    return model, source.load(ViTImageProcessor.from_pretrained, weights=False)


def embed(images: Sequence[Image.Image], device: str = "auto", source: NetworkSource = SOURCE) -> Array:
    """Class tokens of the last layer, (n, d).

    Raises:
        WeightsError: the model cannot be loaded.
    """
    import torch

    place = torch_device(device)
    model, processor = _load(source, place)
    pixels = processor(images=[image.convert("RGB") for image in images], return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        rows = [model(part.to(place)).last_hidden_state[:, 0].float().cpu() for part in pixels.split(BATCH)]
    return np.asarray(torch.cat(rows).numpy(), dtype=np.float64)


def dino_metrics(source: NetworkSource) -> tuple[Metric, ...]:
    """The similarity as plain cosine and in the paper's scaling."""

    def similarity(context: Context) -> Array:
        pictures, photos = (
            context.embed(source.place, images, lambda some: embed(some, context.device, source))
            for images in (context.pictures, context.photos)
        )
        return np.asarray(cosine(pictures, photos).mean(1))

    return (
        Metric(
            key="dino",
            title="DINO similarity",
            model=source.title,
            scaling="plain cosine of class tokens, mean over the photos",
            higher_is_better=True,
            needs=NEEDS,
            available=source.missing,
            score=similarity,
            limits=(-1.0, 1.0),
        ),
        Metric(
            key="dino_paper",
            title="DINO similarity (paper's scaling)",
            model=source.title,
            scaling="(cos+1)/2 as the paper's code, mean over the photos",
            higher_is_better=True,
            needs=NEEDS,
            available=source.missing,
            score=lambda context: paper_scaling(similarity(context)),
            limits=(0.0, 1.0),
        ),
    )


METRICS = dino_metrics(SOURCE)

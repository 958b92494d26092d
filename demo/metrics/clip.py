"""CLIP-I (picture to photos) and CLIP-T (picture to prompt), by the bundled mini-CLIP and by OpenAI's ViT-L/14."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from demo.metrics.base import Context, Metric, paper_scaling
from demo.models.bases import BUNDLED
from demo.models.networks import NetworkSource, torch_device
from demo.paths import WEIGHTS
from demo.stats.intervals import Array, cosine

BATCH = 32


@dataclass(frozen=True)
class Clip:
    """A CLIP model with its tokenizer."""

    model: NetworkSource
    tokenizer: NetworkSource
    needs: str
    bundled: bool


MINI = Clip(
    model=NetworkSource("The bundled mini-CLIP", str(WEIGHTS / BUNDLED / "clip")),
    tokenizer=NetworkSource("The bundled tokenizer", str(WEIGHTS / BUNDLED / "tokenizer")),
    needs=f"bundled in weights/{BUNDLED}",
    bundled=True,
)
# The commit is the Hub's main branch, the first one that holds safetensors.
_L14 = NetworkSource("CLIP ViT-L/14", "openai/clip-vit-large-patch14", "32bd64288804d66eefd0ccbe215aa642df71cc41")
LARGE = Clip(model=_L14, tokenizer=_L14, needs="openai/clip-vit-large-patch14 on the Hub (1.7 GB)", bundled=False)


COLUMNS = {"clip_t_paper": 1, "clip_i_paper": 2}  # of the table of defences, as in the paper's


@lru_cache(maxsize=2)
def _load(clip: Clip, device: str) -> tuple[Any, Any, Any]:
    from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

    model = clip.model.load(CLIPModel.from_pretrained).eval().requires_grad_(False).to(device)
    processor = clip.model.load(CLIPImageProcessor.from_pretrained, weights=False)
    return model, processor, clip.tokenizer.load(CLIPTokenizer.from_pretrained, weights=False)


def embed_images(clip: Clip, images: Sequence[Image.Image], device: str = "auto") -> Array:
    """Projected image embeddings, (n, d), not normalised.

    Raises:
        WeightsError: the model cannot be loaded.
    """
    import torch

    place = torch_device(device)
    model, processor, _ = _load(clip, place)
    pixels = processor(images=[image.convert("RGB") for image in images], return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        rows = [model.get_image_features(part.to(place)).pooler_output.float().cpu() for part in pixels.split(BATCH)]
    return np.asarray(torch.cat(rows).numpy(), dtype=np.float64)


def embed_text(clip: Clip, prompt: str, device: str = "auto") -> Array:
    """Projected text embedding, (1, d), not normalised; a prompt longer than the model reads is cut.

    Raises:
        WeightsError: the model cannot be loaded.
    """
    import torch

    place = torch_device(device)
    model, _, tokenizer = _load(clip, place)
    length = model.config.text_config.max_position_embeddings
    # Padded to the full length, as pipelines feed a text tower: one trained so reads nothing shorter.
    tokens = tokenizer([prompt], padding="max_length", truncation=True, max_length=length, return_tensors="pt")
    with torch.inference_mode():
        out = model.get_text_features(tokens["input_ids"].to(place), attention_mask=tokens["attention_mask"].to(place))
    return np.asarray(out.pooler_output.float().cpu().numpy(), dtype=np.float64)


def clip_metrics(prefix: str, name: str, clip: Clip) -> tuple[Metric, ...]:
    """CLIP-I and CLIP-T of one model, each as plain cosine and in the paper's scaling.

    Args:
        prefix: of the keys, such as "clip".
        name: of the model, for titles and tables.
        clip: the model.
    """

    def images(context: Context, some: Sequence[Image.Image]) -> Array:
        return context.embed(clip.model.place, some, lambda left: embed_images(clip, left, context.device))

    def clip_i(context: Context) -> Array:
        return np.asarray(cosine(images(context, context.pictures), images(context, context.photos)).mean(1))

    def clip_t(context: Context) -> Array:
        text = embed_text(clip, context.prompt, context.device)
        return np.asarray(cosine(images(context, context.pictures), text)[:, 0])

    scores = (
        (f"{prefix}_i", "CLIP-I", "plain cosine, mean over the photos", clip_i, (-1.0, 1.0)),
        (
            f"{prefix}_i_paper",
            "CLIP-I (paper's scaling)",
            "(cos+1)/2 as the paper's code, mean over the photos",
            lambda context: paper_scaling(clip_i(context)),
            (0.0, 1.0),
        ),
        (f"{prefix}_t", "CLIP-T", "plain cosine to the prompt", clip_t, (-1.0, 1.0)),
        (
            f"{prefix}_t_paper",
            "CLIP-T (paper's scaling)",
            "cosine to the prompt x 100, as the paper",
            lambda context: 100 * clip_t(context),
            (-100.0, 100.0),
        ),
    )
    return tuple(
        Metric(
            key=key,
            title=title,
            model=name,
            scaling=scaling,
            higher_is_better=True,
            needs=clip.needs,
            available=lambda: clip.model.missing() or clip.tokenizer.missing("tokenizer_config.json"),
            score=score,
            limits=limits,
            bundled=clip.bundled,
            column=COLUMNS.get(key, 0),
        )
        for key, title, scaling, score, limits in scores
    )


METRICS = (
    *clip_metrics("clip", f"mini-CLIP of {BUNDLED}", MINI),
    *clip_metrics("clip_l14", "CLIP ViT-L/14 (OpenAI)", LARGE),
)

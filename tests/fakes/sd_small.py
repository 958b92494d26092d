"""Stable Diffusion 1.4 and 2.1 with random weights, and few channels or all, as their repositories lie on a disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, PNDMScheduler, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

from demo.models.architectures import SD14, SD21, Architecture
from demo.train.clip import new_tokenizer

PUBLISHED = {"SD14": SD14, "SD21": SD21}
HEADS = {"SD14": 2, "SD21": (1, 2, 2, 2)}
WIDTH = {"SD14": 24, "SD21": 32}  # of the text states: 768 and 1024


def small(name: str) -> Architecture:
    """The published configuration with all numbers of blocks and layers, and next to no channels."""
    published = PUBLISHED[name]
    channels = {"block_out_channels": (8, 16, 16, 16), "norm_num_groups": 4}
    text = {"hidden_size": WIDTH[name], "intermediate_size": 2 * WIDTH[name], "num_attention_heads": 2}
    return replace(
        published,
        unet={
            **published.unet,
            **channels,
            "sample_size": 8,
            "attention_head_dim": HEADS[name],
            "cross_attention_dim": WIDTH[name],
        },
        text={**published.text, **text},
        vae={**published.vae, "block_out_channels": (4, 4, 4, 4), "norm_num_groups": 4, "layers_per_block": 1},
    )


def save(name: str, folder: Path, *, whole: bool = False) -> Path:
    """Write the folder: tensors, indices and tokenizer under the names that the published repositories have.

    Args:
        whole: at full size, 4 GB.
    """
    torch.manual_seed(0)
    architecture = PUBLISHED[name] if whole else small(name)
    tokenizer = new_tokenizer(["a human face", "an image of a human face with high quality"])
    tokenizer.model_max_length = 77
    text = {**architecture.text, "vocab_size": len(tokenizer)}
    UNet2DConditionModel(**architecture.unet).save_pretrained(folder / "unet")
    AutoencoderKL(**architecture.vae).save_pretrained(folder / "vae")
    CLIPTextModel(CLIPTextConfig(**text)).save_pretrained(folder / "text_encoder")
    kind = {"PNDMScheduler": PNDMScheduler, "DDIMScheduler": DDIMScheduler}[architecture.scheduler_class]
    kind(**architecture.scheduler).save_pretrained(folder / "scheduler")
    tokenizer.save_pretrained(folder / "tokenizer")
    _as_published(folder)
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.10.0.dev0",
        "feature_extractor": ["transformers", "CLIPFeatureExtractor"],  # transformers 5 has no such class
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"] if name == "SD14" else [None, None],
        "scheduler": ["diffusers", architecture.scheduler_class],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


def _as_published(folder: Path) -> None:
    """Text transformer under ``text_model.`` with its position ids; the autoencoder's attention by its old names."""
    path = folder / "text_encoder" / "model.safetensors"
    tensors = {f"text_model.{key.removeprefix('text_model.')}": value for key, value in load_file(path).items()}
    tensors["text_model.embeddings.position_ids"] = torch.arange(77)[None]
    save_file(tensors, path, metadata={"format": "pt"})
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    old = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}
    renamed = {}
    for key, value in load_file(path).items():
        new = next((new for new in old if new in key), None)
        renamed[key if new is None else key.replace(new, old[new])] = value
    save_file(renamed, path, metadata={"format": "pt"})

"""A tiny base model with random weights and the real class structure, for everything that needs one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel

from demo.models.bases import BASES, BUNDLED, Base
from demo.models.load import load_pipeline
from demo.shake.people import Domain
from demo.train.clip import new_tokenizer
from demo.train.unet import new_scheduler

pytest_plugins = ["app_fixtures"]

torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)  # a process for each core


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ordinary StableDiffusionPipeline folder of under a megabyte: 16-pixel pictures, 4 x 4 latents."""
    torch.manual_seed(0)
    tokenizer = new_tokenizer(["a photo of a person", "an old man with gray hair, smiling"])
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=32,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    unet = UNet2DConditionModel(
        sample_size=4,
        in_channels=4,
        out_channels=4,
        block_out_channels=(16, 32),
        norm_num_groups=8,
        down_block_types=("CrossAttnDownBlock2D",) * 2,
        up_block_types=("CrossAttnUpBlock2D",) * 2,
        layers_per_block=1,
        attention_head_dim=2,
        cross_attention_dim=32,
    )
    vae = AutoencoderTiny(
        encoder_block_out_channels=(8,) * 3,
        decoder_block_out_channels=(8,) * 3,
        num_encoder_blocks=(0, 1, 1),
        num_decoder_blocks=(1, 1, 0),
        latent_channels=4,
    )
    pipe = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=new_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    folder = tmp_path_factory.mktemp("tiny") / "base"
    pipe.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_base(tiny_folder: Path) -> Base:
    """The registry entry of the tiny base. Its key has no folder in weights/."""
    return replace(BASES[BUNDLED], key="tiny", source=str(tiny_folder), side=16, sampling_steps=3)


@pytest.fixture
def tiny_pipe(tiny_base: Base) -> StableDiffusionPipeline:
    """A fresh pipeline: tests may change it."""
    return load_pipeline(tiny_base, "cpu")


@pytest.fixture
def pictures() -> list[Image.Image]:
    """Five smooth random pictures, 16 pixels; nobody."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, size=(5, 4, 4, 3), dtype=np.uint8)
    return [Image.fromarray(s).resize((16, 16), Image.Resampling.BICUBIC) for s in small]


@pytest.fixture
def domain(pictures: list[Image.Image]) -> Domain:
    """Nobody: three pictures that count as members, two as non-members."""
    return Domain("Nobody Known", "a photo of nobody known", pictures[:3], pictures[3:], publishable=True)

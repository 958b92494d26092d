"""A base model with random weights: Stable Diffusion 1.4's architecture with all its parts, or a tiny one for tests."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel

from demo.files import write_tensors
from demo.finetune.settings import LoraSettings, find_preset
from demo.models.architectures import SD14
from demo.models.bases import BASES, Base
from demo.train.clip import new_tokenizer
from demo.train.encoder import layer_shapes

TINY_UNET = {**SD14.unet} | {"sample_size": 4, "block_out_channels": (8, 8, 16, 16), "norm_num_groups": 4}
TINY_UNET |= {"layers_per_block": 1, "attention_head_dim": 2, "cross_attention_dim": 16}
TINY_TEXT = {**SD14.text} | {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
TINY_TEXT |= {"vocab_size": 2048}
TINY_VAE = {**SD14.vae} | {
    "sample_size": 32,
    "block_out_channels": (4,) * 4,
    "norm_num_groups": 2,
    "layers_per_block": 1,
}
PHOTOS = 5


@dataclasses.dataclass(frozen=True)
class RandomBase(Base):
    """A base whose files, made-up class images among them, lie in a folder of its own."""

    place: Path = dataclasses.field(default=Path(), repr=False)

    @property
    def folder(self) -> Path:
        """Where class images are looked for."""
        return self.place


def random_pipeline(device: torch.device, dtype: torch.dtype, *, tiny: bool = False) -> StableDiffusionPipeline:
    """Frozen, in evaluation mode, with a tokenizer of few words: a text encoder takes as long whatever the words."""
    torch.manual_seed(0)
    unet, text, vae = (TINY_UNET, TINY_TEXT, TINY_VAE) if tiny else (SD14.unet, SD14.text, SD14.vae)
    tokenizer = new_tokenizer(["A human face", "An image of a human face with high quality"])
    tokenizer.model_max_length = text["max_position_embeddings"]
    with device:  # random numbers by the billion are drawn where they are fast
        parts = {
            "unet": UNet2DConditionModel(**unet),
            "text_encoder": CLIPTextModel(CLIPTextConfig(**text)),
            "vae": AutoencoderKL(**vae),
        }
    for module in parts.values():
        module.to(device, dtype).eval().requires_grad_(False)
    pipe = StableDiffusionPipeline(
        **parts,
        tokenizer=tokenizer,
        scheduler=PNDMScheduler(**SD14.scheduler),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def random_base(pipe: StableDiffusionPipeline, folder: Path) -> RandomBase:
    """The registry's entry for Stable Diffusion 1.4, of this pipeline's size, with noise for class images."""
    unet = pipe.unet.config
    entry = BASES["sd14"]
    known = {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry) if field.init}
    known |= {"key": "random", "side": unet.sample_size * pipe.vae_scale_factor}
    shape = (preset().class_images, unet.in_channels, unet.sample_size, unet.sample_size)
    latents = torch.randn(shape, generator=torch.Generator().manual_seed(0)).half()
    write_tensors(folder / "class_latents.safetensors", {"latents": latents})
    return RandomBase(**known, place=folder)


def preset() -> LoraSettings:
    """The paper's settings for Stable Diffusion 1.4."""
    return find_preset("sd-gpu")


def noise_pictures(count: int, side: int, seed: int = 0) -> list[Image.Image]:
    """Pictures of nobody."""
    rng = np.random.default_rng(seed)
    return [Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)) for _ in range(count)]


def random_zoo(pipe: StableDiffusionPipeline, lora: LoraSettings, people: int, folder: Path) -> Path:
    """A zoo of one group of LoRAs that nobody has trained, in the layout of :mod:`demo.train.zoo`."""
    generator = torch.Generator().manual_seed(0)
    unet = pipe.unet.config
    side = unet.sample_size
    tensors = {"latents": torch.randn(people, PHOTOS, unet.in_channels, side, side, generator=generator).half()}
    for layer, (out, into) in layer_shapes(pipe, lora).items():
        a = torch.randn(people, lora.unet_rank, into, generator=generator) * into**-0.5
        b = torch.randn(people, out, lora.unet_rank, generator=generator) * 0.01
        tensors[f"{lora.steps}/{layer}.lora_A.weight"] = a.half()
        tensors[f"{lora.steps}/{layer}.lora_B.weight"] = b.half()
    notes = {"steps": str(lora.steps), "scale": str(lora.unet_alpha / lora.unet_rank), "base": "random"}
    write_tensors(folder / "group-00000.safetensors", tensors, notes)
    return folder

"""Published configurations of Stable Diffusion, without weights: for estimates, benchmarks and tests.

Of 2.1 they reproduce the published files to the byte (checked by their SHA-256 at the pinned revision), but for the
version notes in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Architecture:
    """What builds a base's models: keyword arguments of the classes."""

    unet: Config  # UNet2DConditionModel
    text: Config  # CLIPTextConfig
    vae: Config  # AutoencoderKL or AutoencoderTiny
    scheduler: Config
    vae_class: str = "AutoencoderKL"
    scheduler_class: str = "PNDMScheduler"

    @property
    def factor(self) -> int:
        """Pixels on a side of one number of the latents."""
        return int(2 ** (len(self.vae["block_out_channels"]) - 1))

    @property
    def side(self) -> int:
        """Pixels on a side of a picture."""
        return int(self.unet["sample_size"]) * self.factor


_UNET: dict[str, Any] = {
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    "layers_per_block": 2,
    "norm_num_groups": 32,
}
_TEXT: dict[str, Any] = {"vocab_size": 49408, "max_position_embeddings": 77}
_VAE: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
}
_SCHEDULER: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "set_alpha_to_one": False,
    "steps_offset": 1,
}

SD14 = Architecture(
    unet={**_UNET, "sample_size": 64, "attention_head_dim": 8, "cross_attention_dim": 768},
    text={
        **_TEXT,
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "hidden_act": "quick_gelu",
        "projection_dim": 768,
    },
    vae={**_VAE, "sample_size": 512},
    scheduler={**_SCHEDULER, "skip_prk_steps": True},
)

SD21 = Architecture(
    unet={
        **_UNET,
        "sample_size": 96,
        "attention_head_dim": (5, 10, 20, 20),  # the number of heads, as in 1.4: 64 channels each
        "cross_attention_dim": 1024,
        "use_linear_projection": True,
        "upcast_attention": True,
    },
    text={
        **_TEXT,
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 23,  # of OpenCLIP's 24: the last but one is what the UNet was trained on
        "num_attention_heads": 16,
        "hidden_act": "gelu",
        "projection_dim": 512,
    },
    vae={**_VAE, "sample_size": 768},
    scheduler={**_SCHEDULER, "clip_sample": False, "prediction_type": "v_prediction"},
    scheduler_class="DDIMScheduler",
)

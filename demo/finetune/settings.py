"""Settings of DreamBooth fine-tuning, and presets named by hardware."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from demo.settings import Settings, registered


class LoraSettings(Settings):
    """DreamBooth with LoRA. Defaults are the paper's for Stable Diffusion 1.4 (section V-A3)."""

    unet_targets: tuple[str, ...] = ("to_q", "to_v")
    unet_rank: int = Field(16, ge=1, le=256)
    unet_alpha: float = Field(27, gt=0)
    train_text_encoder: bool = True
    text_targets: tuple[str, ...] = ("q_proj", "v_proj")
    text_rank: int = Field(16, ge=1, le=256)
    text_alpha: float = Field(17, gt=0)
    steps: int = Field(1000, ge=1, le=20_000)
    batch: int = Field(1, ge=1, le=64)  # private photos a step
    optimiser: Literal["adamw", "muon"] = "adamw"  # muon: the step of each matrix is orthogonalised
    lr: float = Field(1e-4, gt=0, lt=1)
    lr_schedule: Literal["constant", "cosine"] = "constant"  # cosine: down to nothing at the last step
    weight_decay: float = Field(0.01, ge=0)
    epsilon: float = Field(1e-8, gt=0)  # AdamW's
    max_grad_norm: float = Field(1.0, gt=0)
    prior_weight: float = Field(1.0, ge=0)  # 0: no prior preservation
    class_images: int = Field(200, ge=1, le=2000)
    class_batch: int = Field(1, ge=1, le=64)
    sample_every: int = Field(100, ge=0)  # steps between live samples; 0: none

    def lr_at(self, step: int) -> float:
        """Learning rate of a step, counted from 0: as in diffusers, with no state that a resumed run must restore."""
        return self.lr if self.lr_schedule == "constant" else self.lr * (1 + math.cos(math.pi * step / self.steps)) / 2


# In so small a UNet queries and values alone cannot hold a face: weights/LOG.md has the lesson.
_SMALL = LoraSettings(
    unet_targets=("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2"),
    unet_rank=32,
    unet_alpha=32,
    steps=200,
    batch=4,
    class_batch=2,
    lr=3e-3,
    lr_schedule="cosine",
    class_images=200,
    sample_every=50,
)

PRESETS: dict[str, LoraSettings] = {
    "sd-gpu": LoraSettings(),
    "face64-cpu": _SMALL,
    # Of the next base; not settled: weights/TRAINING.md says what it costs.
    "face128-cpu": _SMALL.model_copy(update={"optimiser": "muon", "lr": 1e-2}),
}


def find_preset(name: str) -> LoraSettings:
    """The preset called ``name``.

    Raises:
        SettingsError: there is none of that name.
    """
    return registered("preset", name, PRESETS)

"""The training loop of diffusers' own script for DreamBooth with LoRA, for a comparison in the same run.

After examples/dreambooth/train_dreambooth_lora.py at commit 80628708190f02a67c5c8ee791b3881dfd8a122d (its main loop,
with PEFT's adapters): accelerate's mixed precision, a DataLoader over pictures that are cropped and normalised each
time, the VAE's encoder at every step, prior preservation by one batch of both. Left out: logging, validation,
check-points, and reading pictures from disk, which are in memory here; all of that takes time of the script's.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from diffusers import StableDiffusionPipeline
from diffusers.optimization import get_scheduler
from diffusers.training_utils import cast_training_params
from peft import LoraConfig
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from demo.finetune.settings import LoraSettings

SOURCE = "huggingface/diffusers examples/dreambooth/train_dreambooth_lora.py at 8062870"


class Examples(Dataset[dict[str, Tensor]]):
    """Instance and class pictures with the ids of their prompts, as the script's data set gives them."""

    def __init__(
        self, pictures: Sequence[Image.Image], others: Sequence[Image.Image], ids: Tensor, class_ids: Tensor, side: int
    ) -> None:
        self._pictures, self._others, self._ids, self._class_ids = pictures, others, ids.cpu(), class_ids.cpu()
        self._transform = transforms.Compose(
            [
                transforms.Resize(side, interpolation=transforms.InterpolationMode.BILINEAR),
                transforms.RandomCrop(side),
                transforms.ToTensor(),
                transforms.Normalize([0.5], [0.5]),
            ]
        )

    def __len__(self) -> int:
        return max(len(self._pictures), len(self._others))

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """One of each."""
        return {
            "instance": self._transform(self._pictures[index % len(self._pictures)]),
            "class": self._transform(self._others[index % len(self._others)]),
            "ids": self._ids,
            "class_ids": self._class_ids,
        }


def collate(examples: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Instance pictures first, class pictures behind them: one pass does for both."""
    pixels = [e["instance"] for e in examples] + [e["class"] for e in examples]
    ids = [e["ids"] for e in examples] + [e["class_ids"] for e in examples]
    return {"pixels": torch.stack(pixels).float(), "ids": torch.cat(ids)}


class DiffusersLoop:
    """One step a call, with the optimiser and settings of this project's run.

    Args:
        pipe: its UNet and text encoder are copied, for accelerate changes them for good.
        ids, class_ids: (1, tokens).
    """

    def __init__(
        self,
        pipe: StableDiffusionPipeline,
        pictures: Sequence[Image.Image],
        others: Sequence[Image.Image],
        ids: Tensor,
        class_ids: Tensor,
        settings: LoraSettings,
    ) -> None:
        self._settings, self._pipe = settings, pipe
        self._dtype = pipe.unet.dtype
        mixed = {torch.float16: "fp16", torch.bfloat16: "bf16"}.get(self._dtype, "no")
        on_cpu = pipe.unet.device.type == "cpu"
        self._forget()  # whoever has used accelerate in this process
        with ExitStack() as undo:
            undo.callback(self._forget)  # a failure, such as too little memory: nobody would close it
            self._accelerator = Accelerator(mixed_precision="no" if on_cpu else mixed, cpu=on_cpu)
            unet, text = copy.deepcopy(pipe.unet), copy.deepcopy(pipe.text_encoder)
            unet.add_adapter(_config(settings.unet_rank, settings.unet_alpha, settings.unet_targets))
            models: list[nn.Module] = [unet]
            if settings.train_text_encoder:
                text.add_adapter(_config(settings.text_rank, settings.text_alpha, settings.text_targets))
                models.append(text)
            cast_training_params(models, dtype=torch.float32)
            self._parameters = [p for model in models for p in model.parameters() if p.requires_grad]
            optimiser = torch.optim.AdamW(
                self._parameters, lr=settings.lr, weight_decay=settings.weight_decay, eps=settings.epsilon
            )
            side = pipe.unet.config.sample_size * pipe.vae_scale_factor
            data = Examples(pictures, others, ids, class_ids, side)
            loader: Any = DataLoader(data, batch_size=settings.batch, shuffle=True, collate_fn=collate)
            schedule = get_scheduler("constant", optimizer=optimiser)
            prepare = self._accelerator.prepare
            prepared: Any = prepare(unet, optimiser, loader, schedule)
            self._unet, self._optimiser, self._loader, self._schedule = prepared
            self._text: Any = prepare(text) if settings.train_text_encoder else text
            self._unet.train()
            if settings.train_text_encoder:
                self._text.train()
            self._batches = self._epochs()
            undo.pop_all()

    def _epochs(self) -> Iterator[dict[str, Tensor]]:
        while True:
            yield from self._loader

    def __call__(self) -> float:
        """Take a step; the loss before it."""
        pipe, settings, accelerator = self._pipe, self._settings, self._accelerator
        batch = next(self._batches)
        with accelerator.accumulate(self._unet):
            pixels = batch["pixels"].to(dtype=self._dtype)
            x0 = pipe.vae.encode(pixels).latent_dist.sample() * pipe.vae.config.scaling_factor
            noise = torch.randn_like(x0)
            steps = pipe.scheduler.config.num_train_timesteps
            t = torch.randint(0, steps, (len(x0),), device=x0.device).long()
            noisy = pipe.scheduler.add_noise(x0, noise, t)
            context = self._text(batch["ids"].to(x0.device), return_dict=False)[0]
            out = self._unet(noisy, t, context, return_dict=False)[0]
            (own, other), (target, target_other) = out.chunk(2), noise.chunk(2)
            loss = nn.functional.mse_loss(own.float(), target.float())
            loss = loss + settings.prior_weight * nn.functional.mse_loss(other.float(), target_other.float())
            accelerator.backward(loss)
            if accelerator.sync_gradients:
                accelerator.clip_grad_norm_(self._parameters, settings.max_grad_norm)
            self._optimiser.step()
            self._schedule.step()
            self._optimiser.zero_grad()
        return float(loss.detach().item())

    def close(self) -> None:
        """Let go of the copies; accelerate begins anew for whoever comes next."""
        self._accelerator.free_memory()
        del self._unet, self._text, self._optimiser, self._schedule, self._loader, self._batches
        self._parameters = []
        self._forget()

    @staticmethod
    def _forget() -> None:
        AcceleratorState._reset_state(reset_partial_state=True)


def _config(rank: int, alpha: float, targets: Sequence[str]) -> LoraConfig:
    return LoraConfig(r=rank, lora_alpha=alpha, init_lora_weights="gaussian", target_modules=list(targets))

"""LoRA (Hu et al. 2022) on queries and values, as the demo's own fine-tuning has it; a defence can be plugged in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

import torch
from pydantic import Field, SerializeAsAny

from demo.defences.base import Defence, NoDefence
from demo.finetune.dreambooth import adapters, applied, collect
from demo.finetune.settings import LoraSettings
from demo.models.bases import Base
from demo.shake.methods.base import Shaken, Trained, count
from demo.shake.methods.training import Run


class Lora(Trained):
    """Low-rank updates of the attention's queries and values, in the denoiser and in the text encoder."""

    key: ClassVar[str] = "lora"
    title: ClassVar[str] = "LoRA"
    explanation: ClassVar[str] = (
        "Small matrices beside the attention's own are trained on the set; the weights themselves stay fixed."
    )
    rates: ClassVar[Mapping[str, float]] = {"face64-cpu": 1e-3, "sd-gpu": 1e-4}

    rank: int = Field(8, ge=1, le=256)  # the public code's
    alpha: float | None = Field(None, gt=0)  # None: four times the rank, the public code's 32 for rank 8
    train_text_encoder: bool = True
    defence: SerializeAsAny[Defence] | None = None  # of whoever runs the fine-tuning

    @property
    def label(self) -> str:
        """With rank and defence."""
        guarded = "" if self.defence is None or self.defence.key == "none" else f", {self.defence.label}"
        return f"{self.title}, rank {self.rank}{guarded}"

    def settings(self, base: Base) -> LoraSettings:
        """The run as the training loop knows it."""
        alpha = 4.0 * self.rank if self.alpha is None else self.alpha
        return self.tuning(
            base,
            unet_rank=self.rank,
            unet_alpha=alpha,
            text_rank=self.rank,
            text_alpha=alpha,
            train_text_encoder=self.train_text_encoder,
        )

    @contextmanager
    def _shaken(self, run: Run) -> Iterator[Shaken]:
        """See :meth:`Method.shaken`.

        Raises:
            SettingsError: the defence cannot be had with these settings.
        """
        settings, defence = self.settings(run.base), self.defence or NoDefence()
        defence.check(len(run.latents), settings)
        prior = run.class_images(settings)
        with torch.random.fork_rng():
            torch.manual_seed(run.seed)  # adapters start at random
            with adapters(run.pipe, settings) as parameters:
                losses = run.train(parameters, settings, prior=prior, defence=defence)
                trained = count(parameters)
                lora = defence.release(collect(run.pipe, settings))
        with applied(run.pipe, lora):
            yield Shaken(run.pipe, run.embedding(), trained, losses)

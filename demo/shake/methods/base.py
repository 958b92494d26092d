"""What a fine-tuning method is: it changes the model by training on a set of pictures, and gives it back as it was."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from diffusers import StableDiffusionPipeline
from pydantic import Field
from torch import Tensor, nn

from demo.errors import SettingsError
from demo.finetune.settings import LoraSettings
from demo.models.bases import Base
from demo.progress import UNWATCHED, Watcher
from demo.settings import Settings
from demo.shake.methods.training import Run


@dataclass(frozen=True)
class Budget:
    """Steps and pictures a step, by the preset of a base."""

    steps: int
    batch: int


# face64 on one core takes 1/60 s for a picture of a training step: 150 x 8 pictures are 20 s.
# Stable Diffusion: a tenth of the public code's 2,000 pictures x 100 epochs / batch 4, for a set of a tenth.
BUDGETS: Mapping[str, Budget] = {"face64-cpu": Budget(150, 8), "sd-gpu": Budget(5000, 4)}
CLASS_IMAGES = 200  # as many as the bundled base ships


@dataclass(frozen=True, eq=False)
class Shaken:
    """A fine-tuned model. Valid inside the context that gave it."""

    pipe: StableDiffusionPipeline
    embedding: Tensor  # (1, tokens, width): the target prompt as this method conditions on it
    parameters: int  # trained
    losses: Sequence[float]  # one a step


class Method(Settings, ABC):
    """A way to fine-tune and its settings in one frozen object; a new one is a subclass in a file of its own."""

    key: ClassVar[str]
    title: ClassVar[str]
    explanation: ClassVar[str]  # one or two sentences for a visitor
    uses_pictures: ClassVar[bool] = True  # False: there is no set to draw, and no control

    @property
    def label(self) -> str:
        """Title and what is unusual about the settings, for a row of a table."""
        return self.title

    def budget(self, base: Base) -> Mapping[str, object]:
        """What is spent on a base, to be named in a report."""
        return {}

    def shaken(
        self,
        pipe: StableDiffusionPipeline,
        base: Base,
        latents: Tensor,
        prompt: str,
        *,
        target: str | None = None,
        seed: int,
        watcher: Watcher = UNWATCHED,
    ) -> AbstractContextManager[Shaken]:
        """Fine-tune on a set; inside the context the model is changed, afterwards it is as it was found.

        Args:
            latents: (n, c, h, w) scaled latents of the set.
            prompt: under which the pictures are trained on.
            target: whose embedding is wanted, where that is another prompt: a control set has its own.
            seed: of start, order, timesteps and noise; the pictures' own is another.
            watcher: asked at every step.

        Raises:
            Stopped: the watcher stopped it; half a fine-tuning is no result.
            DemoError: the loss is not finite.
        """
        return self._shaken(Run(pipe, base, latents, prompt, target or prompt, seed, watcher))

    @abstractmethod
    def _shaken(self, run: Run) -> AbstractContextManager[Shaken]:
        """What :meth:`shaken` does, by this method."""


class Trained(Method):
    """A method with a training loop. Settings that are None are the base's: :data:`BUDGETS` and ``rates``."""

    rates: ClassVar[Mapping[str, float]]  # preset of a base -> learning rate
    all_weights: ClassVar[bool] = False  # whether whole models are trained
    prior: ClassVar[bool] = False  # whether half of the pictures of a step are class images

    steps: int | None = Field(None, ge=1, le=1_000_000)
    batch: int | None = Field(None, ge=1, le=256)  # pictures a step, class images among them
    lr: float | None = Field(None, gt=0, lt=1)

    def tuning(self, base: Base, **more: object) -> LoraSettings:
        """The run as the training loop knows it, with all that is the base's.

        Class images, where there are any, take half of a step's pictures, so that every method costs the same.

        Args:
            more: further fields of LoraSettings.

        Raises:
            SettingsError: no budget is known for this kind of base.
        """
        if base.preset not in BUDGETS:
            raise SettingsError(f"No budget is known for '{base.preset}'.", f"Known: {', '.join(BUDGETS)}.")
        budget = BUDGETS[base.preset]
        batch = self.batch or budget.batch
        own = -(-batch // 2) if self.prior else batch
        return LoraSettings.model_validate(
            {
                "steps": self.steps or budget.steps,
                "batch": own,
                "class_batch": max(1, batch - own),
                "class_images": CLASS_IMAGES,
                "prior_weight": 1.0 if self.prior else 0.0,
                "lr": self.lr or self.rates[base.preset],
                "lr_schedule": "cosine",
                "sample_every": 0,
            }
            | more
        )

    def budget(self, base: Base) -> Mapping[str, object]:
        """Steps, pictures a step (class images among them) and the rate at the start."""
        tuning = self.tuning(base)
        pictures = tuning.batch + (tuning.class_batch if self.prior else 0)
        return {"steps": tuning.steps, "batch": pictures, "lr": tuning.lr}


@contextmanager
def changed(*modules: nn.Module | Any) -> Iterator[list[nn.Parameter]]:
    """Copies of all weights in fp32, free to be changed; the very tensors that were there come back at the end.

    Yields:
        the parameters, which do not require gradients yet.
    """
    kept: dict[nn.Parameter, Tensor] = {p: p.data for module in modules for p in module.parameters()}
    try:
        for p, original in kept.items():
            p.data = original.to(torch.float32, copy=True)  # small steps vanish in fp16
        yield list(kept)
    finally:
        for p, original in kept.items():
            p.requires_grad_(False)
            p.grad = None
            p.data = original


def settle(modules: Sequence[nn.Module | Any], dtype: torch.dtype) -> None:
    """The end of training: no gradients, weights in the precision that the pipeline works with."""
    for module in modules:
        for p in module.parameters():
            p.requires_grad_(False)
            p.grad = None
            p.data = p.data.to(dtype)


def count(parameters: Sequence[nn.Parameter]) -> int:
    """How many numbers are trained."""
    return sum(p.numel() for p in parameters)

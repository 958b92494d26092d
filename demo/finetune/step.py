"""One step of a fine-tuning, and who says how it is taken: a defence, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.finetune.loss import Denoising, half_scale
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.lora.ledger import Ledger


@dataclass(frozen=True, eq=False)
class FineTuningTask:
    """One fine-tuning run as its owner sees it. Whoever trains it works on the victim's side and sees the photos.

    Args:
        photos: (n, c, h, w) scaled latents of the private photos.
        prior: (m, c, h, w) scaled latents of class images, public; None without prior preservation.
        ids: (1, tokens), the instance prompt with the trigger.
        class_ids: (1, tokens), the class prompt.
        parameters: A and B of every adapted layer, on ``pipe.unet`` and ``pipe.text_encoder``.
        optimiser: over ``parameters``.
    """

    pipe: StableDiffusionPipeline
    photos: Tensor
    prior: Tensor | None
    ids: Tensor
    class_ids: Tensor
    settings: LoraSettings
    parameters: Sequence[torch.nn.Parameter]
    optimiser: torch.optim.Optimizer
    seed: int


def loss_scale(problem: FineTuningTask) -> float:
    """See :func:`demo.finetune.loss.half_scale`."""
    return half_scale(problem.pipe.unet, problem.photos[0])


def descend(loss: Tensor, problem: FineTuningTask) -> None:
    """The optimiser's step down a loss, its gradient clipped; none where fp16 overflowed, for then it is unknown."""
    scale = loss_scale(problem)
    problem.optimiser.zero_grad(set_to_none=True)
    (loss * scale).backward()
    gradients = [p.grad for p in problem.parameters if p.grad is not None]
    if scale != 1:
        torch._foreach_div_(gradients, scale)
    norm = torch.nn.utils.clip_grad_norm_(problem.parameters, problem.settings.max_grad_norm)
    if scale == 1 or torch.isfinite(norm):
        problem.optimiser.step()


class Step(Protocol):
    """One optimiser step after the other."""

    def __call__(self) -> float | None:
        """Take a step; the loss before it, or None when no further step may be taken.

        A loss that is not finite is the caller's to refuse.
        """

    def close(self) -> None:
        """The end of the run, whatever happened."""

    def spent(self) -> str | None:
        """What the steps so far have cost, in words for the progress line; None where nothing is counted."""

    def state_dict(self) -> dict[str, Any]:
        """What the steps so far have changed in it: counters, generators, networks and optimisers of its own.

        The fine-tuning's own parameters and optimiser are not among it (:mod:`demo.finetune.resume`).
        """

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Stand where a step with the same settings stood when it gave its ``state``."""


class PlainStep:
    """DreamBooth's own step: mean loss, clipped gradient."""

    def __init__(self, problem: FineTuningTask) -> None:
        self._problem = problem
        self._loss = Denoising(
            problem.pipe,
            problem.photos[None],
            problem.prior,
            problem.ids,
            problem.class_ids,
            problem.settings,
            problem.seed,
        )

    def __call__(self) -> float:
        """One step on photos and class images."""
        loss = self._loss().sum()
        if torch.isfinite(loss):
            descend(loss, self._problem)
        return loss.item()

    def close(self) -> None:
        """Nothing to undo."""

    def spent(self) -> str | None:
        """Nothing is counted."""
        return None

    def state_dict(self) -> dict[str, Any]:
        """The generator of the loss."""
        return {"loss": self._loss.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The generator of the loss."""
        self._loss.load_state_dict(state["loss"])


class Method(Protocol):
    """How a LoRA is trained, and what of it is released. The defences are such methods."""

    def check(self, photos: int, settings: LoraSettings) -> None:
        """Refuse, before any work, what cannot be done.

        Raises:
            SettingsError: for example no budget for even one step.
        """

    def training(self, problem: FineTuningTask) -> Step:
        """The steps of a run."""

    def release(self, lora: LoraWeights) -> LoraWeights:
        """What is written to the file, made from what was trained."""

    def ledger(self, photos: int, settings: LoraSettings, steps: int) -> Ledger | None:
        """What has been spent and what that proves, after ``steps`` steps on ``photos`` photos."""


class Plain:
    """DreamBooth as it is published: plain steps, everything released, nothing proved."""

    def check(self, photos: int, settings: LoraSettings) -> None:
        """Everything can be done."""

    def training(self, problem: FineTuningTask) -> Step:
        """Plain steps."""
        return PlainStep(problem)

    def release(self, lora: LoraWeights) -> LoraWeights:
        """All of it."""
        return lora

    def ledger(self, photos: int, settings: LoraSettings, steps: int) -> None:
        """Nothing is counted."""

"""What a defence is: it may change how a LoRA is trained, and what of it is released. It says what it guarantees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.defences.ledger import Ledger
from demo.finetune.loss import Denoising, half_scale
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.settings import Settings


@dataclass(frozen=True, eq=False)
class FineTuningTask:
    """One fine-tuning run as its owner sees it. Defences work on the victim's side, so they see the photos.

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


EPSILONS = (10.0, 2.0, 0.1)  # of one photo, as the paper tries them
DELTA = 1e-6  # the paper's


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


class Defence(Settings):
    """A defence and its settings in one frozen object; a new one is a subclass in a file of its own.

    Override :meth:`training`, :meth:`release` or both, :meth:`check` and :meth:`ledger`.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    explanation: ClassVar[str]  # one or two sentences for a visitor
    has_epsilon: ClassVar[bool] = False  # whether ``epsilon`` is among the settings
    tried_at: ClassVar[tuple[float, ...]] = ()  # epsilons of a sweep's default plan; empty: once, as it comes

    @property
    def label(self) -> str:
        """Title and strength, for a row of a table."""
        return self.title

    @property
    def trains_plainly(self) -> bool:
        """Whether it fine-tunes as no defence does, so that one fine-tuning serves all such defences."""
        return type(self).training is Defence.training

    @property
    def preselected(self) -> bool:
        """Whether the app offers it ticked: the paper's two with their extremes, and the quick ones."""
        return True

    def check(self, photos: int, settings: LoraSettings) -> None:
        """Refuse, before any work, what cannot be done.

        Raises:
            SettingsError: for example no budget for even one step.
        """

    def training(self, problem: FineTuningTask) -> Step:
        """The steps of a run."""
        return PlainStep(problem)

    def release(self, lora: LoraWeights) -> LoraWeights:
        """What is written to the file, made from what was trained."""
        return lora

    def ledger(self, photos: int, settings: LoraSettings, steps: int) -> Ledger:
        """What has been spent and what that proves, after ``steps`` steps on ``photos`` photos."""
        return Ledger(
            defence=self.key,
            title=self.label,
            guarantee="none",
            sentences=("No privacy guarantee of any kind.",),
            settings=self.model_dump(),
            steps=steps,
            photos=photos,
        )


class NoDefence(Defence):
    """The plain LoRA."""

    key: ClassVar[str] = "none"
    title: ClassVar[str] = "No defence"
    explanation: ClassVar[str] = "The LoRA is released as DreamBooth trained it."

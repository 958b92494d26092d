"""The loop that all fine-tuning goes through: a defence's steps under the settings' schedule."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
from PIL import Image

from demo.errors import DemoError
from demo.finetune.muon import Muon
from demo.finetune.settings import LoraSettings
from demo.finetune.step import Step
from demo.progress import UNWATCHED, Progress, Watcher

STAGE = "fine-tune"


def new_optimiser(parameters: Iterable[Any], settings: LoraSettings) -> torch.optim.Optimizer:
    """The optimiser of all fine-tuning.

    AdamW is fused: over a hundred small matrices it costs a fifth of the plain one.

    Args:
        parameters: tensors, or groups of them with rates of their own; for Muon, matrices or stacks of them.
    """
    if settings.optimiser == "muon":
        return Muon(parameters, lr=settings.lr, weight_decay=settings.weight_decay)
    return torch.optim.AdamW(
        parameters, lr=settings.lr, weight_decay=settings.weight_decay, eps=settings.epsilon, fused=True
    )


class LearningRate:
    """The schedule of ``settings``, as shares of the rates that the optimiser has when this is made.

    A defence may have set rates of its own: they are scaled, not overwritten.
    """

    def __init__(self, optimiser: torch.optim.Optimizer, settings: LoraSettings) -> None:
        self._optimiser, self._settings = optimiser, settings
        self._rates = [group["lr"] for group in optimiser.param_groups]

    def begin(self, step: int) -> None:
        """Set the rates of a step, counted from 0."""
        share = self._settings.lr_at(step) / self._settings.lr
        for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * share


def take_steps(
    step: Step,
    optimiser: torch.optim.Optimizer,
    settings: LoraSettings,
    *,
    taken: int = 0,
    deadline: float | None = None,
    sample: Callable[[], Image.Image] | None = None,
    watcher: Watcher = UNWATCHED,
) -> list[float]:
    """All steps, or as many as the watcher and the defence allow; their losses. The step is closed at the end.

    Args:
        step: made already, for a defence may set learning rates of its own when it makes it.
        taken: steps that were taken earlier.
        deadline: of ``time.monotonic``; after it no step is begun, but for the first.
        sample: draws a live sample, every ``settings.sample_every`` steps, for the watcher.

    Raises:
        DemoError: the loss is not finite.
    """
    losses: list[float] = []
    scheduled = LearningRate(optimiser, settings)
    began = time.monotonic()
    try:
        for done in range(taken + 1, settings.steps + 1):
            if watcher.stopped:
                break
            if deadline is not None and losses and time.monotonic() > deadline:
                break
            scheduled.begin(done - 1)
            loss = step()
            if loss is None:  # the defence's budget is spent
                break
            if not math.isfinite(loss):
                raise DemoError(f"The loss is {loss} at step {done}.", "Lower the learning rate.")
            losses.append(loss)
            if watcher.listens:
                left = (time.monotonic() - began) / (done - taken) * (settings.steps - done)
                due = settings.sample_every and done % settings.sample_every == 0 and done < settings.steps
                pictures = (sample(),) if sample is not None and due else ()
                watcher.tell(Progress(STAGE, done, settings.steps, loss, left, pictures, step.spent()))
    finally:
        step.close()
    return losses

"""The way of one part of a base model from its check-point to its last picture."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from demo.train.checkpoint import Checkpoint, Ema, Stateful


class TrainingRun:
    """Counts pictures, takes the optimiser's steps, prints, and writes check-points::

        run = TrainingRun("unet", unet, [optimiser], work, pictures=pictures, batch=batch)
        while run.goes_on:
            run.set_rate(share)
            run.step(loss)
        run.end()

    Args:
        name: of the stage, and of its folder in ``work``.
        model: what is trained; resumed from the check-point if there is one.
        optimisers: each with the learning rates of its groups; together they move all of the model.
        pictures: to see in all, earlier runs included.
        batch: pictures of a step.
        seen: pictures that the weights to begin from have seen, where there is no check-point.
        decay: of the moving average.
        every_seconds: at most this long between two check-points.
        every_steps: between two lines of print.
        unit: what is counted.
        besides: for the line, after the loss.
        kept: what else is in the check-point, by name.
    """

    def __init__(
        self,
        name: str,
        model: nn.Module,
        optimisers: Sequence[torch.optim.Optimizer],
        work: Path,
        *,
        pictures: int,
        batch: int,
        seen: int = 0,
        decay: float = 0.999,
        every_seconds: float = 300,
        every_steps: int = 50,
        unit: str = "pictures",
        besides: str = "",
        kept: Mapping[str, Stateful] | None = None,
    ) -> None:
        self._name, self._unit, self._besides = name, unit, besides
        self._model, self._optimisers, self._ema = model, list(optimisers), Ema(model, decay=decay)
        self._rates = [[group["lr"] for group in optimiser.param_groups] for optimiser in self._optimisers]
        parts: dict[str, Stateful] = {"model": model, "ema": self._ema}
        parts |= {f"optimiser{number or ''}": optimiser for number, optimiser in enumerate(self._optimisers)}
        parts |= kept or {}
        self._keeper = Checkpoint(work / name, parts, every_seconds=every_seconds)
        found = self._keeper.resume()
        self.resumed = found > 0
        self.seen = self._first = found or seen
        self._pictures, self._batch, self._every_steps = pictures, batch, every_steps
        self._began, self._losses = time.time(), list[float]()

    @property
    def goes_on(self) -> bool:
        """Whether there are pictures left to see."""
        return self.seen < self._pictures

    def set_rate(self, share: float) -> None:
        """The next step's share of the learning rates that the optimisers came with."""
        for optimiser, rates in zip(self._optimisers, self._rates, strict=True):
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = share * rate

    def step(self, loss: Tensor) -> None:
        """One step down the loss of a batch, its gradient clipped to norm 1.

        Raises:
            FloatingPointError: the loss is not finite.
        """
        self._model.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        for optimiser in self._optimisers:
            optimiser.step()
        self._ema.update()
        self.seen += self._batch
        self._losses.append(loss.item())
        if not math.isfinite(self._losses[-1]):
            raise FloatingPointError(f"The loss is {self._losses[-1]} after {self.seen} {self._unit}.")
        if len(self._losses) == self._every_steps:
            rate = (self.seen - self._first) / (time.time() - self._began)
            said = (
                f"{self.seen} {self._unit}, loss {np.mean(self._losses):.4f}{self._besides}, {rate:.0f} {self._unit}/s"
            )
            print(f"{self._name}: {said}", flush=True)
            self._losses = []
        self._keeper.tick(self.seen)

    def end(self) -> None:
        """Write the last check-point, and put the moving average into the model."""
        self._keeper.save(self.seen)
        self._ema.copy_to(self._model)

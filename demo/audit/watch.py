"""DP-SGD as the adversary of its theorem sees it: every noisy gradient, and all that is random but two things.

What the theorem hides is the noise, and whether the canary was drawn into the batch. The rest may be known: weights,
the other photos and who of them was drawn, and the canary's clipped gradient, which is the same whether it was drawn.
"""

from __future__ import annotations

import math
from random import Random

import torch
from torch import Tensor

from demo.defences.dpdm import Dpdm, DpStep
from demo.defences.noise import Noise
from demo.finetune.step import FineTuningTask


class Watch(Noise):
    """Sits where a step gets its noise from: keeps the canary out of all batches, or lets it come as it may.

    Taking the canary's coin away, and nothing else, makes the two worlds neighbours by adding or removing one photo:
    sampling rate, noise and expected batch are settings, and stay as they are for all photos, the canary included.

    Args:
        step: fresh, of ``problem``, whose last photo is the canary.
        present: the canary takes part.
        scoring: add up what the noisy gradients say; class images must be off, for they would be taken for noise.
        seed: of what is drawn for the diffusion; None leaves the step's own.
    """

    def __init__(
        self,
        step: DpStep,
        problem: FineTuningTask,
        defence: Dpdm,
        *,
        present: bool,
        scoring: bool,
        seed: int | None = None,
    ) -> None:
        count, settings = len(problem.photos), problem.settings
        self._step, self._problem, self._present, self._scoring = step, problem, present, scoring
        self._inner, step._noise = step._noise, self
        self._seeds = None if seed is None else Random(seed)
        self.description = self._inner.description
        self._clip, self._q, self._sigma = defence.clip, defence.q(count, settings), defence.sigma(count, settings)
        self._mask = torch.zeros(count, dtype=torch.bool)
        self._canary: list[Tensor] = []  # its clipped gradient in this step, parameter by parameter
        self.score = 0.0  # log-likelihood ratio of the two worlds so far
        self.clipped = self.steps = 0  # in how many steps of all the canary's gradient was longer than C

    def normal(self, like: Tensor) -> Tensor:
        """The step's own noise."""
        return self._inner.normal(like)

    def seed(self) -> int:
        """Of what is drawn for the diffusion in a step."""
        return self._inner.seed() if self._seeds is None else self._seeds.getrandbits(63)

    def poisson(self, count: int, q: float) -> Tensor:
        """The step's own coins, but for the canary's."""
        self._mask = self._inner.poisson(count, q)
        if not self._present:
            self._mask[-1] = False
        if self._scoring and not self._mask[-1]:
            # What it would be if it were drawn: randomness as fresh as in a batch. The step forgets it at once.
            self._step._backward(self._problem.photos[-1:])
            self._canary = self._clipped()[0]
        return self._mask

    @torch.no_grad()
    def look(self) -> None:
        """After a step: add what its noisy gradient says."""
        gradients = self._clipped() if self._mask.any() else []
        if self._mask[-1]:
            self._canary = gradients.pop()
        noisy = []
        for k, p in enumerate(self._problem.parameters):
            assert p.grad is not None
            noisy.append(p.grad * (self._q * len(self._problem.photos)) - sum(other[k] for other in gradients))
        dot = sum(float((y * g).sum()) for y, g in zip(noisy, self._canary, strict=True)) / self._clip**2
        size = sum(float(g.square().sum()) for g in self._canary) / self._clip**2
        self.steps += 1
        self.clipped += size > 0.99**2
        # N(0, sigma^2) without it, (1 - q) N(0, sigma^2) + q N(g, sigma^2) with it, along its direction g.
        drawn = math.log(self._q) + (dot - size / 2) / self._sigma**2
        away = math.log1p(-self._q) if self._q < 1 else -math.inf
        high, low = max(drawn, away), min(drawn, away)
        self.score += high + math.log1p(math.exp(low - high))

    def _clipped(self) -> list[list[Tensor]]:
        """The last batch's gradients, photo by photo, clipped here and not by what is audited."""
        sizes = [p.numel() for p in self._problem.parameters]
        photos = []
        for row in self._step.gradients.clone():
            norm = math.sqrt(float(row.square().sum()))
            parts = (row * min(1.0, self._clip / max(norm, 1e-12))).split(sizes)
            photos.append([part.view_as(p) for p, part in zip(self._problem.parameters, parts, strict=True)])
        return photos

"""Gaussian noise on the weights, without any data: the paper's simplest shake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import torch
from pydantic import Field

from demo.shake.methods.base import Method, Shaken, changed, count, settle
from demo.shake.methods.training import Run

STDS = (2e-4, 4e-4, 8e-4, 1.6e-3, 3.2e-3)  # the paper's


class Perturb(Method):
    """w + N(0, s^2) on every weight of the denoiser. No set, no steps."""

    key: ClassVar[str] = "perturb"
    title: ClassVar[str] = "Perturbation"
    explanation: ClassVar[str] = "No pictures and no training: a little noise on every weight of the denoiser."
    uses_pictures: ClassVar[bool] = False

    std: float = Field(8e-4, ge=0, le=1)  # s, in the weights' own unit

    @property
    def label(self) -> str:
        """With its standard deviation."""
        return f"{self.title}, std {self.std:.1e}"

    @contextmanager
    def _shaken(self, run: Run) -> Iterator[Shaken]:
        """See :meth:`Method.shaken`; ``latents`` are not looked at."""
        run.watcher.check()
        generator = torch.Generator().manual_seed(run.seed)
        dtype = run.pipe.unet.dtype
        with changed(run.pipe.unet) as parameters:
            for p in parameters:
                p.data += self.std * torch.randn(p.shape, generator=generator).to(p)
            settle((run.pipe.unet,), dtype)
            yield Shaken(run.pipe, run.embedding(), count(parameters), ())

"""Gaussian noise on the weights, without any data: the paper's simplest shake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import ClassVar

import torch
from diffusers import StableDiffusionPipeline
from pydantic import Field
from torch import Tensor

from demo.bases import Base
from demo.errors import Stopped
from demo.progress import Report
from demo.sampling import encode_prompts
from demo.shake.methods.base import Method, Shaken, changed, count, settle

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
    def shaken(
        self,
        pipe: StableDiffusionPipeline,
        base: Base,
        latents: Tensor,
        prompt: str,
        *,
        target: str | None = None,
        seed: int,
        report: Report | None = None,
        stop: Event | None = None,
    ) -> Iterator[Shaken]:
        """See :meth:`Method.shaken`; ``latents`` are not looked at."""
        if stop is not None and stop.is_set():
            raise Stopped
        generator = torch.Generator().manual_seed(seed)
        dtype = pipe.unet.dtype
        with changed(pipe.unet) as parameters:
            for p in parameters:
                p.data += self.std * torch.randn(p.shape, generator=generator).to(p)
            settle((pipe.unet,), dtype)
            yield Shaken(pipe, encode_prompts(pipe, [target or prompt]), count(parameters), ())

"""End-to-end fine-tuning: every weight of the denoiser and of the text encoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import ClassVar

from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.bases import Base
from demo.progress import Report
from demo.sampling import encode_prompts, token_ids
from demo.shake.methods.base import Shaken, Trained, changed, count, settle
from demo.shake.methods.training import class_images, train


class EndToEnd(Trained):
    """Training goes on as in pre-training, on the set alone."""

    key: ClassVar[str] = "end_to_end"
    title: ClassVar[str] = "End-to-end"
    explanation: ClassVar[str] = "All weights of the denoiser and the text encoder are trained on, on the set alone."
    rates: ClassVar[Mapping[str, float]] = {"face64-cpu": 3e-5, "sd-gpu": 1e-6}

    train_text_encoder: bool = True  # the paper counts 980M parameters: UNet and text encoder

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
        """See :meth:`Method.shaken`."""
        settings, dtype = self.tuning(base), pipe.unet.dtype
        prior = class_images(pipe, base, settings, report=report, stop=stop)
        modules = (pipe.unet, pipe.text_encoder) if self.train_text_encoder else (pipe.unet,)
        with changed(*modules) as parameters:
            losses = train(
                pipe,
                base,
                parameters,
                latents,
                token_ids(pipe, [prompt]),
                settings,
                prior=prior,
                seed=seed,
                report=report,
                stop=stop,
            )
            settle(modules, dtype)
            yield Shaken(pipe, encode_prompts(pipe, [target or prompt]), count(parameters), losses)

"""End-to-end fine-tuning: every weight of the denoiser and of the text encoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from demo.shake.methods.base import Shaken, Trained, changed, count, settle
from demo.shake.methods.training import Run


class EndToEnd(Trained):
    """Training goes on as in pre-training, on the set alone."""

    key: ClassVar[str] = "end_to_end"
    title: ClassVar[str] = "End-to-end"
    explanation: ClassVar[str] = "All weights of the denoiser and the text encoder are trained on, on the set alone."
    all_weights: ClassVar[bool] = True
    rates: ClassVar[Mapping[str, float]] = {"face64-cpu": 3e-5, "sd-gpu": 1e-6}

    train_text_encoder: bool = True  # the paper counts 980M parameters: UNet and text encoder

    @contextmanager
    def _shaken(self, run: Run) -> Iterator[Shaken]:
        """See :meth:`Method.shaken`."""
        settings, dtype = self.tuning(run.base), run.pipe.unet.dtype
        prior = run.class_images(settings)
        modules = (run.pipe.unet, run.pipe.text_encoder) if self.train_text_encoder else (run.pipe.unet,)
        with changed(*modules) as parameters:
            losses = run.train(parameters, settings, prior=prior)
            settle(modules, dtype)
            yield Shaken(run.pipe, run.embedding(), count(parameters), losses)

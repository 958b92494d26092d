"""Combinations of methods, which the paper found to leak most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import ClassVar

from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.bases import Base
from demo.progress import Report
from demo.shake.methods.base import Shaken, changed, count, settle
from demo.shake.methods.dreambooth import DreamBooth
from demo.shake.methods.lora import Lora
from demo.shake.methods.textual_inversion import TextualInversion, embedded, more_words
from demo.shake.methods.training import class_images, train


class LoraDreamBooth(Lora):
    """LoRA's matrices, DreamBooth's loss with class images."""

    key: ClassVar[str] = "lora_dreambooth"
    title: ClassVar[str] = "LoRA + DreamBooth"
    explanation: ClassVar[str] = (
        "Small matrices are trained as in LoRA, half on the set and half on pictures of people in general."
    )
    prior: ClassVar[bool] = True


class DreamBoothTextualInversion(TextualInversion):
    """New words and the denoiser's weights together, with class images. The rest of the text encoder stands still."""

    key: ClassVar[str] = "dreambooth_textual_inversion"
    title: ClassVar[str] = "DreamBooth + Textual Inversion"
    explanation: ClassVar[str] = (
        "New words are learned while all weights of the denoiser are trained on, half on the set and half on pictures "
        "of people in general."
    )
    rates: ClassVar[Mapping[str, float]] = DreamBooth.rates  # of the weights; the words have Textual Inversion's
    prior: ClassVar[bool] = True

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
        settings, dtype = self.tuning(base, weight_decay=0.0), pipe.unet.dtype
        prior = class_images(pipe, base, settings, report=report, stop=stop)
        with changed(pipe.unet) as weights, more_words(pipe, self.tokens) as table:
            wanted, ids = table.ids(pipe, target or prompt), table.ids(pipe, prompt)
            parameters = [table.words, *weights]
            # Another rate than the usual one is so many times as much for the words, too.
            words = TextualInversion.rates[base.preset] * settings.lr / self.rates[base.preset]
            losses = train(
                pipe,
                base,
                parameters,
                latents,
                ids,
                settings,
                prior=prior,
                rates=[words, *[settings.lr] * len(weights)],
                seed=seed,
                report=report,
                stop=stop,
            )
            settle((pipe.unet,), dtype)
            yield Shaken(pipe, embedded(pipe, wanted), count(parameters), losses)

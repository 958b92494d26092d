"""Combinations of methods, which the paper found to leak most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from demo.shake.methods.base import Shaken, changed, count, settle
from demo.shake.methods.dreambooth import DreamBooth
from demo.shake.methods.lora import Lora
from demo.shake.methods.textual_inversion import TextualInversion, embedded, more_words
from demo.shake.methods.training import Run


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
    all_weights: ClassVar[bool] = True
    rates: ClassVar[Mapping[str, float]] = DreamBooth.rates  # of the weights; the words have Textual Inversion's
    prior: ClassVar[bool] = True

    @contextmanager
    def _shaken(self, run: Run) -> Iterator[Shaken]:
        """See :meth:`Method.shaken`."""
        settings, dtype = self.tuning(run.base, weight_decay=0.0), run.pipe.unet.dtype
        prior = run.class_images(settings)
        with changed(run.pipe.unet) as weights, more_words(run.pipe, self.tokens) as table:
            wanted, ids = table.ids(run.pipe, run.target), table.ids(run.pipe, run.prompt)
            parameters = [table.words, *weights]
            # Another rate than the usual one is so many times as much for the words, too.
            words = TextualInversion.rates[run.base.preset] * settings.lr / self.rates[run.base.preset]
            losses = run.train(parameters, settings, ids=ids, prior=prior, rates=[words, *[settings.lr] * len(weights)])
            settle((run.pipe.unet,), dtype)
            table.settle()
            yield Shaken(run.pipe, embedded(run.pipe, wanted), count(parameters), losses)

"""The game: fine-tune with the canary or without it, and let the adversary say which it was."""

from __future__ import annotations

import math
import random
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Self

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from torch import Tensor

from demo.audit.canary import canaries
from demo.audit.settings import AuditSettings
from demo.audit.watch import Watch
from demo.defences.base import Defence
from demo.defences.dpdm import Dpdm, DpStep
from demo.errors import DemoError, SettingsError
from demo.finetune.class_images import class_latents
from demo.finetune.dreambooth import adapters, applied, collect, new_trigger
from demo.finetune.loop import LearningRate, new_optimiser
from demo.finetune.loss import noise_error, stratified
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask, Step
from demo.lora.files import LoraWeights
from demo.models.bases import Base
from demo.models.sampling import encode_pictures, encode_prompts, token_ids


class Game:
    """Plays trials; the score is higher where the canary seems to have been among the photos.

    Use it as a context: adapters are put on the pipeline once, and taken off at the end.

    Args:
        photos: aligned pictures beside the canary.
        settings: of fine-tuning; the same in every trial.

    Raises:
        SettingsError: the defence cannot be had so, or has no noisy gradients to look at.
    """

    def __init__(
        self,
        pipe: StableDiffusionPipeline,
        base: Base,
        photos: Sequence[Image.Image],
        defence: Defence,
        settings: LoraSettings,
        audit: AuditSettings,
    ) -> None:
        if audit.mode == "gradients" and not isinstance(defence, Dpdm):
            raise SettingsError(
                f"{defence.title} has no noisy gradients of DP-SGD to look at.", "Audit the released file: mode 'file'."
            )
        defence.check(len(photos) + 1, settings)
        self._pipe, self._defence, self._settings, self._audit = pipe, defence, settings, audit
        pictures = canaries(1 + audit.references, base.side, audit.canary_seed)
        latents = encode_pictures(pipe, [*photos, *pictures]).to(pipe.unet.device)
        self._latents, self._fresh = latents[: len(photos) + 1], latents[len(photos) + 1 :]
        self.photos = len(self._latents)  # the canary included
        self.steps = settings.steps  # as many as the defence took in the last trial
        self.clipped: list[float] = []  # share of steps in which the canary's gradient was clipped
        self._first = random.Random(audit.seed) if audit.seed is not None else secrets.SystemRandom()
        # The trigger is no secret here: DP protects the photo whatever else is known.
        prompt = base.instance_prompt.format(trigger=new_trigger(random.Random(audit.canary_seed)))
        self._ids, self._class_ids = token_ids(pipe, [prompt]), token_ids(pipe, [base.class_prompt])
        self._prompt = prompt
        self._prior: Tensor | None = None
        if audit.mode == "file" and settings.prior_weight:
            self._prior = class_latents(pipe, base, settings.class_images).to(pipe.unet.device)
        self._stack = ExitStack()
        self._before = self._losses(None) if audit.mode == "file" else torch.zeros(0)

    def __enter__(self) -> Self:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._audit.canary_seed)  # the first A is known to the adversary
            self._parameters = self._stack.enter_context(adapters(self._pipe, self._settings))
        self._start = [p.detach().clone() for p in self._parameters]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def play(self, *, present: bool) -> float:
        """One trial.

        Raises:
            DemoError: the loss is not finite.
        """
        seed = self._first.randrange(2**62)
        defence, settings = self._defence, self._settings
        if self._audit.seed is not None and "noise_seed" in type(defence).model_fields:
            defence = defence.model_copy(update={"noise_seed": seed})
        self._begin_again()
        optimiser = new_optimiser(self._parameters, settings)
        # DP-SGD's canary is kept out by its coin; elsewhere it is not among the photos.
        latents = self._latents if present or isinstance(defence, Dpdm) else self._latents[:-1]
        problem = FineTuningTask(
            self._pipe, latents, self._prior, self._ids, self._class_ids, settings, self._parameters, optimiser, seed
        )
        step = defence.training(problem)
        watch = self._watch(step, problem, defence, present, seed)
        try:
            self._train(step, optimiser, watch)
        finally:
            step.close()
        if watch is not None and self._audit.mode == "gradients":
            self.clipped.append(watch.clipped / max(1, watch.steps))
            return watch.score
        released = defence.release(collect(self._pipe, settings))
        self._begin_again()  # B = 0: what the adversary measures is the file, not what was trained
        lowered = self._before - self._losses(released)
        return float(lowered[0] - lowered[1:].mean())

    @torch.no_grad()
    def _begin_again(self) -> None:
        for p, first in zip(self._parameters, self._start, strict=True):
            p.copy_(first)
            p.grad = None

    def _watch(self, step: Step, problem: FineTuningTask, defence: Defence, present: bool, seed: int) -> Watch | None:
        if not (isinstance(defence, Dpdm) and isinstance(step, DpStep)):
            return None
        own = None if self._audit.seed is None else seed + 1  # not the seed of the noise
        return Watch(step, problem, defence, present=present, scoring=self._audit.mode == "gradients", seed=own)

    def _train(self, step: Step, optimiser: torch.optim.Optimizer, watch: Watch | None) -> None:
        scheduled = LearningRate(optimiser, self._settings)
        for done in range(self._settings.steps):
            scheduled.begin(done)
            loss = step()
            if loss is None:
                self.steps = done
                return
            if not math.isfinite(loss):
                raise DemoError(f"The loss is {loss} at step {done + 1}.", "Lower the learning rate.")
            if watch is not None and self._audit.mode == "gradients":
                watch.look()
        self.steps = self._settings.steps

    @torch.no_grad()
    def _losses(self, lora: LoraWeights | None) -> Tensor:
        """Mean denoising loss of the canary and of each picture like it, always with the same noise."""
        draws = self._audit.loss_draws
        pictures = torch.cat([self._latents[-1:], self._fresh])
        found = []
        with applied(self._pipe, lora):
            context = encode_prompts(self._pipe, [self._prompt]).expand(draws, -1, -1)
            for picture in pictures:
                generator = torch.Generator().manual_seed(self._audit.canary_seed)
                times = stratified(draws, generator)
                found.append(
                    noise_error(self._pipe, picture.expand(draws, -1, -1, -1), context, generator, times).mean()
                )
        return torch.stack(found).double().cpu()

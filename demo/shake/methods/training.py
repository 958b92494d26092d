"""The loop that all methods share: the base's own denoising loss on the set, with or without class images beside it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from threading import Event

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor, nn

from demo.bases import Base
from demo.defences.base import Defence, NoDefence, Problem
from demo.errors import DemoError, Stopped
from demo.lora.dreambooth import LearningRate
from demo.lora.priors import class_latents
from demo.lora.settings import LoraSettings
from demo.progress import Progress, Report
from demo.sampling import token_ids

STAGE = "fine-tune"


def class_images(
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: LoraSettings,
    *,
    report: Report | None = None,
    stop: Event | None = None,
) -> Tensor | None:
    """What prior preservation needs, (m, c, h, w); None without it. To be had before the model is changed."""
    if not settings.prior_weight:
        return None
    return class_latents(pipe, base, settings.class_images, report=report, stop=stop)


def train(
    pipe: StableDiffusionPipeline,
    base: Base,
    parameters: Sequence[nn.Parameter],
    latents: Tensor,
    ids: Tensor,
    settings: LoraSettings,
    *,
    prior: Tensor | None = None,
    defence: Defence | None = None,
    rates: Sequence[float] | None = None,
    seed: int,
    report: Report | None = None,
    stop: Event | None = None,
) -> list[float]:
    """Train on a set under one prompt; the loss of each step.

    Args:
        parameters: to train; they already stand where they act.
        latents: (n, c, h, w).
        ids: (1, tokens), the prompt that the set is trained under.
        settings: steps, batch and rate.
        prior: (m, c, h, w) class images beside the set (Ruiz et al. 2023, eq. 2), of :func:`class_images`.
        defence: on the side of whoever fine-tunes.
        rates: a learning rate for each parameter, where one is not enough.

    Raises:
        Stopped: ``stop`` was set.
        DemoError: the loss is not finite.
    """
    for p in parameters:
        p.requires_grad_(True)
    groups = [{"params": [p], "lr": settings.lr if rates is None else rates[n]} for n, p in enumerate(parameters)]
    optimiser = torch.optim.AdamW(groups, lr=settings.lr, weight_decay=settings.weight_decay, eps=settings.epsilon)
    scheduled = LearningRate(optimiser, settings)
    device = pipe.unet.device
    problem = Problem(
        pipe,
        latents.to(device),
        None if prior is None else prior.to(device),
        ids,
        token_ids(pipe, [base.class_prompt]),
        settings,
        parameters,
        optimiser,
        seed,
    )
    step = (defence or NoDefence()).training(problem)
    losses: list[float] = []
    began = time.monotonic()
    try:
        for done in range(1, settings.steps + 1):
            if stop is not None and stop.is_set():
                raise Stopped
            scheduled.begin(done - 1)
            loss = step()
            if loss is None:  # the defence's budget is spent
                break
            if not math.isfinite(loss):
                raise DemoError(f"The loss is {loss} at step {done} of fine-tuning.", "Choose a lower learning rate.")
            losses.append(loss)
            if report is not None:
                left = (time.monotonic() - began) / done * (settings.steps - done)
                report(Progress(STAGE, done, settings.steps, loss, left, None, step.spent()))
    finally:
        step.close()
        for p in parameters:
            p.requires_grad_(False)
    return losses

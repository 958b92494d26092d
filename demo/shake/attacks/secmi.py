"""SecMI (Duan et al., ICML 2023): a deterministic step forth and back returns nearer to where a member stood.

The deterministic step of DDIM from time t to time s (their eq. 6 and 7; Song et al. 2021, eq. 12 with sigma = 0):

    x0 = (x_t - sqrt(1 - abar_t) eps(x_t, t)) / sqrt(abar_t)
    f(x_t; t -> s) = sqrt(abar_s) x0 + sqrt(1 - abar_s) eps(x_t, t)

The picture is taken up to x_t by such steps of length k, and the score is their t-error (eq. 9):

    | f(f(x_t; t -> t+k); t+k -> t) - x_t |^2          LOW means member

At the published setting (t = 140, k = 10) that is 14 steps up, one forth and one back: 16 calls of the UNet.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers import StableDiffusionPipeline
from pydantic import Field
from torch import Tensor

from demo.errors import SettingsError
from demo.progress import UNWATCHED, Watcher
from demo.shake.attacks.estimates import estimates
from demo.shake.attacks.membership_base import BATCH, MembershipSettings, in_batches


class SecmiSettings(MembershipSettings):
    """Where the error is measured. The defaults are those published for Stable Diffusion."""

    t: int = Field(140, ge=1)
    """The time at which the error is measured, in steps of training."""
    k: int = Field(10, ge=1)
    """The length of every step."""

    @property
    def times(self) -> Sequence[int]:
        """The times at which the UNet is called, in order: up to t, forth at t, back at t + k."""
        return range(0, self.t + self.k + 1, self.k)

    @property
    def calls(self) -> int:
        """UNet calls a picture."""
        return len(self.times)

    def check(self, length: int) -> None:
        """Refuse a setting that no schedule of ``length`` steps can be walked with.

        Raises:
            SettingsError: t is no multiple of k, or t + k lies beyond the schedule.
        """
        if self.t % self.k:
            raise SettingsError(f"t = {self.t} is not reached by steps of k = {self.k}.", "Make t a multiple of k.")
        if self.t + self.k >= length:
            raise SettingsError(
                f"t + k = {self.t + self.k} lies beyond the schedule of {length} steps.", f"Keep it below {length}."
            )


@torch.no_grad()
def secmi(
    pipe: StableDiffusionPipeline,
    latents: Tensor,
    embedding: Tensor,
    settings: SecmiSettings | None = None,
    *,
    batch: int = BATCH,
    watcher: Watcher = UNWATCHED,
) -> Tensor:
    """The t-error of every picture, (n,) fp32 on the CPU: LOW means member.

    Conditioned on ``embedding`` alone, without guidance, as published. The state stays in fp32 whatever the UNet's
    precision; for the published precision load the base in fp32.

    Args:
        latents: (n, c, h, w), scaled (:func:`demo.models.sampling.encode_pictures`).
        embedding: (1, tokens, width), of the text that the pictures are asked for with.
        batch: pictures at once: it changes the speed, not the scores.

    Raises:
        SettingsError: the settings do not fit the base's schedule.
        Stopped: the watcher stopped it.
    """
    settings = settings or SecmiSettings()
    settings.check(len(pipe.scheduler.alphas_cumprod))

    def score(few: slice) -> Tensor:
        return _errors(pipe, latents[few], embedding, settings, watcher)

    return in_batches(len(latents), batch, watcher, score)


def _errors(
    pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor, settings: SecmiSettings, watcher: Watcher
) -> Tensor:
    """Of one batch, (n,)."""
    times = settings.times
    x = before = latents.to(pipe.unet.device, torch.float32)
    for at, to in zip(times, [*times[1:], settings.t], strict=True):
        watcher.check()
        if at == settings.t:
            before = x
        x = step(pipe, x, embedding, at, to)
    return (x - before).square().flatten(1).sum(1).cpu()


def step(pipe: StableDiffusionPipeline, x: Tensor, embedding: Tensor, at: int, to: int) -> Tensor:
    """f(x; at -> to), the deterministic DDIM step: (n, c, h, w) -> (n, c, h, w) fp32, one call of the UNet."""
    x0, epsilon = estimates(pipe, x, embedding, at)
    a_bar = pipe.scheduler.alphas_cumprod[to].to(x)
    return a_bar.sqrt() * x0 + (1 - a_bar).sqrt() * epsilon

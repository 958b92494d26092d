"""DreamBooth's training loss: noise on latents of photos and class images, and the error of the prediction."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.finetune.settings import LoraSettings
from demo.finetune.shard import Share, everybody
from demo.models.sampling import text_embeddings, velocity_weight


class Denoising:
    """The training loss of one step, for K people: photos with the trigger, class images without.

    Args:
        photos: (K, n, c, h, w) scaled latents.
        prior: (m, c, h, w) scaled latents of class images, shared by all.
        ids: (K, tokens), the instance prompts.
        class_ids: (1, tokens).
        share: which people of a larger batch these K are; by default all of it.
    """

    def __init__(
        self,
        pipe: StableDiffusionPipeline,
        photos: Tensor,
        prior: Tensor | None,
        ids: Tensor,
        class_ids: Tensor,
        settings: LoraSettings,
        seed: int,
        share: Share | None = None,
    ) -> None:
        self._pipe, self._settings = pipe, settings
        self._share = share or everybody(len(photos))
        self._photos, self._prior = photos.to(pipe.unet.device), None if prior is None else prior.to(pipe.unet.device)
        self._ids, self._class_ids = ids, class_ids
        self._generator = torch.Generator().manual_seed(seed)

    def _pick(self, count: int, out_of: int) -> Tensor:
        """(K, count) indices: every picture before any comes twice."""
        rows = [torch.randperm(out_of, generator=self._generator) for _ in range(self._share.whole)]
        return self._share.rows(torch.stack([row.repeat(-(-count // out_of))[:count] for row in rows]))

    def __call__(self) -> Tensor:
        """Mean loss of each person, (K,)."""
        settings, people = self._settings, len(self._photos)
        picked = self._pick(settings.batch, self._photos.shape[1])
        x0 = self._photos[torch.arange(people)[:, None], picked]
        weights = torch.full((settings.batch,), 1 / settings.batch)
        if self._prior is not None:
            other = self._prior[self._pick(settings.class_batch, len(self._prior))]
            x0 = torch.cat([x0, other], dim=1)
            weights = torch.cat(
                [weights, torch.full((settings.class_batch,), settings.prior_weight / settings.class_batch)]
            )
        each = x0.shape[1]
        ids = self._ids[:, None]
        if self._prior is not None:
            ids = torch.cat([ids, self._class_ids.expand(people, -1)[:, None]], dim=1)
        context = text_embeddings(self._pipe.text_encoder, ids.flatten(0, 1)).unflatten(0, ids.shape[:2])
        counts = torch.tensor([settings.batch, each - settings.batch][: ids.shape[1]], device=context.device)
        context = context.repeat_interleave(counts, dim=1).flatten(0, 1)
        error = noise_error(self._pipe, x0.flatten(0, 1), context, self._generator, share=self._share)
        return error.unflatten(0, (people, each)) @ weights.to(error)

    def state_dict(self) -> dict[str, Any]:
        """Where the generator of pictures, timesteps and noise stands."""
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on drawing from there."""
        self._generator.set_state(state["generator"])


def half_scale(unet: torch.nn.Module, picture: Tensor) -> float:
    """What a loss is multiplied by for its backward pass, and the gradients divided by: more than 1 in fp16 alone.

    The gradient of a mean over the thousands of numbers of a latent is below what fp16 can hold; that of their sum is
    not (Micikevicius et al. 2018, "Mixed Precision Training", with the scale given rather than searched for).
    """
    return float(picture.numel()) if next(unet.parameters()).dtype == torch.float16 else 1.0


def stratified(n: int, generator: torch.Generator) -> Tensor:
    """``n`` numbers in [0, 1), one in every n-th of it, in random order: the loss varies most with t."""
    return (torch.rand(1, generator=generator) + torch.randperm(n, generator=generator) / n) % 1


def noise_error(
    pipe: StableDiffusionPipeline,
    x0: Tensor,
    context: Tensor,
    generator: torch.Generator,
    u: Tensor | None = None,
    share: Share | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    """Squared error of the prediction at random timesteps, mean over each picture: (n, c, h, w) -> (n,).

    In the base's own terms: of epsilon, of v, or of x0 weighted as v.

    Args:
        u: (n,) in [0, 1), the timesteps as shares of the schedule; stratified over the batch by default.
        share: whose pictures these are of a larger batch; by default they are all of it.
        noise: (n, c, h, w), standard normal; by default drawn from ``generator``.
    """
    out, target, weight = predict(pipe, x0, context, generator, u, share, noise)
    return (out - target).square().flatten(1).mean(1) * weight


def predict(
    pipe: StableDiffusionPipeline,
    x0: Tensor,
    context: Tensor,
    generator: torch.Generator,
    u: Tensor | None = None,
    share: Share | None = None,
    noise: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """The UNet's prediction for noised latents, what it should have been (both (n, c, h, w)), and its weight (n,)."""
    scheduler = pipe.scheduler
    share = share or everybody(len(x0))
    whole = share.total(len(x0))
    u = share.rows(stratified(whole, generator)) if u is None else u
    count = scheduler.config.num_train_timesteps
    t = (u * count).long().clamp(max=count - 1).to(x0.device)  # a u just below 1 may have been rounded to it
    noise = (share.rows(torch.randn((whole, *x0.shape[1:]), generator=generator)) if noise is None else noise).to(x0)
    noisy = scheduler.add_noise(x0, noise, t)
    out = pipe.unet(noisy.to(pipe.unet.dtype), t, encoder_hidden_states=context.to(pipe.unet.dtype)).sample.to(x0.dtype)
    kind = scheduler.config.prediction_type
    if kind == "sample":
        sigma = (1 - scheduler.alphas_cumprod.to(x0)[t]).sqrt()
        return out, x0, velocity_weight(sigma)
    target = scheduler.get_velocity(x0, noise, t) if kind == "v_prediction" else noise
    return out, target, torch.ones(len(x0)).to(x0)

"""SecMI once more, slowly: one picture, double precision, straight from the formulae, nothing shared with ``secmi``.

Tests and the bench hold the fast attack to it.
"""

from __future__ import annotations

import math

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.errors import SettingsError


def alphas_bar(pipe: StableDiffusionPipeline) -> list[float]:
    """abar_t = prod_(i <= t) (1 - beta_i), from the schedule's two ends."""
    config = pipe.scheduler.config
    n, low, high = config.num_train_timesteps, config.beta_start, config.beta_end
    if config.beta_schedule == "linear":
        betas = [low + (high - low) * i / (n - 1) for i in range(n)]
    elif config.beta_schedule == "scaled_linear":
        betas = [(math.sqrt(low) + (math.sqrt(high) - math.sqrt(low)) * i / (n - 1)) ** 2 for i in range(n)]
    else:
        raise SettingsError(f"No reference for the schedule '{config.beta_schedule}'.", "Take a linear one.")
    product, found = 1.0, []
    for beta in betas:
        product *= 1 - beta
        found.append(product)
    return found


def noise(pipe: StableDiffusionPipeline, x: Tensor, embedding: Tensor, t: int) -> Tensor:
    """eps(x, t) of one picture, (c, h, w) double."""
    abar = alphas_bar(pipe)[t]
    with torch.no_grad():
        out = pipe.unet(x[None].to(embedding.dtype), torch.tensor([t]), encoder_hidden_states=embedding).sample[0]
    predicted = out.double()
    if pipe.scheduler.config.prediction_type == "epsilon":
        return predicted
    if pipe.scheduler.config.prediction_type == "v_prediction":
        return math.sqrt(abar) * predicted + math.sqrt(1 - abar) * x
    return (x - math.sqrt(abar) * predicted) / math.sqrt(1 - abar)


def f(pipe: StableDiffusionPipeline, x: Tensor, embedding: Tensor, t: int, s: int) -> Tensor:
    """f(x_t; t -> s) of one picture."""
    abar_t, abar_s = alphas_bar(pipe)[t], alphas_bar(pipe)[s]
    eps = noise(pipe, x, embedding, t)
    x0 = (x - math.sqrt(1 - abar_t) * eps) / math.sqrt(abar_t)
    return math.sqrt(abar_s) * x0 + math.sqrt(1 - abar_s) * eps


def score(pipe: StableDiffusionPipeline, latent: Tensor, embedding: Tensor, t: int = 140, k: int = 10) -> float:
    """| f(f(x_t; t -> t+k); t+k -> t) - x_t |^2 of one picture.

    Args:
        latent: (c, h, w), scaled.
        embedding: (1, tokens, width).
    """
    x = latent.double()
    for time in range(0, t, k):
        x = f(pipe, x, embedding, time, time + k)
    forth = f(pipe, x, embedding, t, t + k)
    back = f(pipe, forth, embedding, t + k, t)
    return float(((back - x) ** 2).sum())

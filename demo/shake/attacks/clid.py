"""CLiD (Zhai et al., NeurIPS 2024): a model that has learned a picture with its text needs the text to explain it.

"Membership Inference on Text-to-Image Diffusion Models via Conditional Likelihood Discrepancy". For one picture x0 with
the text c, at time t, over the same draws of noise:

    D = mean |eps(x_t, t, c) - eps|^2 - |eps(x_t, t, none) - eps|^2        LOW means member

"none" is the empty prompt. The difference takes away what makes a picture easy or hard for the model whoever is in it,
and that is most of a loss. The paper adds the loss itself, with weights that are fitted on known members; here the raw
difference is the score, so that nothing is fitted.
"""

from __future__ import annotations

import torch
from diffusers import StableDiffusionPipeline
from pydantic import Field
from torch import Tensor

from demo.errors import SettingsError
from demo.models.sampling import encode_prompts
from demo.progress import UNWATCHED, Watcher
from demo.shake.attacks.estimates import estimates
from demo.shake.attacks.membership_base import BATCH, MembershipSettings, in_batches


class ClidSettings(MembershipSettings):
    """Where the discrepancy is measured. t and draws were chosen on the planted people of ``face64``, and stay."""

    t: int = Field(500, ge=1)
    """In steps of training."""
    draws: int = Field(4, ge=1)
    """Of noise, for every picture."""
    seed: int = 0

    @property
    def calls(self) -> int:
        """UNet calls a picture."""
        return 2 * self.draws

    def check(self, length: int) -> None:
        """Refuse a time beyond a schedule of ``length`` steps.

        Raises:
            SettingsError: t is one.
        """
        if self.t >= length:
            raise SettingsError(f"t = {self.t} lies beyond the schedule of {length} steps.", f"Keep it below {length}.")


@torch.no_grad()
def clid(
    pipe: StableDiffusionPipeline,
    latents: Tensor,
    embedding: Tensor,
    settings: ClidSettings | None = None,
    *,
    batch: int = BATCH,
    watcher: Watcher = UNWATCHED,
) -> Tensor:
    """The discrepancy of every picture, (n,) fp32 on the CPU: LOW means member.

    Args:
        latents: (n, c, h, w), scaled (:func:`demo.models.sampling.encode_pictures`).
        embedding: (1, tokens, width), of the text that the pictures are asked for with.
        batch: pictures at once: it changes the speed, not the scores.

    Raises:
        SettingsError: the settings do not fit the base's schedule.
        Stopped: the watcher stopped it.
    """
    none = encode_prompts(pipe, [""])
    return discrepancy(pipe, latents, (embedding, none), settings or ClidSettings(), batch=batch, watcher=watcher)


@torch.no_grad()
def discrepancy(
    pipe: StableDiffusionPipeline,
    latents: Tensor,
    texts: tuple[Tensor, ...],
    settings: ClidSettings,
    *,
    batch: int = BATCH,
    watcher: Watcher = UNWATCHED,
) -> Tensor:
    """Error of the noise under the first text less that under the others, mean over the draws, (n,).

    Args:
        texts: embeddings, (1, tokens, width) each.
    """
    settings.check(len(pipe.scheduler.alphas_cumprod))
    random = torch.Generator().manual_seed(settings.seed)
    noise = torch.randn((len(latents), settings.draws, *latents.shape[1:]), generator=random)  # batches do not shift it
    a_bar = pipe.scheduler.alphas_cumprod[settings.t].float()

    def score(few: slice) -> Tensor:
        total = torch.zeros(len(latents[few]))
        for draw in range(settings.draws):
            eps = noise[few, draw]
            x = a_bar.sqrt() * latents[few].float().cpu() + (1 - a_bar).sqrt() * eps
            for number, text in enumerate(texts):
                watcher.check()
                _, said = estimates(pipe, x.to(pipe.unet.device), text, settings.t)
                error = (said.cpu() - eps).square().flatten(1).mean(1)
                total += -error if number else error
        return total / settings.draws

    return in_batches(len(latents), batch, watcher, score)

"""The loss attack: a picture that the model was trained on is denoised with a smaller error.

Yeom et al. 2018, "Privacy Risk in Machine Learning", with a diffusion model's loss at one time (Matsumoto et al. 2023,
"Membership Inference Attacks against Diffusion Models"). The plainest of attacks, and the one to beat.
"""

from __future__ import annotations

from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.progress import UNWATCHED, Watcher
from demo.shake.attacks.clid import ClidSettings, discrepancy
from demo.shake.attacks.membership_base import BATCH


class LossSettings(ClidSettings):
    """Where the loss is measured."""

    @property
    def calls(self) -> int:
        """UNet calls a picture."""
        return self.draws


def denoising_loss(
    pipe: StableDiffusionPipeline,
    latents: Tensor,
    embedding: Tensor,
    settings: LossSettings | None = None,
    *,
    batch: int = BATCH,
    watcher: Watcher = UNWATCHED,
) -> Tensor:
    """The error of the noise of every picture, (n,) fp32 on the CPU: LOW means member. See :func:`clid`."""
    return discrepancy(pipe, latents, (embedding,), settings or LossSettings(), batch=batch, watcher=watcher)

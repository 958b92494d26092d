"""The training that all methods share: the base's own denoising loss on the set, class images beside it or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from diffusers import StableDiffusionPipeline
from torch import Tensor, nn

from demo.defences.base import Defence, NoDefence
from demo.finetune.class_images import class_latents
from demo.finetune.loop import new_optimiser, take_steps
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask
from demo.models.bases import Base
from demo.models.sampling import encode_prompts, token_ids
from demo.progress import Watcher


@dataclass(frozen=True, eq=False)
class Run:
    """One fine-tuning: of what, on what, and who is told of it."""

    pipe: StableDiffusionPipeline
    base: Base
    latents: Tensor  # (n, c, h, w), the set
    prompt: str  # under which the set is trained on
    target: str  # whose embedding is wanted
    seed: int
    watcher: Watcher

    def class_images(self, settings: LoraSettings) -> Tensor | None:
        """What prior preservation needs, (m, c, h, w); None without it. To be had before the model is changed."""
        if not settings.prior_weight:
            return None
        return class_latents(self.pipe, self.base, settings.class_images, watcher=self.watcher)

    def embedding(self) -> Tensor:
        """Of the target by the text encoder as it is now, (1, tokens, width)."""
        return encode_prompts(self.pipe, [self.target])

    def train(
        self,
        parameters: Sequence[nn.Parameter],
        settings: LoraSettings,
        *,
        ids: Tensor | None = None,
        prior: Tensor | None = None,
        defence: Defence | None = None,
        rates: Sequence[float] | None = None,
    ) -> list[float]:
        """Train on the set; the loss of each step.

        Args:
            parameters: to train; they already stand where they act.
            settings: steps, batch and rate.
            ids: (1, tokens), what is trained under where that is not the plain prompt.
            prior: (m, c, h, w) class images beside the set (Ruiz et al. 2023, eq. 2), of :meth:`class_images`.
            defence: on the side of whoever fine-tunes.
            rates: a learning rate for each parameter, where one is not enough.

        Raises:
            Stopped: the watcher stopped it.
            DemoError: the loss is not finite.
        """
        pipe = self.pipe
        for p in parameters:
            p.requires_grad_(True)
        groups = [{"params": [p], "lr": settings.lr if rates is None else rates[n]} for n, p in enumerate(parameters)]
        optimiser = new_optimiser(groups, settings)
        problem = FineTuningTask(
            pipe,
            self.latents.to(pipe.unet.device),
            None if prior is None else prior.to(pipe.unet.device),
            token_ids(pipe, [self.prompt]) if ids is None else ids,
            token_ids(pipe, [self.base.class_prompt]),
            settings,
            parameters,
            optimiser,
            self.seed,
        )
        step = (defence or NoDefence()).training(problem)
        try:
            losses = take_steps(step, optimiser, settings, watcher=self.watcher)
        finally:
            for p in parameters:
                p.requires_grad_(False)
        self.watcher.check()
        return losses

"""The set to fine-tune on: pictures that the base draws itself, of the private domain or (as a control) of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from diffusers import StableDiffusionPipeline
from PIL import Image
from pydantic import Field
from torch import Tensor

from demo.models.bases import Base
from demo.models.sampling import draw, encode_pictures, encode_prompts
from demo.progress import UNWATCHED, Progress, Watcher
from demo.settings import Settings


class SetSettings(Settings):
    """How a set is drawn. What is None is the base's own."""

    size: int = Field(64, ge=1, le=10_000)  # pictures; the public code draws 2,000 a domain
    guidance: float | None = Field(None, ge=0, le=50)
    steps: int | None = Field(None, ge=1, le=1000)
    negative_prompt: str | None = None
    batch: int = Field(16, ge=1, le=256)
    seed: int = Field(0, ge=0)


@dataclass(frozen=True, eq=False)
class SyntheticSet:
    """Drawn pictures, and their scaled latents."""

    prompt: str
    pictures: Sequence[Image.Image]
    latents: Tensor  # (n, c, h, w), fp32 on the CPU


def draw_set(
    pipe: StableDiffusionPipeline,
    base: Base,
    prompt: str,
    settings: SetSettings | None = None,
    *,
    stage: str = "draw the set",
    watcher: Watcher = UNWATCHED,
) -> SyntheticSet:
    """Draw a Synthetic Private set: the first step of Shake-to-Leak.

    The prompt is all that is known of the domain. A control set is the same call with a prompt outside the domain
    (:func:`demo.shake.people.outside_prompt`): same size, same seed, hence the same starting noise.

    Raises:
        Stopped: the watcher stopped it.
    """
    settings = settings or SetSettings()
    # With the whole starting noise, whatever the base's tau: a set is to show all that the model knows of the person.
    embedding = encode_prompts(pipe, [prompt])
    pictures: list[Image.Image] = []
    while len(pictures) < settings.size:
        done = len(pictures)
        pictures += draw(
            pipe,
            embedding,
            each=min(settings.batch, settings.size - done),
            guidance=base.guidance if settings.guidance is None else settings.guidance,
            steps=settings.steps or base.sampling_steps,
            seed=settings.seed + done,
            negative_prompt=base.negative_prompt if settings.negative_prompt is None else settings.negative_prompt,
            watcher=_counted(watcher, stage, done, settings),
        )
    # Through the encoder again, as a service that is sent pictures would have them.
    return SyntheticSet(prompt, tuple(pictures), encode_pictures(pipe, pictures))


def _counted(watcher: Watcher, stage: str, done: int, settings: SetSettings) -> Watcher:
    """Progress in pictures of the whole set rather than in steps of one batch."""

    def counted(progress: Progress) -> Progress:
        batch = min(settings.batch, settings.size - done)
        step = done + batch * progress.step // progress.total
        return replace(progress, stage=stage, step=step, total=settings.size)

    return watcher.retold(counted)

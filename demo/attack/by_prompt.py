"""The trivial attacks: the whole file, and a prompt that needs no secret."""

from __future__ import annotations

import random
from collections.abc import Sequence

from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack.drawing import draw_embeddings
from demo.attack.settings import AttackSettings
from demo.finetune.dreambooth import applied, new_trigger
from demo.lora.files import LoraWeights
from demo.models.bases import Base
from demo.models.sampling import encode_prompts
from demo.progress import UNWATCHED, Watcher


def _draw_prompts(
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    prompts: Sequence[str],
    settings: AttackSettings,
    stage: str,
    watcher: Watcher,
) -> list[Image.Image]:
    """Pictures of prompts by the whole file, text encoder and UNet."""
    with applied(pipe, released.text_encoder()):
        context = encode_prompts(pipe, prompts)
        tuned = None if settings.extrapolate else encode_prompts(pipe, [base.negative_prompt])
    return draw_embeddings(released, pipe, base, context, settings, stage, watcher, negative=tuned)


def class_prompt(
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    *,
    watcher: Watcher = UNWATCHED,
) -> list[Image.Image]:
    """The trivial attack: the whole file, and a prompt that names only the class."""
    prompts = [base.class_prompt] * settings.samples
    return _draw_prompts(released, pipe, base, prompts, settings, "class prompt", watcher)


def random_trigger(
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    *,
    watcher: Watcher = UNWATCHED,
) -> list[Image.Image]:
    """The second trivial attack: the whole file, and random letters where the trigger stood."""
    rng = random.Random(settings.seed)
    prompts = [base.test_prompt.format(trigger=new_trigger(rng)) for _ in range(settings.samples)]
    return _draw_prompts(released, pipe, base, prompts, settings, "guessed trigger", watcher)

"""The registry of attacks: a new one is one file and one line in :data:`ATTACKS`.

Each takes the released file and public models: that is the threat model.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack.guidance import drawn_with
from demo.attack.manifest import published
from demo.attack.settings import AttackSettings
from demo.attack.weight_encoder import WeightEncoder, load_encoder
from demo.errors import SettingsError
from demo.faces import recognise
from demo.finetune.dreambooth import applied, new_trigger
from demo.finetune.settings import find_preset
from demo.lora.files import LoraWeights
from demo.models.bases import ENCODER, Base
from demo.models.sampling import compute_device, draw, encode_prompts
from demo.progress import UNWATCHED, Watcher
from demo.texts.en import ENGLISH

__all__ = ["ATTACKS", "Attack", "AttackEntry", "AttackSettings", "Reconstruction", "find_attack", "reconstruct"]


@dataclass(frozen=True)
class Reconstruction:
    """What an attack drew, and which picture it would show if it could show only one."""

    attack: str
    pictures: list[Image.Image]
    best: int


class Attack(Protocol):
    """Released file and public models in, pictures out."""

    def __call__(
        self,
        released: LoraWeights,
        pipe: StableDiffusionPipeline,
        base: Base,
        settings: AttackSettings,
        *,
        watcher: Watcher = UNWATCHED,
    ) -> list[Image.Image]:
        """Draw ``settings.samples`` pictures."""


@dataclass(frozen=True)
class AttackEntry:
    """An attack and what to say of it. What is registered is drawn, measured, counted and offered everywhere."""

    title: str
    name: str  # within a sentence
    explanation: str
    run: Attack
    needs_encoder: bool = False
    leads: bool = False  # whether a base may be judged by it: it is by the first such attack that can be run
    file: str = ""  # what the files of its pictures are called; empty: as its key


def encoder_path(base: Base) -> Path:
    """Where the encoder of a base lies: in the folder of a base that its user brought, else under ``weights/``."""
    folder = Path(base.source)
    return (folder if folder.is_dir() else base.folder) / ENCODER


def has_encoder(base: Base) -> bool:
    """Whether there is an encoder for a base: a file, or an entry that says where on the Hub it is."""
    path = encoder_path(base)
    return path.exists() or published(path)


def attacks_on(base: Base) -> list[str]:
    """The attacks that can be run on a base's files."""
    there = has_encoder(base)
    return [key for key, entry in ATTACKS.items() if there or not entry.needs_encoder]


def leading_attack(base: Base) -> str:
    """The attack that a base is judged by: the encoder, else the one that needs no training, by guidance alone."""
    return next(key for key in attacks_on(base) if ATTACKS[key].leads)


def find_attack(key: str) -> AttackEntry:
    """The attack called ``key``.

    Raises:
        SettingsError: there is none of that name.
    """
    if key not in ATTACKS:
        raise SettingsError(f"There is no attack '{key}'.", f"Choose one of: {', '.join(ATTACKS)}.")
    return ATTACKS[key]


def without_encoder(base: Base) -> str | None:
    """What to say of a base that has no encoder; None of one that has."""
    if has_encoder(base):
        return None
    others = ENGLISH.joined([ATTACKS[key].title.lower() for key in attacks_on(base)], "list.comma")
    return ENGLISH.say("no_encoder", base=base.title, attacks=others)


def bundled_encoder(base: Base, pipe: StableDiffusionPipeline) -> WeightEncoder:
    """The pretrained encoder of a base, loaded once for each pipeline's device."""
    path = encoder_path(base)
    return _encoder(path, path.stat().st_mtime_ns if path.exists() else 0, _Key(pipe), base)


class _Key:
    """Lets a pipeline be part of a cache key: equal by text encoder."""

    def __init__(self, pipe: StableDiffusionPipeline) -> None:
        self.pipe = pipe

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.pipe.text_encoder is self.pipe.text_encoder

    def __hash__(self) -> int:
        return id(self.pipe.text_encoder)


@lru_cache(maxsize=2)
def _encoder(path: Path, changed: int, key: _Key, base: Base) -> WeightEncoder:
    del changed
    return load_encoder(path, key.pipe.text_encoder, base)


def forget_encoders() -> None:
    """Let go of the encoders that were loaded, and of the models that they belong to."""
    _encoder.cache_clear()


def embeddings(
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    encoder: WeightEncoder | None = None,
) -> torch.Tensor:
    """Samples of the weight encoder's posterior, (samples, tokens, width)."""
    device = compute_device(pipe)
    encoder = (encoder or bundled_encoder(base, pipe)).to(device)
    pairs = {layer: (a.to(device), b.to(device)) for layer, (a, b) in encoder.pairs([released]).items()}
    tuned = settings.fine_tuning_steps or find_preset(base.preset).steps
    with torch.no_grad():
        mean, logvar = encoder.posterior(pairs, torch.tensor([tuned]))
        shape = (settings.samples, *mean.shape[1:])
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(settings.seed)).to(mean)
        return mean + (logvar / 2).exp() * noise if encoder.settings.variational else mean.expand(shape)


def draw_embeddings(
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    context: torch.Tensor,
    settings: AttackSettings,
    stage: str,
    watcher: Watcher = UNWATCHED,
    *,
    negative: torch.Tensor | None = None,
) -> list[Image.Image]:
    """Pictures of embeddings (n, tokens, width) by the released UNet.

    Args:
        negative: (1, tokens, width); by default what the public text encoder makes of the negative prompt.
    """
    guidance = settings.weight(base)
    with drawn_with(pipe, released, guidance=guidance, extrapolate=settings.extrapolate):
        return draw(
            pipe,
            context,
            guidance=guidance,
            steps=settings.steps or base.sampling_steps,
            seed=settings.seed,
            negative=negative,
            negative_prompt=base.negative_prompt,
            stage=stage,
            watcher=watcher,
        )


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


def weight_encoder(
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    *,
    watcher: Watcher = UNWATCHED,
) -> list[Image.Image]:
    """The paper's attack: the encoder's embedding in place of the text embedding. UNet matrices only."""
    context = embeddings(released, pipe, base, settings)
    return draw_embeddings(released, pipe, base, context, settings, "encoder", watcher)


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


ATTACKS: dict[str, AttackEntry] = {
    "encoder": AttackEntry(
        "Weight encoder",
        "the encoder",
        "Reads the matrices and writes an embedding that replaces the prompt.",
        weight_encoder,
        needs_encoder=True,
        leads=True,
        file="reconstruction",
    ),
    "class_prompt": AttackEntry(
        "Class prompt",
        "the class prompt",
        "Loads the file and asks for 'a person': no encoder, no trigger.",
        class_prompt,
    ),
    "random_trigger": AttackEntry(
        "Guessed trigger",
        "the guessed trigger",
        "Loads the file and puts random letters where the trigger stood.",
        random_trigger,
        leads=True,
        file="guessed_trigger",
    ),
}


def reconstruct(
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    attack: str | None = None,
    settings: AttackSettings | None = None,
    *,
    watcher: Watcher = UNWATCHED,
) -> Reconstruction:
    """Run one registered attack and choose its best guess without the private photos.

    Args:
        attack: one of :data:`ATTACKS`; None takes :func:`leading_attack`, and the result says which that was.

    Raises:
        SettingsError: no attack of that name.
        WeightsError: the attack needs weights that are not there.
        Stopped: the watcher stopped it.
    """
    attack = attack or leading_attack(base)
    pictures = find_attack(attack).run(released, pipe, base, settings or AttackSettings(), watcher=watcher)
    return Reconstruction(attack, pictures, medoid(pictures))


def medoid(pictures: Sequence[Image.Image]) -> int:
    """The picture nearest to all others in dlib's face space: the most agreed-upon face."""
    e = recognise.embed(pictures)
    return int(np.argmin(recognise.distances(e, e).sum(1)))

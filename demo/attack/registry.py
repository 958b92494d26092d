"""The registry of attacks: a new one is one file and one line in :data:`ATTACKS`.

Each takes the released file and public models: that is the threat model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack.by_encoder import has_encoder, weight_encoder
from demo.attack.by_prompt import class_prompt, random_trigger
from demo.attack.settings import AttackSettings
from demo.faces import recognise
from demo.lora.files import LoraWeights
from demo.models.bases import Base
from demo.progress import UNWATCHED, Watcher
from demo.settings import registered
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
    return registered("attack", key, ATTACKS)


def without_encoder(base: Base) -> str | None:
    """What to say of a base that has no encoder; None of one that has."""
    if has_encoder(base):
        return None
    others = ENGLISH.joined([ATTACKS[key].title.lower() for key in attacks_on(base)], "list.comma")
    return ENGLISH.say("no_encoder", base=base.title, attacks=others)


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


def best_first(pictures: Sequence[Image.Image], best: int | None) -> list[Image.Image]:
    """The pictures with an attack's own choice before the others.

    Args:
        best: its index; None: there is none, and the order stays.
    """
    return [pictures[i] for i in sorted(range(len(pictures)), key=lambda i: i != best)]


def medoid(pictures: Sequence[Image.Image]) -> int:
    """The picture nearest to all others in dlib's face space: the most agreed-upon face."""
    return recognise.medoid(recognise.embed(pictures))

"""The arms of a comparison: rows of pictures that differ in what they were drawn with, and their metrics.

"Arm" is the term of clinical trials: a group that is treated in one way and held against the others. Here the
treatment is what the pictures are drawn with: the secret trigger, an attack, or a control.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack.controls import random_lora, swapped
from demo.attack.registry import (
    ATTACKS,
    AttackSettings,
    Reconstruction,
    attacks_on,
    leading_attack,
    medoid,
    reconstruct,
    without_encoder,
)
from demo.finetune.dreambooth import applied
from demo.lora.files import LoraWeights, expected_shapes, read_lora
from demo.metrics.registry import Context, MetricResult, bundled, evaluate
from demo.models.bases import Base
from demo.models.sampling import draw_prompt
from demo.progress import UNWATCHED, Progress, Watcher
from demo.report import Arm
from demo.report.arms import CHANCE, CONTROLS, DREAMBOOTH, OWNER, Words

T = TypeVar("T")


def other_person(base: Base, pipe: StableDiffusionPipeline) -> LoraWeights | None:
    """The bundled LoRA of a fictional person, for the controls; None where a base has none."""
    path = base.folder / "other-person.safetensors"
    return read_lora(path, base_shapes=expected_shapes(pipe)) if path.exists() else None


def compared_arms(
    released: LoraWeights,
    trigger: str | None,
    done: Reconstruction,
    pipe: StableDiffusionPipeline,
    base: Base,
    few: AttackSettings,
    *,
    watcher: Watcher = UNWATCHED,
) -> tuple[list[Arm], list[str]]:
    """The arms of a comparison, and notes on what is missing.

    Args:
        done: an attack that was run already, with more pictures maybe; the others are run here.
    """
    arms, notes, lead = list[Arm](), list[str](), leading_attack(base)
    if trigger is not None:
        arms.append(dreambooth_arm(released, trigger, pipe, base, few, watcher=watcher))
    for key in attacks_on(base):
        made = done if key == done.attack else reconstruct(released, pipe, base, key, few, watcher=watcher)
        arms.append(_attack_arm(key, made))
    if (lacking := without_encoder(base)) is not None:
        notes.append(lacking)
    nobody = reconstruct(random_lora(released, few.seed), pipe, base, lead, few, watcher=watcher)
    arms.append(_control("random_lora", nobody.pictures, nobody.best))
    stranger = other_person(base, pipe)
    if stranger is None:
        notes.append("This base has no bundled LoRA of another person, so two controls are missing.")
    else:

        def attack_theirs() -> Reconstruction:
            return reconstruct(stranger, pipe, base, lead, few, watcher=watcher)

        theirs = _once("other_lora", base, pipe, few, attack_theirs)
        arms.append(_control("other_lora", theirs.pictures, theirs.best))
        if ATTACKS[lead].needs_encoder:
            mixed = swapped(released, stranger, pipe, base, few, watcher=watcher)
            arms.append(_control("swapped_model", mixed))
    arms.append(chance_arm(pipe, base, few, watcher=watcher))
    return arms, notes


def dreambooth_arm(
    released: LoraWeights,
    trigger: str,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    *,
    watcher: Watcher = UNWATCHED,
) -> Arm:
    """The victim's own pictures, with the secret trigger."""
    prompt = base.test_prompt.format(trigger=trigger)
    return _arm(OWNER, DREAMBOOTH, _prompted(released, prompt, pipe, base, settings, "DreamBooth", watcher))


def attack_arm(
    key: str,
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    *,
    watcher: Watcher = UNWATCHED,
) -> Arm:
    """The pictures of one registered attack, which has the file and public models."""
    return _attack_arm(key, reconstruct(released, pipe, base, key, settings, watcher=watcher))


def chance_arm(
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    *,
    watcher: Watcher = UNWATCHED,
) -> Arm:
    """The base model's own people."""

    def draw_people() -> list[Image.Image]:
        return _prompted(None, base.class_prompt, pipe, base, settings, "chance", watcher)

    return _control(CHANCE, _once(CHANCE, base, pipe, settings, draw_people))


_ONCE: WeakKeyDictionary[StableDiffusionPipeline, dict[tuple[str, str, float, str], object]] = WeakKeyDictionary()


def _once(arm: str, base: Base, pipe: StableDiffusionPipeline, settings: AttackSettings, draw: Callable[[], T]) -> T:
    """What an arm draws that no file has a part in: the same for every visitor, so it is drawn once for a pipeline."""
    known = _ONCE.setdefault(pipe, {})
    key = (arm, base.key, base.tau, settings.model_dump_json())
    if key not in known:
        known[key] = draw()
    return cast("T", known[key])


def _attack_arm(key: str, done: Reconstruction) -> Arm:
    entry = ATTACKS[key]
    return _arm(key, Words(entry.title, entry.explanation), done.pictures, done.best)


def _control(key: str, pictures: list[Image.Image], best: int | None = None) -> Arm:
    return _arm(key, CONTROLS[key], pictures, best)


def _arm(key: str, words: Words, pictures: list[Image.Image], best: int | None = None) -> Arm:
    return Arm(key, words.title, words.explanation, pictures, medoid(pictures) if best is None else best)


def _prompted(
    lora: LoraWeights | None,
    prompt: str,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    stage: str,
    watcher: Watcher,
) -> list[Image.Image]:
    with applied(pipe, lora):
        return draw_prompt(pipe, base, prompt, settings.samples, seed=settings.seed, stage=stage, watcher=watcher)


def measure(
    arms: Sequence[Arm], context: Context, metrics: Sequence[str] | None = None, watcher: Watcher = UNWATCHED
) -> dict[str, list[MetricResult]]:
    """Metrics of every arm's pictures, arm key -> results.

    Args:
        context: holds the private photos and keeps their embeddings; its own pictures do not matter.
        metrics: keys; None for those that never download.
    """
    results: dict[str, list[MetricResult]] = {}
    keys = bundled() if metrics is None else metrics
    for number, arm in enumerate(arms):
        watcher.tell(Progress(f"measure {arm.title}", number + 1, len(arms)))
        results[arm.key] = evaluate(replace(context, pictures=arm.pictures), keys)
    return results

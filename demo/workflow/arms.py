"""The arms of a comparison: rows of pictures that differ in what they were drawn with, and their metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Event

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
from demo.metrics.registry import BUNDLED, Context, MetricResult, evaluate
from demo.models.bases import Base
from demo.models.sampling import draw_prompt
from demo.progress import Progress, Report
from demo.report import Arm

DREAMBOOTH = ("DreamBooth", "The victim's own use: the prompt with the secret trigger, drawn with ordinary guidance.")
CONTROLS = {
    "random_lora": ("Random LoRA", "The same attack on random numbers of the same size: nobody's file."),
    "other_lora": ("Another person's LoRA", "The same attack on a fictional person's file."),
    "swapped_model": ("Swapped model", "This file's embedding in the other person's model: whose face comes out?"),
    "chance": ("Chance", "The base model's own people, no LoRA at all."),
}


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
    report: Report | None = None,
    stop: Event | None = None,
) -> tuple[list[Arm], list[str]]:
    """The arms of a comparison, and notes on what is missing.

    Args:
        done: an attack that was run already, with more pictures maybe; the others are run here.
    """
    arms, notes, lead = list[Arm](), list[str](), leading_attack(base)
    if trigger is not None:
        arms.append(dreambooth_arm(released, trigger, pipe, base, few, report=report, stop=stop))
    for key in attacks_on(base):
        made = done if key == done.attack else reconstruct(released, pipe, base, key, few, report=report, stop=stop)
        arms.append(_attack_arm(key, made))
    if (lacking := without_encoder(base)) is not None:
        notes.append(lacking)
    nobody = reconstruct(random_lora(released, few.seed), pipe, base, lead, few, report=report, stop=stop)
    arms.append(_arm("random_lora", CONTROLS["random_lora"], nobody.pictures, nobody.best))
    stranger = other_person(base, pipe)
    if stranger is None:
        notes.append("This base has no bundled LoRA of another person, so two controls are missing.")
    else:
        theirs = reconstruct(stranger, pipe, base, lead, few, report=report, stop=stop)
        arms.append(_arm("other_lora", CONTROLS["other_lora"], theirs.pictures, theirs.best))
        if lead == "encoder":
            mixed = swapped(released, stranger, pipe, base, few, report=report, stop=stop)
            arms.append(_arm("swapped_model", CONTROLS["swapped_model"], mixed))
    arms.append(chance_arm(pipe, base, few, report=report, stop=stop))
    return arms, notes


def dreambooth_arm(
    released: LoraWeights,
    trigger: str,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    *,
    report: Report | None = None,
    stop: Event | None = None,
) -> Arm:
    """The victim's own pictures, with the secret trigger."""
    prompt = base.test_prompt.format(trigger=trigger)
    return _arm("dreambooth", DREAMBOOTH, _prompted(released, prompt, pipe, base, settings, "DreamBooth", report, stop))


def attack_arm(
    key: str,
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    *,
    report: Report | None = None,
    stop: Event | None = None,
) -> Arm:
    """The pictures of one registered attack, which has the file and public models."""
    return _attack_arm(key, reconstruct(released, pipe, base, key, settings, report=report, stop=stop))


def chance_arm(
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    *,
    report: Report | None = None,
    stop: Event | None = None,
) -> Arm:
    """The base model's own people."""
    pictures = _prompted(None, base.class_prompt, pipe, base, settings, "chance", report, stop)
    return _arm("chance", CONTROLS["chance"], pictures)


def _attack_arm(key: str, done: Reconstruction) -> Arm:
    entry = ATTACKS[key]
    return _arm(key, (entry.title, entry.explanation), done.pictures, done.best)


def _arm(key: str, words: tuple[str, str], pictures: list[Image.Image], best: int | None = None) -> Arm:
    return Arm(key, words[0], words[1], pictures, medoid(pictures) if best is None else best)


def _prompted(
    lora: LoraWeights | None,
    prompt: str,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    stage: str,
    report: Report | None,
    stop: Event | None,
) -> list[Image.Image]:
    with applied(pipe, lora):
        return draw_prompt(
            pipe, base, prompt, settings.samples, seed=settings.seed, stage=stage, report=report, stop=stop
        )


def measure(
    arms: Sequence[Arm], context: Context, metrics: Sequence[str] = BUNDLED, report: Report | None = None
) -> dict[str, list[MetricResult]]:
    """Metrics of every arm's pictures, arm key -> results.

    Args:
        context: holds the private photos and keeps their embeddings; its own pictures do not matter.
    """
    results: dict[str, list[MetricResult]] = {}
    for number, arm in enumerate(arms):
        if report is not None:
            report(Progress(f"measure {arm.title}", number + 1, len(arms)))
        results[arm.key] = evaluate(replace(context, pictures=arm.pictures), metrics)
    return results

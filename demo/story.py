"""The whole story: photos -> LoRA -> attack -> comparison -> verdict. The app and the command line tell the same."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from threading import Event, Lock
from typing import TypeVar

from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack.registry import ATTACKS, AttackSettings, Reconstruction, medoid, random_lora, reconstruct, swapped
from demo.bases import Base, find_base, load_pipeline
from demo.defences.base import Defence
from demo.defences.release import write_tuned
from demo.gate.gate import load_gate, refuse_drawn
from demo.lora.dreambooth import FineTuned, applied, fine_tune
from demo.lora.files import LoraWeights, expected_shapes, read_lora
from demo.lora.leak0 import scan_metadata
from demo.lora.settings import LoraSettings, find_preset
from demo.metrics.registry import BUNDLED, Context, MetricResult, evaluate
from demo.metrics.verdict import judge
from demo.preflight.check import check_drawing, check_tuning, placement_for
from demo.progress import Progress, Report, listener, telling
from demo.report import Arm, LeakReport, seen_matrices
from demo.sampling import draw_prompt

Photo = TypeVar("Photo")
FOR_TUNING = 5  # photos; what is left over is for scoring alone
DREAMBOOTH = ("DreamBooth", "The victim's own use: the prompt with the secret trigger, drawn with ordinary guidance.")
CONTROLS = {
    "random_lora": ("Random LoRA", "The encoder reads random numbers of the same size: nobody's file."),
    "other_lora": ("Another person's LoRA", "The encoder reads a fictional person's file."),
    "swapped_model": ("Swapped model", "This file's embedding in the other person's model: whose face comes out?"),
    "chance": ("Chance", "The base model's own people, no LoRA at all."),
}
# One pipeline per base is shared, and merging a LoRA changes it in place: one job at a time.
COMPUTE = Lock()


@lru_cache(maxsize=2)
def pipeline(key: str, device: str = "auto") -> StableDiffusionPipeline:
    """The pipeline of a base model, loaded once. Use it under :data:`COMPUTE`.

    Raises:
        PreflightError: drawing with it does not fit this machine; found before anything is downloaded.
        WeightsError: it cannot be had.
    """
    base = find_base(key)
    report, stop = listener()
    return load_pipeline(base, device, placement=placement_for(base, device), report=report, stop=stop)


@dataclass
class Stopwatch:
    """Seconds of each stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time inside to ``name``."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0) + time.monotonic() - began, 2)


def tune(
    photos: Sequence[Image.Image],
    out: Path | None,
    *,
    base_key: str = "face64",
    settings: LoraSettings | None = None,
    defence: Defence | None = None,
    gate: bool = False,
    seed: int = 0,
    report: Report | None = None,
    stop: Event | None = None,
) -> FineTuned:
    """Fine-tune on aligned photos and write ``out`` (safetensors), the file that would be shared; None writes none.

    With a defence its ledger lies beside the file.

    Args:
        gate: a service's guard against Shake-to-Leak: pictures that the model drew itself are not trained on.

    Raises:
        PreflightError: the machine cannot do it (:mod:`demo.preflight.check`).
        WeightsError: no gate was calibrated for this base, or the base cannot be had.
        PhotoError: the gate refuses the photos.
        DemoError: see :func:`demo.lora.dreambooth.fine_tune` and :func:`demo.lora.files.write_lora`.
    """
    base = find_base(base_key)
    settings = settings or find_preset(base.preset)
    with COMPUTE, telling(report, stop):
        check_tuning(base, settings)
        if gate:
            refuse_drawn(load_gate(base), pipeline(base_key), base, photos, report=report, stop=stop)
        tuned = fine_tune(
            pipeline(base_key), base, photos, settings, defence=defence, seed=seed, report=report, stop=stop
        )
    if out is not None:
        write_tuned(out, tuned)
    return tuned


def open_lora(path: Path, *, base_key: str = "face64") -> LoraWeights:
    """Read and check a LoRA file for a base.

    Raises:
        LoraFileError: it cannot be read or does not fit.
    """
    return read_lora(path, base_shapes=expected_shapes(pipeline(base_key)))


def attack(
    released: LoraWeights,
    name: str = "encoder",
    *,
    base_key: str = "face64",
    settings: AttackSettings | None = None,
    report: Report | None = None,
    stop: Event | None = None,
) -> Reconstruction:
    """Attack a released file. Nothing of the victim's comes in."""
    base, settings = find_base(base_key), settings or AttackSettings()
    with COMPUTE, telling(report, stop):
        check_drawing(base, settings.samples, settings.steps)
        return reconstruct(released, pipeline(base_key), base, name, settings, report=report, stop=stop)


def other_person(base: Base, pipe: StableDiffusionPipeline) -> LoraWeights | None:
    """The bundled LoRA of a fictional person, for the controls; None where a base has none."""
    path = base.folder / "other-person.safetensors"
    return read_lora(path, base_shapes=expected_shapes(pipe)) if path.exists() else None


def compare(
    released: LoraWeights,
    trigger: str | None,
    photos: Sequence[Image.Image],
    *,
    base_key: str = "face64",
    settings: AttackSettings | None = None,
    reconstruction: Reconstruction | None = None,
    metrics: Sequence[str] = BUNDLED,
    extra: Mapping[str, object] | None = None,
    notes: Sequence[str] = (),
    report: Report | None = None,
    stop: Event | None = None,
    watch: Stopwatch | None = None,
) -> LeakReport:
    """Attack, controls and metrics side by side.

    Args:
        trigger: the victim's secret, for the DreamBooth line alone; None leaves that line out.
        photos: aligned private photos that the metrics compare with.
        reconstruction: an attack by the encoder that has been run already.
        extra: settings to name in the report.

    Raises:
        Stopped: ``stop`` was set.
    """
    base, settings, watch = find_base(base_key), settings or AttackSettings(), watch or Stopwatch()
    notes = list(notes)
    with COMPUTE:
        pipe = pipeline(base_key)
        with watch.stage("attack"):
            done = reconstruction or reconstruct(released, pipe, base, "encoder", settings, report=report, stop=stop)
        with watch.stage("pictures to compare with"):
            arms = _arms(released, trigger, done, pipe, base, settings, notes, report, stop)
    with watch.stage("metrics"):
        context = Context(pictures=arms[0].pictures, photos=photos, prompt=base.class_prompt)
        results = measure(arms, context, metrics, report)
    return LeakReport(
        title="What the shared LoRA gives away",
        base=f"{base.title}, {base.licence}",
        settings={"attack": settings.said(base), **(extra or {})},
        arms=arms,
        metrics=results,
        verdict=judge(results),
        seconds=dict(watch.seconds),
        notes=notes,
        seen=seen_matrices(released.tensors),
        leak0=scan_metadata(released.metadata),
        photos=list(photos),
    )


def _arms(
    released: LoraWeights,
    trigger: str | None,
    done: Reconstruction,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    notes: list[str],
    report: Report | None,
    stop: Event | None,
) -> list[Arm]:
    few = settings.model_copy(update={"samples": min(4, settings.samples)})
    arms = []
    if trigger is not None:
        arms.append(dreambooth_arm(released, trigger, pipe, base, few, report=report, stop=stop))
    arms.append(_attacked("encoder", done))
    for key in ("class_prompt", "random_trigger"):
        arms.append(attack_arm(key, released, pipe, base, few, report=report, stop=stop))
    nobody = reconstruct(random_lora(released, settings.seed), pipe, base, "encoder", few, report=report, stop=stop)
    arms.append(_arm("random_lora", CONTROLS["random_lora"], nobody.pictures, nobody.best))
    stranger = other_person(base, pipe)
    if stranger is None:
        notes.append("No bundled LoRA of another person for this base: two controls are missing.")
    else:
        theirs = reconstruct(stranger, pipe, base, "encoder", few, report=report, stop=stop)
        arms.append(_arm("other_lora", CONTROLS["other_lora"], theirs.pictures, theirs.best))
        arms.append(_arm("swapped_model", CONTROLS["swapped_model"], swapped(released, stranger, pipe, base, few)))
    arms.append(chance_arm(pipe, base, few, report=report, stop=stop))
    return arms


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
    return _attacked(key, reconstruct(released, pipe, base, key, settings, report=report, stop=stop))


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


def _attacked(key: str, done: Reconstruction) -> Arm:
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


def split_photos(photos: Sequence[Photo]) -> tuple[list[Photo], list[Photo], str]:
    """Photos (or the files they are in) to tune on, photos to score with, and an honest note about the two."""
    used, kept = list(photos[:FOR_TUNING]), list(photos[FOR_TUNING:])
    if len(kept) >= 3:
        return used, kept, f"Fine-tuned on {len(used)} photos; scored against {len(kept)} others of the same person."
    return (
        list(photos),
        list(photos),
        "Too few photos to keep some apart: scored against the photos that were fine-tuned on.",
    )

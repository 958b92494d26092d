"""The whole story: photos -> LoRA -> attack -> comparison -> verdict. The app and the command line tell the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack import photo_count
from demo.attack.photo_count import PhotoCount, load_calibration
from demo.attack.registry import ATTACKS, AttackSettings, Reconstruction, reconstruct
from demo.defences.base import Defence
from demo.defences.release import write_card, write_tuned
from demo.errors import WeightsError
from demo.finetune.class_images import draw_some
from demo.finetune.dreambooth import FineTuned, fine_tune_part, finished
from demo.finetune.resume import TrainingState
from demo.finetune.settings import LoraSettings, find_preset
from demo.hardware.zero_gpu import TURN_S, on_gpu
from demo.lora.files import LoraWeights, read_lora
from demo.lora.metadata.leak import scan_metadata
from demo.lora.picture import matrices_picture
from demo.metrics.dlib_identity import photos_ceiling
from demo.metrics.registry import Context
from demo.models.bases import BUNDLED, Base, find_base
from demo.models.load import architecture_of
from demo.preflight.check import check_tuning, dry_of
from demo.progress import UNWATCHED, Watcher, watched
from demo.report import LeakReport, seen_matrices
from demo.report.agreement import load_agreement
from demo.report.arms import CONTROLS
from demo.report.verdict import judge
from demo.shake.gate.decision import load_gate, refuse_drawn
from demo.verdicts.story import Agreement
from demo.workflow import pipeline_cache
from demo.workflow.arms import compared_arms, measure
from demo.workflow.zero_gpu_turns import draw_class_images, drawing_seconds, fetch_first, prepare_drawing, take_turns

T = TypeVar("T")
# One pipeline per base is shared, and merging a LoRA changes it in place: one job at a time.
COMPUTE = Lock()


def pipeline(key: str, device: str = "auto", *, precise: bool = False, whole: bool = False) -> StableDiffusionPipeline:
    """:func:`demo.workflow.pipeline_cache.pipeline`. Use it under :data:`COMPUTE`."""
    return pipeline_cache.pipeline(key, device, precise=precise, whole=whole)


def on_pipeline(
    work: Callable[..., T],
    base_key: str,
    arguments: Mapping[str, Any],
    *,
    seconds: float,
    watcher: Watcher,
    limit_s: float | None = None,
    precise: bool = False,
    whole: bool = False,
) -> T:
    """``work(pipe=..., base=..., watcher=..., **arguments)`` with a base's pipeline, loaded where the GPU is.

    Use it under :data:`COMPUTE`.

    Args:
        work: a function at the top of a module: on ZeroGPU it and its arguments go to another process.
        seconds: see :func:`demo.hardware.zero_gpu.on_gpu`.
        limit_s: makes ``work``'s ``deadline``, so many seconds after loading begins; None: it is given none.
        precise, whole: see :func:`pipeline`.

    Raises:
        PreflightError, WeightsError: see :func:`pipeline`.
        GpuError, DemoError, Stopped: see :func:`demo.hardware.zero_gpu.on_gpu`.
    """
    loading = {"precise": precise, "whole": whole}
    return on_gpu(_with_pipeline, work, base_key, loading, limit_s, dict(arguments), seconds=seconds, watcher=watcher)


def _with_pipeline(
    work: Callable[..., T],
    base_key: str,
    loading: Mapping[str, Any],
    limit_s: float | None,
    arguments: Mapping[str, Any],
    *,
    watcher: Watcher,
) -> T:
    limit = {} if limit_s is None else {"deadline": time.monotonic() + limit_s}  # loading is part of the turn
    pipe = pipeline(base_key, **loading)
    return work(pipe=pipe, base=find_base(base_key), watcher=watcher, **limit, **arguments)


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
    base_key: str = BUNDLED,
    settings: LoraSettings | None = None,
    defence: Defence | None = None,
    gate: bool = False,
    seed: int = 0,
    watcher: Watcher = UNWATCHED,
) -> FineTuned:
    """Fine-tune on aligned photos and write ``out`` (safetensors), the file that would be shared; None writes none.

    Its model card lies beside the file, and with a defence its ledger.

    Args:
        gate: a service's guard against Shake-to-Leak: pictures that the model drew itself are not trained on.

    Raises:
        PreflightError: the machine cannot do it (:mod:`demo.preflight.check`).
        WeightsError: no gate was calibrated for this base, or the base cannot be had.
        PhotoError: the gate refuses the photos.
        GpuError: ZeroGPU lends none. One lost on the way keeps what was trained until then (``cut``).
        DemoError: see :func:`demo.finetune.dreambooth.fine_tune` and :func:`demo.lora.files.write_lora`.
    """
    base = find_base(base_key)
    settings = settings or find_preset(base.preset)

    def draw(limit_s: float, seconds: float) -> None:
        count = {"count": settings.class_images}
        on_pipeline(draw_some, base_key, count, limit_s=limit_s, seconds=seconds, watcher=watcher)

    def train(begun: TrainingState | None, limit_s: float | None, seconds: float) -> TrainingState:
        made = {"photos": photos, "settings": settings, "defence": defence, "seed": seed, "begun": begun}
        return on_pipeline(
            fine_tune_part, base_key, made, limit_s=limit_s, whole=True, seconds=seconds, watcher=watcher
        )

    with COMPUTE, watched(watcher):
        check_tuning(base, settings, held=pipeline_cache.held(base_key))
        fetch_first(base)
        if gate:
            asked = {"gate": load_gate(base), "pictures": photos}
            on_pipeline(refuse_drawn, base_key, asked, whole=True, seconds=TURN_S, watcher=watcher)
        if photos and settings.prior_weight:
            draw_class_images(draw, base, settings.class_images)
        part = take_turns(train, settings.steps, watcher=watcher)
    tuned = finished(part, len(photos), settings, defence)
    if out is not None:
        write_tuned(out, tuned)
        write_card(out, tuned.lora, base)
    return tuned


def open_lora(path: Path, *, base_key: str = BUNDLED) -> LoraWeights:
    """Read and check a LoRA file for a base, of which no weights are needed.

    Raises:
        LoraFileError: it cannot be read or does not fit.
        WeightsError: the base's configuration cannot be had.
    """
    base = find_base(base_key)
    shapes = dry_of(architecture_of(base), torch.float32).layers()
    return read_lora(path, base_shapes=shapes, base_title=base.title)


def count_photos(released: LoraWeights, *, base_key: str = BUNDLED) -> PhotoCount | None:
    """How many photos a file was made from, by its spectrum; None for a base without LoRAs of known number."""
    base = find_base(base_key)
    if not (base.folder / photo_count.FILE).exists():
        return None
    try:
        known = load_calibration(base)
    except WeightsError as error:  # damaged, or of other weights: said, but no reason to end a job
        return PhotoCount(None, None, None, None, str(error))
    return photo_count.count_photos(released, known)


def attack(
    released: LoraWeights,
    name: str | None = None,
    *,
    base_key: str = BUNDLED,
    settings: AttackSettings | None = None,
    watcher: Watcher = UNWATCHED,
) -> Reconstruction:
    """Attack a released file. Nothing of the victim's comes in.

    Args:
        name: of the attack; None takes :func:`demo.attack.registry.leading_attack`.

    Raises:
        DemoError: see :func:`demo.attack.registry.reconstruct`.
    """
    settings = settings or AttackSettings()
    with COMPUTE, watched(watcher):
        return _attacked(released, name, base_key, settings, watcher)


def _agreement(base: Base) -> tuple[Agreement | None, list[str]]:
    """How often verdicts agree; and a note where that cannot be read, for the verdict itself does not depend on it."""
    try:
        return load_agreement(base), []
    except WeightsError as error:
        return None, [str(error)]


def _attacked(
    released: LoraWeights,
    name: str | None,
    base_key: str,
    settings: AttackSettings,
    watcher: Watcher,
) -> Reconstruction:
    base = find_base(base_key)
    prepare_drawing(base, settings.samples, settings.steps)
    seconds = drawing_seconds(base, settings.samples)
    made = {"released": released, "attack": name, "settings": settings}
    return on_pipeline(reconstruct, base_key, made, seconds=seconds, watcher=watcher)


def compare(
    released: LoraWeights,
    trigger: str | None,
    photos: Sequence[Image.Image],
    *,
    base_key: str = BUNDLED,
    settings: AttackSettings | None = None,
    reconstruction: Reconstruction | None = None,
    metrics: Sequence[str] | None = None,
    extra: Mapping[str, object] | None = None,
    notes: Sequence[str] = (),
    watcher: Watcher = UNWATCHED,
    watch: Stopwatch | None = None,
) -> LeakReport:
    """Attack, controls and metrics side by side.

    Args:
        trigger: the victim's secret, for the DreamBooth line alone; None leaves that line out.
        photos: aligned private photos that the metrics compare with.
        reconstruction: an attack that has been run already.
        metrics: what to measure; None for what is never downloaded.
        extra: settings to name in the report.

    Raises:
        PreflightError: the machine cannot do it.
        Stopped: the watcher stopped it.
    """
    base, settings, watch = find_base(base_key), settings or AttackSettings(), watch or Stopwatch()
    few = settings.model_copy(update={"samples": min(4, settings.samples)})
    with COMPUTE, watched(watcher):
        with watch.stage("attack"):
            done = reconstruction or _attacked(released, None, base_key, settings, watcher)
        prepare_drawing(base, few.samples, few.steps)
        with watch.stage("pictures to compare with"):
            seconds = drawing_seconds(base, few.samples * (len(CONTROLS) + len(ATTACKS)))
            made = {"released": released, "trigger": trigger, "done": done, "few": few}
            arms, lacking = on_pipeline(compared_arms, base_key, made, seconds=seconds, watcher=watcher)
    with watch.stage("metrics"):
        context = Context(pictures=arms[0].pictures, photos=photos, prompt=base.class_prompt)
        results, ceiling = measure(arms, context, metrics, watcher), photos_ceiling(photos)
    agreement, unread = _agreement(base)
    return LeakReport(
        title="What the shared LoRA gives away",
        base=f"{base.title}, {base.licence}",
        settings={"attack": settings.said(base), **(extra or {})},
        arms=arms,
        metrics=results,
        verdict=judge(results, ceiling=ceiling, agreement=agreement),
        seconds=dict(watch.seconds),
        notes=[*notes, *lacking, *unread],
        seen=seen_matrices(released.tensors),
        file=matrices_picture(released),
        metadata_leak=scan_metadata(released.metadata),
        ceiling=ceiling,
        photos=list(photos),
    )

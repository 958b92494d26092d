"""Run a plan of defences on one person's photos: fine-tune, attack the written file, measure, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack.registry import AttackSettings, attacks_on, without_encoder
from demo.defences.base import Defence
from demo.defences.registry import DEFENCES, choose
from demo.defences.release import released, write_tuned
from demo.errors import DemoError, GpuError, OutputError, PhotoError, PreflightError, Stopped, WeightsError
from demo.finetune.dreambooth import FineTuned
from demo.finetune.settings import LoraSettings, find_preset
from demo.lora.files import LoraWeights
from demo.metrics.registry import Context, MetricResult
from demo.models.bases import BUNDLED, Base, find_base
from demo.photos.split import split_photos
from demo.progress import UNWATCHED, Watcher, watched
from demo.report import Arm
from demo.sweep.model import MetricSummary, Point, Sweep, new_point, point_name, settings_of
from demo.workflow import story
from demo.workflow.arms import attack_arm, chance_arm, dreambooth_arm, measure
from demo.workflow.zero_gpu_turns import drawing_seconds, prepare_drawing

__all__ = ["MetricSummary", "Point", "Sweep", "default_plan", "sweep"]

CHANCE_ROUNDS = 2  # every point is held against chance, so it gets more pictures than one point does


def default_plan() -> tuple[Defence, ...]:
    """All of the registry, in its order, at every epsilon that a defence is to be tried at."""
    return tuple(
        defence
        for key, kind in DEFENCES.items()
        for defence in ([choose(key, epsilon=epsilon) for epsilon in kind.tried_at] or [choose(key)])
    )


def sweep(
    photos: Sequence[Image.Image],
    *,
    plan: Sequence[Defence] | None = None,
    base_key: str = BUNDLED,
    settings: LoraSettings | None = None,
    attack: AttackSettings | None = None,
    seed: int = 0,
    done: Sequence[Point] = (),
    begun: Sweep | None = None,
    metrics: Sequence[str] | None = None,
    folder: Path | None = None,
    watcher: Watcher = UNWATCHED,
    keep: Callable[[Point], None] | None = None,
) -> Sweep:
    """Try every defence of a plan on one person.

    All of them fine-tune with one seed, hence one trigger, one start and one order of photos: they differ by the
    defence alone (and by its noise, which no seed may determine). Those that change only what is released share one
    fine-tuning.

    Args:
        photos: aligned; :func:`demo.photos.split.split_photos` says which are fine-tuned on and which score.
        plan: :func:`default_plan` by default.
        seed: of the fine-tuning; the secret trigger follows from it.
        done: points finished earlier with the same photos and settings; their defences are not run again, unless an
            attack has been registered since.
        begun: an earlier sweep with the same photos and settings: its chance arm is taken over.
        metrics: what to measure; None for what is never downloaded.
        folder: where each LoRA and its ledger stay, in a folder of its own; by default they are deleted.
        watcher: told at every step, the stage says which defence of how many; asked at every step, and what is
            finished is returned.
        keep: called with each new point as soon as it is finished.

    Raises:
        DemoError: what would stop every defence: no photos, missing weights, a folder that cannot be written.
            What stops one defence alone becomes a note.
    """
    base = find_base(base_key)
    plan = default_plan() if plan is None else tuple(plan)
    settings, attack = settings or find_preset(base.preset), attack or AttackSettings()
    done = [point for point in done if point.arms.keys() >= set(attacks_on(base))]  # else it is judged by fewer
    used, scored, note = split_photos(photos)
    notes, points = [note], list[Point]()
    if (lacking := without_encoder(base)) is not None:
        notes.append(lacking)
    chance: Sequence[MetricResult] = [] if begun is None else begun.chance
    chance_pictures: Sequence[Image.Image] = [] if begun is None else begun.chance_pictures
    run = _Run(base_key, base, used, settings, attack, seed, metrics)
    with _folder(folder) as room:
        try:
            if not chance:
                nobody = _chance(base_key, base, attack, watcher)
                context = Context(pictures=nobody.pictures, photos=scored, prompt=base.class_prompt)
                chance, chance_pictures = measure([nobody], context, metrics)[nobody.key], nobody.pictures
            context = Context(pictures=chance_pictures, photos=scored, prompt=base.class_prompt)
            for number, defence in enumerate(plan, 1):
                ready = next((point for point in done if point.is_of(defence)), None)
                if ready is not None:
                    points.append(ready)
                    continue
                named = watcher.named(f"{number} of {len(plan)}: {defence.label}")
                try:
                    point = run(defence, room / point_name(defence), context, named)
                except (OutputError, PhotoError, PreflightError, WeightsError):
                    raise  # would happen again with the next defence
                except DemoError as error:
                    notes.append(f"{defence.label} could not be tried: {error}")
                    continue
                points.append(point)
                if keep is not None:
                    keep(point)
        except Stopped:
            later = [point for point in done if point not in points and any(point.is_of(defence) for defence in plan)]
            points += later
            notes.append(f"Stopped after {len(points)} of {len(plan)} defences.")
    return Sweep(
        points=points,
        chance=chance,
        chance_pictures=chance_pictures,
        planned=len(plan),
        photos=scored,
        base=f"{base.title}, {base.licence}",
        notes=notes,
        settings={"fine-tuning": settings.model_dump(), "attack": attack.said(base)},
    )


@dataclass
class _Run:
    """What all defences of a sweep have in common."""

    base_key: str
    base: Base
    photos: Sequence[Image.Image]
    settings: LoraSettings
    attack: AttackSettings
    seed: int
    metrics: Sequence[str] | None
    plain: FineTuned | None = None  # the fine-tuning without a defence, once there is one

    def __call__(self, defence: Defence, folder: Path, context: Context, watcher: Watcher) -> Point:
        """Fine-tune, attack the file as it was written, measure."""
        began = time.monotonic()
        defence.check(len(self.photos), self.settings)
        file = folder / "lora.safetensors"
        tuned = self._tuned(defence, watcher)
        write_tuned(file, tuned)
        arms = self._draw(file, tuned.trigger, watcher)
        results = measure(arms, context, self.metrics, watcher)
        watcher.check()
        ledger = tuned.ledger or defence.ledger(len(self.photos), self.settings, tuned.steps)
        return new_point(
            defence.label,
            defence.key,
            settings_of(defence),
            results,
            {arm.key: arm.pictures for arm in arms},
            ledger,
            tuned.steps,
            round(time.monotonic() - began, 2),
        )

    def _tuned(self, defence: Defence, watcher: Watcher) -> FineTuned:
        if not defence.trains_plainly:
            return self._trained(defence, watcher)
        if self.plain is None:
            self.plain = self._trained(None, watcher)
        return released(self.plain, defence, len(self.photos), self.settings)

    def _trained(self, defence: Defence | None, watcher: Watcher) -> FineTuned:
        tuned = story.tune(
            self.photos,
            None,
            base_key=self.base_key,
            settings=self.settings,
            defence=defence,
            seed=self.seed,
            watcher=watcher,
        )
        watcher.check()  # a stop keeps what has been trained so far, which is no point
        if tuned.cut:
            raise GpuError(f"The GPU was gone after {tuned.steps} steps.", "Try again later.")
        return tuned

    def _draw(self, file: Path, trigger: str, watcher: Watcher) -> list[Arm]:
        # From here on the attacks have what anybody has: the file as it was written.
        lora = story.open_lora(file, base_key=self.base_key)
        seconds = drawing_seconds(self.base, self.attack.samples * (1 + len(attacks_on(self.base))))
        made = {"lora": lora, "trigger": trigger, "attack": self.attack}
        with story.COMPUTE:
            return story.on_pipeline(_arms, self.base_key, made, seconds=seconds, watcher=watcher)


def _arms(
    pipe: StableDiffusionPipeline,
    base: Base,
    lora: LoraWeights,
    trigger: str,
    attack: AttackSettings,
    *,
    watcher: Watcher,
) -> list[Arm]:
    common = (pipe, base, attack)
    return [
        dreambooth_arm(lora, trigger, *common, watcher=watcher),
        *(attack_arm(key, lora, *common, watcher=watcher) for key in attacks_on(base)),
    ]


def _chance(base_key: str, base: Base, attack: AttackSettings, watcher: Watcher) -> Arm:
    seconds = drawing_seconds(base, attack.samples * CHANCE_ROUNDS)
    with story.COMPUTE, watched(watcher):
        prepare_drawing(base, attack.samples, attack.steps)
        return story.on_pipeline(_chance_arm, base_key, {"attack": attack}, seconds=seconds, watcher=watcher)


def _chance_arm(pipe: StableDiffusionPipeline, base: Base, attack: AttackSettings, *, watcher: Watcher) -> Arm:
    rounds = [
        chance_arm(pipe, base, attack.model_copy(update={"seed": attack.seed + n}), watcher=watcher)
        for n in range(CHANCE_ROUNDS)
    ]
    return replace(rounds[0], pictures=[picture for arm in rounds for picture in arm.pictures])


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    with TemporaryDirectory(prefix="lora-leak-") as temporary:
        yield Path(temporary)

"""``python -m demo leak``: the whole story on a folder of photos."""

from __future__ import annotations

import argparse
import math
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from demo.cli.output import (
    Narrator,
    one_line,
    peak_memory_mb,
    print_json,
    say,
    write_pictures,
)
from demo.cli.results import (
    LORA,
    LORA_BYTES,
    REPORT,
    check_apart,
    check_out,
    check_pictures,
    clear_results,
    picture_names,
    written_earlier,
)
from demo.errors import DemoError, SettingsError
from demo.progress import Watcher

if TYPE_CHECKING:
    from demo.defences.base import Defence
    from demo.finetune.settings import LoraSettings
    from demo.lora.ledger import Ledger
    from demo.photos.decode import BadPhotoError
    from demo.report import LeakReport


def leak(arguments: argparse.Namespace) -> None:
    """Check the input, quick things first, then fine-tune, attack, compare, write.

    Raises:
        DemoError: what is wrong with the input.
    """
    out: Path = arguments.out
    check_apart(out, arguments.photos)
    check_out(out, (*LORA, *REPORT))
    paths = find_photos(arguments.photos)

    say("Loading")
    from demo.attack.registry import AttackSettings
    from demo.metrics.registry import chosen
    from demo.models.bases import find_base
    from demo.photos.ingest import read_photos
    from demo.photos.same_person import likeness, strangers
    from demo.photos.split import split_photos
    from demo.preflight.check import check_tuning, told
    from demo.report import write_report
    from demo.shake.gate.decision import load_gate
    from demo.workflow import story

    base, metrics = find_base(arguments.base), chosen(arguments.metrics)
    settings = tuning_settings(arguments, base.preset)
    defence = chosen_defence(arguments)
    defence.check(len(split_photos(paths)[0]), settings)
    if arguments.gate:
        load_gate(base)
    check_tuning(base, settings)
    if estimate := told(base, settings):
        say(estimate)
    attack = AttackSettings(samples=arguments.samples)
    check_pictures(out, attack.samples, base.side, more=LORA_BYTES)
    narrate, watch = Narrator(), story.Stopwatch()

    with watch.stage("photos"):
        read = read_photos(paths, side=base.side)
        photos = [photo.aligned for photo in read]
        odd = strangers([(photo.name, likeness(photo.aligned)) for photo in read])
    for warning in odd:
        say(warning)
    used, scored, note = split_photos(photos)
    say(note)
    seed = secrets.randbelow(2**63) if arguments.seed is None else arguments.seed
    names = picture_names()
    clear_results(out)
    with watch.stage("fine-tune"):
        tuned = story.tune(
            used,
            out / "lora.safetensors",
            base_key=base.key,
            settings=settings,
            defence=defence,
            gate=arguments.gate,
            seed=seed,
            watcher=Watcher(narrate),
        )
    if defence.key != "none" and tuned.steps < settings.steps:
        say(f"The budget was spent after {tuned.steps} of {settings.steps} steps.")
    say(f"The secret trigger, in no file: {tuned.trigger}")
    # From here on the attack has what anybody has: the file as it was written.
    released = story.open_lora(out / "lora.safetensors", base_key=base.key)
    report = story.compare(
        released,
        tuned.trigger,
        scored,
        base_key=base.key,
        settings=attack,
        metrics=metrics,
        # without the seed, from which the trigger follows
        extra={"fine-tuning": settings.model_dump(), **_defended(defence)},
        notes=[note, *(tuned.ledger.sentences if tuned.ledger is not None and defence.key != "none" else ())],
        watcher=Watcher(narrate),
        watch=watch,
    )
    files: dict[str, object] = {"lora": str(out / "lora.safetensors"), "card": str(out / "lora.card.md")}
    if defence.key != "none":
        files["ledger"] = str(out / "lora.ledger.json")
    for arm in report.arms:
        if arm.key in names:
            files[names[arm.key]] = [str(path) for path in write_pictures(out, names[arm.key], arm.pictures)]
    json, html = write_report(out, report, include_photos=arguments.include_photos)
    files |= {"report_json": str(json), "report_html": str(html)}
    say(f"{report.verdict.headline}. See {html}")
    print_json(
        {
            "command": "leak",
            "base": base.key,
            "leaked": report.verdict.leaked,
            "grade": report.verdict.grade,
            "shown": report.verdict.shown,
            "headline": report.verdict.headline,
            "verdict": list(report.verdict.sentences),
            "arms": arm_numbers(report),
            "photos": {"fine_tuned_on": len(used), "scored_against": len(scored)},
            "steps": tuned.steps,
            "defence": ledger_numbers(defence, tuned.ledger),
            "seconds": dict(watch.seconds),
            "peak_memory_mb": peak_memory_mb(),
            "files": files,
        }
    )


def tuning_settings(arguments: argparse.Namespace, preset: str) -> LoraSettings:
    """A preset with what the command line changes."""
    from demo.finetune.settings import find_preset

    changes: dict[str, object] = {} if arguments.steps is None else {"steps": arguments.steps}
    if arguments.no_prior:
        changes["prior_weight"] = 0.0
    return find_preset(preset).model_copy(update=changes)


def chosen_defence(arguments: argparse.Namespace) -> Defence:
    """The defence that the command line describes.

    Raises:
        SettingsError: no such defence, no such setting, or a value that cannot be.
    """
    from demo.defences.registry import choose

    options: dict[str, object] = {"epsilon": arguments.epsilon, "delta": arguments.delta}
    options |= {"noise_multiplier": arguments.noise_multiplier, "noise": "secure" if arguments.secure_noise else None}
    settings = {name: value for name, value in options.items() if value is not None}
    settings |= dict(map(_setting, arguments.defence_set))
    if arguments.defence == "none" and settings:
        raise SettingsError(f"{next(iter(settings))} is given, but no defence is chosen.", "Choose one with --defence.")
    if "noise_multiplier" in settings:
        # The noise alone decides: no budget that nobody asked for cuts the run short.
        settings.setdefault("epsilon", None)
    return choose(arguments.defence, **settings)


def _setting(text: str) -> tuple[str, object]:
    """``name=value``; commas make a list. The defence's own types do the rest."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise SettingsError(f"--defence-set is given '{text}'.", "Write it as name=value.")
    return name, value.split(",") if "," in value else value


def _defended(defence: Defence) -> dict[str, object]:
    from demo.sweep.model import settings_of

    return {} if defence.key == "none" else {"defence": {"key": defence.key, **settings_of(defence)}}


def ledger_numbers(defence: Defence, ledger: Ledger | None) -> Mapping[str, object]:
    """The defence in the JSON line: both epsilons, and what they are worth."""
    found: dict[str, object] = {"key": defence.key, "label": defence.label}
    if ledger is None:
        return found
    kept = ledger.as_json()
    names = ("guarantee", "photo_epsilon", "person_epsilon", "delta", "sigma", "q", "clip", "sentences")
    return found | {name: kept[name] for name in names}


def find_photos(folder: Path) -> list[Path]:
    """The photos of a folder, as far as they can be checked without a face detector.

    Raises:
        BadPhotoError: no photos, too few, too many, or one that cannot be decoded.
    """
    from demo.photos.decode import BadPhotoError, decode
    from demo.photos.folder import folder_photos
    from demo.photos.split import LEAST_PHOTOS, MOST_PHOTOS

    paths = folder_photos(folder, results=written_earlier(folder), tell=say)
    count = len(paths)
    if count < LEAST_PHOTOS:
        lacking = LEAST_PHOTOS - count
        raise BadPhotoError(
            "too_few",
            f"{folder} holds {_photos(count)}: {_photos(lacking)} too few.",
            f"Add {lacking} more of the same person, {LEAST_PHOTOS} are needed.",
        )
    if count > MOST_PHOTOS:
        raise BadPhotoError(
            "too_many",
            f"{folder} holds {_photos(count)}; at most {MOST_PHOTOS} are taken.",
            f"Remove {count - MOST_PHOTOS}.",
        )
    errors: list[BadPhotoError] = []
    for path in paths:
        try:
            decode(path, path.name)
        except BadPhotoError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise DemoError(
            f"{len(errors)} of {count} photos cannot be read: {' '.join(one_line(str(e)) for e in errors)}",
            "Put these right first.",
        )
    return paths


def arm_numbers(report: LeakReport) -> Mapping[str, Mapping[str, float | None]]:
    """Mean distance, mean rank and place of each arm; None where one was not measured."""
    from demo.metrics.registry import IDENTITY, PLACE, RANK

    numbers: dict[str, dict[str, float | None]] = {}
    for arm in report.arms:
        means = {result.key: result.mean for result in report.metrics.get(arm.key, ())}
        numbers[arm.key] = {key: finite(means.get(key, math.nan)) for key in (IDENTITY, RANK, PLACE)}
    return numbers


def finite(value: float) -> float | None:
    """For JSON, which has no NaN."""
    return round(float(value), 4) if math.isfinite(value) else None


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count} photos"

"""``python -m demo defend``: every defence on a folder of photos, one after the other; it can be taken up again."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from demo.cli.leak import find_photos, finite, tuning_settings
from demo.cli.output import Narrator, peak_memory_mb, print_json, say
from demo.cli.results import REPORT, check_apart, check_out
from demo.errors import DemoError, SettingsError
from demo.progress import Watcher

if TYPE_CHECKING:
    from demo.sweep.model import Point
    from demo.sweep.store import SweepStore


def defend(arguments: argparse.Namespace) -> None:
    """Check the input, quick things first, then try one defence after the other, keeping each.

    Raises:
        DemoError: what is wrong with the input.
    """
    out: Path = arguments.out
    check_apart(out, arguments.photos)
    check_out(out, ("sweep.json", "defend.csv", *REPORT), ["points"])
    paths = find_photos(arguments.photos)

    say("Loading")
    from demo.attack.registry import AttackSettings
    from demo.models.bases import find_base
    from demo.models.fingerprints import fingerprint
    from demo.photos.ingest import read_photos
    from demo.photos.same_person import likeness, strangers
    from demo.photos.split import split_photos
    from demo.preflight.check import check_tuning
    from demo.sweep.plan import check, chosen, together
    from demo.sweep.run import default_plan, sweep
    from demo.sweep.store import SweepStore
    from demo.sweep.verdict import summarise
    from demo.sweep.write import write_sweep
    from demo.workflow import story

    base = find_base(arguments.base)
    settings = tuning_settings(arguments, base.preset)
    check_tuning(base, settings)
    attack = AttackSettings(samples=arguments.samples)
    if arguments.only is None:
        plan = default_plan()
    else:
        plan = chosen(arguments.only)
        check(plan, len(split_photos(paths)[0]), settings)
    store = SweepStore(out)
    if store.begun() and not arguments.resume:
        raise SettingsError(f"{out} holds a sweep already.", "Add --resume to go on with it, or choose another folder.")
    watch = story.Stopwatch()
    with watch.stage("photos"):
        read = read_photos(paths, side=base.side)
        photos = [photo.aligned for photo in read]
        odd = strangers([(photo.name, likeness(photo.aligned)) for photo in read])
    for warning in odd:
        say(warning)
    common = {
        "base": base.key,
        "the base's weights": fingerprint(base),
        "fine-tuning": settings.model_dump(mode="json"),
        "attack": attack.said(base),
    }
    seed = store.begin(photos, common, arguments.seed, secrets.randbelow(2**63))
    say(
        f"{store.listing} holds the seed, from which the secret triggers follow: never share it together with a LoRA. "
        "All LoRAs of a sweep are made from the same photos: each one that is shared adds its epsilon, and the "
        "undefended one voids them all."
    )
    done = _finished(store)
    with watch.stage("sweep"):
        swept = sweep(
            photos,
            plan=together(done, plan),
            base_key=base.key,
            settings=settings,
            attack=attack,
            seed=seed,
            done=done,
            folder=store.points,
            watcher=Watcher(Narrator()),
            keep=store.keep,
        )
    if not swept.points:
        raise DemoError("No defence could be tried.", " ".join(swept.notes))
    csv, json, html = write_sweep(out, swept, include_photos=arguments.include_photos)
    summary = summarise(swept)
    for sentence in swept.notes:
        say(sentence)
    say(f"{summary.headline}. See {html}")
    print_json(
        {
            "command": "defend",
            "base": base.key,
            "headline": summary.headline,
            "sentences": list(summary.sentences),
            "planned": swept.planned,
            "points": [_numbers(point, store) for point in swept.points],
            "chance": {"dlib_distance": finite(swept.nobody.mean)},
            "notes": list(swept.notes),
            "photos": {"fine_tuned_on": len(split_photos(photos)[0]), "scored_against": len(swept.photos)},
            "seconds": dict(watch.seconds),
            "peak_memory_mb": peak_memory_mb(),
            "files": {"csv": str(csv), "report_json": str(json), "report_html": str(html)},
        }
    )


def _finished(store: SweepStore) -> list[Point]:
    points, problems = store.load()
    for problem in problems:
        say(problem)
    if points:
        say(f"Finished earlier, not run again: {', '.join(point.label for point in points)}")
    return points


def _numbers(point: Point, store: SweepStore) -> dict[str, object]:
    """One point in the JSON line."""
    home = store.home(point)
    ledger = point.ledger.as_json()
    return {
        "key": point.key,
        "label": point.label,
        "guarantee": point.ledger.guarantee,
        "photo_epsilon": ledger["photo_epsilon"],
        "person_epsilon": ledger["person_epsilon"],
        "dreambooth_dlib_distance": finite(point.utility.mean),
        "best_attack": point.best_attack,
        "best_attack_dlib_distance": finite(point.leakage.mean),
        "folder": str(home),
        "lora": str(home / "lora.safetensors"),
        "ledger": None if point.key == "none" else str(home / "lora.ledger.json"),
    }

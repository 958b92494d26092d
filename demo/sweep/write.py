"""Writes a sweep: defend.csv and report.json for machines, report.html for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from demo.attack.registry import ATTACKS
from demo.files import write_text
from demo.report.arms import OWNER
from demo.report.rendering import render
from demo.report.write import strict
from demo.sweep.comparisons import standing
from demo.sweep.model import Point, Sweep
from demo.sweep.plane import plane
from demo.sweep.table import table, write_csv
from demo.sweep.verdict import epsilon, summarise

FORMAT = "lora-leak-defend/1"
TITLE = "What each defence costs, and what still leaks"
STRIP = 4  # pictures of each arm under a point
ANCHOR = "point-"
KINDS = {"corner": "kept", "none": "leaked", "open": "open"}  # of a summary -> class of the headline
FIXED_NOTES = (
    "All defences fine-tune with one seed: the same start, the same trigger, the same order of photos; those that "
    "change only the finished file share one fine-tuning. Noise for privacy comes from no seed, so a second run gives "
    "other figures.",
    "An attack sees the file as it was written, public models, and nothing else. A defence is judged by the best of "
    "the attacks tried; a better attack may exist.",
    "Each defence's entry says which two sets of photos its ε compares: they differ by one photo, or by the person.",
    "Plain and paper's scaling are different numbers for the same thing: never compare one with the other.",
)


def write_sweep(out: Path, sweep: Sweep, *, include_photos: bool = False) -> tuple[Path, Path, Path]:
    """Write all three files, each whole or not at all.

    Args:
        out: folder; made if missing.
        sweep: what came out.
        include_photos: whether the private photos go into the page. They never go into the others.

    Returns:
        Paths of defend.csv, report.json and report.html.

    Raises:
        OutputError: the folder cannot be written.
    """
    text = json.dumps(as_json(sweep), allow_nan=False, indent=1, ensure_ascii=False) + "\n"
    html = page(sweep, include_photos=include_photos)
    return (
        write_csv(out / "defend.csv", sweep),
        write_text(out / "report.json", text),
        write_text(out / "report.html", html),
    )


def as_json(sweep: Sweep) -> dict[str, Any]:
    """The sweep as strict JSON values; pictures are counted."""
    summary = summarise(sweep)
    content = {
        "format": FORMAT,
        "title": TITLE,
        "base": sweep.base,
        "headline": summary.headline,
        "kind": summary.kind,
        "grade": summary.found.grade,
        "sentences": list(summary.sentences),
        "planned": sweep.planned,
        "points": [_point_json(n, point, sweep) for n, point in enumerate(sweep.points, 1)],
        "chance": {"pictures": len(sweep.chance_pictures), "metrics": list(sweep.chance)},
        "settings": sweep.settings,
        "photos": len(sweep.photos),
        "notes": list(sweep.notes),
    }
    return {key: strict(value) for key, value in content.items()}


def _point_json(n: int, point: Point, sweep: Sweep) -> dict[str, Any]:
    stands = standing(point, sweep)
    return {
        "number": n,
        "label": point.label,
        "key": point.key,
        "settings": point.settings,
        "ledger": point.ledger.as_json(),
        "best_attack": point.best_attack,
        "nearer_than_chance": None if stands is None else {"dreambooth": stands.utility, "best_attack": stands.leakage},
        "dreambooth_gain_beyond_half_of_the_undefended": None if stands is None else stands.kept,
        "attack_gain_beyond_half_of_the_undefended": None if stands is None else stands.left,
        "useful": None if stands is None else stands.useful,
        "leaks": None if stands is None else stands.leaks,
        "private": None if stands is None else stands.private,
        "arms": {arm: list(results) for arm, results in point.arms.items()},
        "pictures": {arm: len(pictures) for arm, pictures in point.pictures.items()},
        "steps": point.steps,
        "seconds": point.seconds,
    }


def page(sweep: Sweep, *, include_photos: bool = False) -> Markup:
    """The whole page as HTML, without script, nothing fetched."""
    summary = summarise(sweep)
    return render(
        "sweep/page.html.j2",
        title=TITLE,
        base=sweep.base,
        sweep=sweep,
        include_photos=include_photos,
        summary=summary,
        kind=KINDS[summary.kind],
        plane=plane(sweep, anchor=ANCHOR),
        strips=strips(sweep),
        table=table(sweep),
        ledgers=[(point.ledger.title, _ledger(point)) for point in sweep.points],
        seconds={point.label: point.seconds for point in sweep.points},
        notes=[*sweep.notes, *FIXED_NOTES],
    )


def strips(sweep: Sweep) -> Markup:
    """Pictures of every point, DreamBooth over the best attack; numbered as in the plane."""
    return render("sweep/strips.html.j2", sweep=sweep, owner=OWNER, attacks=ATTACKS, anchor=ANCHOR, most=STRIP)


def _ledger(point: Point) -> list[str]:
    """Sentences of a point's ledger, and its figures in one more."""
    ledger = point.ledger
    facts = [
        f"{name} {value}"
        for name, value in (
            ("ε, one photo", epsilon(ledger.photo_epsilon) if ledger.photo_epsilon is not None else None),
            ("ε, the person", epsilon(ledger.person_epsilon) if ledger.person_epsilon is not None else None),
            ("noise multiplier", None if ledger.sigma is None else f"{ledger.sigma:.3g}"),
            ("sampling rate", None if ledger.q is None else f"{ledger.q:.3g}"),
            ("clipping norm", None if ledger.clip is None else f"{ledger.clip:g}"),
            ("steps", f"{ledger.steps:,}"),
            ("accountant", ledger.accountant),
            ("noise", ledger.noise or None),
        )
        if value is not None
    ]
    return [*ledger.sentences, *([ledger.neighbouring] if ledger.neighbouring else []), "; ".join(facts) + "."]

"""Writes a sweep: defend.csv and report.json for machines, report.html for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from demo.attack.registry import ATTACKS as ENTRIES
from demo.files import write_text
from demo.report.figures import data_uri, number
from demo.report.page import document, listed, section, settings_table
from demo.report.write import strict
from demo.sweep.comparisons import standing
from demo.sweep.model import Point, Sweep
from demo.sweep.plane import plane
from demo.sweep.table import table, write_csv
from demo.sweep.verdict import Summary, epsilon, summarise

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
    "three attacks; a better attack may exist.",
    "Each defence's entry says which two sets of photos its ε compares: they differ by one photo, or by the person.",
    "Plain and paper's scaling are different numbers for the same thing: never compare one with the other.",
)
CSS = """
.points{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:1rem;margin:1rem 0}
.point{background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:.6rem .8rem}
.point:target{outline:3px solid var(--bar)}
.point h3{margin:0}
.point p{margin:.2rem 0;color:var(--soft);font-size:.85rem}
.point .row{gap:.3rem;margin:.15rem 0 .4rem}
.point .row img{border-radius:3px}
.point .row figure{width:calc((100% - .9rem)/4)}
.defences td,.defences thead th{min-width:5rem}
.defences thead th:nth-child(n+6){min-width:9rem}
.defences th[scope=rowgroup]{position:sticky;left:0;background:var(--paper);max-width:9rem}
.defences tbody{border-bottom:2px solid var(--rule)}
.plane a{text-decoration:none}
"""


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


def page(sweep: Sweep, *, include_photos: bool = False) -> str:
    """The whole page as HTML, without script, nothing fetched."""
    summary = summarise(sweep)
    seconds = {point.label: point.seconds for point in sweep.points}
    sections = [
        section("verdict", "Verdict", _verdict(summary)),
        section("plane", "Utility and leakage", plane(sweep, anchor=ANCHOR) or "<p>Nothing was measured.</p>"),
        section("pictures", "Pictures", _photos(sweep, include_photos) + strips(sweep)),
        section("table", "Table", table(sweep)),
        section("ledgers", "What each defence guarantees", _ledgers(sweep.points)),
        section("settings", "Settings", settings_table(sweep.settings, seconds)),
        section("notes", "Notes", listed([*sweep.notes, *FIXED_NOTES])),
    ]
    return document(TITLE, f"Base model: {sweep.base}", sections, CSS)


def strips(sweep: Sweep) -> str:
    """Pictures of every point, DreamBooth over the best attack; numbered as in the plane."""
    cards = [_card(n, point) for n, point in enumerate(sweep.points, 1)]
    if sweep.chance_pictures:
        tiles = _tiles(sweep.chance_pictures, "Chance")
        cards.append(
            f'<div class="point"><h3>Chance</h3><p>The base model\'s own people, no LoRA: distance '
            f"{number(sweep.nobody.mean)}</p>{tiles}</div>"
        )
    return f'<div class="points">{"".join(cards)}</div>' if cards else "<p>No pictures.</p>"


def _card(n: int, point: Point) -> str:
    attack = ENTRIES[point.best_attack].title
    rows = (
        ("dreambooth", "DreamBooth", point.utility),
        (point.best_attack, f"Best attack: {attack.lower()}", point.leakage),
    )
    body = "".join(
        f"<p>{escape(words)}, distance {number(summary.mean)}</p>"
        f"{_tiles(point.pictures.get(arm, ()), f'{point.label}, {words}')}"
        for arm, words, summary in rows
    )
    return f'<div class="point" id="{ANCHOR}{n}"><h3>{n}. {escape(point.label)}</h3>{body}</div>'


def _tiles(pictures: Sequence[Image.Image], name: str, most: int = STRIP) -> str:
    shown = pictures[:most]
    tiles = "".join(
        f'<figure><img src="{data_uri(picture)}" alt="{escape(f"{name}, picture {n} of {len(pictures)}")}"></figure>'
        for n, picture in enumerate(shown, 1)
    )
    return f'<div class="row">{tiles}</div>'


def _verdict(summary: Summary) -> str:
    return f'<p class="headline {KINDS[summary.kind]}">{escape(summary.headline)}.</p>{listed(summary.sentences)}'


def _photos(sweep: Sweep, include: bool) -> str:
    if not sweep.photos:
        return ""
    if not include:
        return f"<p>Private photos left out of this page: {len(sweep.photos)}.</p>"
    return (
        '<div class="arm"><h3>Private photos</h3><p>Included on request; whoever gets this page gets them, too.</p>'
        f"{_tiles(sweep.photos, 'Private photos', len(sweep.photos))}</div>"
    )


def _ledgers(points: Sequence[Point]) -> str:
    parts = []
    for n, point in enumerate(points, 1):
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
        items = [*ledger.sentences, *([ledger.neighbouring] if ledger.neighbouring else []), "; ".join(facts) + "."]
        parts.append(f"<details><summary>{n}. {escape(ledger.title)}</summary>{listed(items)}</details>")
    return "".join(parts) or "<p>Nothing was tried.</p>"

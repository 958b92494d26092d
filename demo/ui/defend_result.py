"""What a sweep looks like in the app: the plane, and under it summary, table, pictures and ledgers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from PIL import Image

from demo.defences.base import Defence
from demo.models.bases import Base
from demo.session.desk import Swept
from demo.sweep.model import Point, Sweep
from demo.sweep.plane import plane
from demo.sweep.table import table
from demo.sweep.verdict import summarise
from demo.sweep.write import ANCHOR, KINDS, strips
from demo.ui.components import ledger, pictures

EMPTY = (
    "Every defence becomes one point: to the right, what the owner still gets from the file (DreamBooth); upwards, "
    "what the best of three attacks gets from it. The lower right is best."
)
WORDS = {"corner": "Useful and private", "none": "No defence holds", "open": "Not settled"}
SIDE = 128  # pixels: all points' pictures travel to the browser with every new point
# Measured with face64 on one CPU core: a step of plain fine-tuning, and eight pictures of each arm with their metrics.
MEASURED, STEP_S, REST_S = "face64", 0.15, 17.0


def estimate(base: Base, plan: Sequence[Defence], steps: int) -> str:
    """How long a sweep takes, as far as that is known before it runs."""
    if not plan:
        return "No defence is ticked."
    plain = sum(defence.trains_plainly for defence in plan)
    runs = len(plan) - max(0, plain - 1)
    points = "1 point" if len(plan) == 1 else f"{len(plan)} points"
    tuned = "one fine-tuning" if runs == 1 else f"{runs} fine-tunings"
    shared = " (those that change only the finished file share one)" if plain > 1 else ""
    each = "three attacks" if len(plan) == 1 else "three attacks on each file"
    what = f"{points}: {tuned} of {steps:,} steps{shared}, {each}, and measuring what came out."
    if base.key != MEASURED:
        return f"{what} How long that takes with {base.title} has not been measured: the first point will tell."
    seconds = len(plan) * REST_S + runs * STEP_S * steps
    return (
        f"{what} About {pictures.duration(seconds)} on one free CPU core; some defences take longer, and after the "
        "first point you will know better."
    )


def state(swept: Swept, *, stale: bool) -> str:
    """How far the sweep has come."""
    sweep = swept.sweep
    count, planned = len(sweep.points), sweep.planned
    text = f"{count} of {planned} points finished"
    if stale:
        return f"{text}, with photos that are no longer loaded."
    left = planned - count
    if not left:
        return f"{text}. Tick more defences and continue, if you like."
    if not swept.running:
        return f"{text}. Continue goes on with the rest, as long as photos, base and settings stay as they are."
    if not count:
        return f"{text}. The first one is on its way."
    pace = sum(point.seconds for point in sweep.points) / count
    return f"{text}. At their pace the rest takes about {pictures.duration(left * pace)}."


def figure(sweep: Sweep) -> str:
    """The plane; each mark leads to its pictures."""
    return f'<div class="ll-plane">{plane(sweep, anchor=ANCHOR)}</div>' if sweep.points else ""


def results(sweep: Sweep, *, running: bool = False) -> str:
    """All that there is of a sweep beside the plane; nothing without a point. Half a sweep is not judged in colour."""
    if not sweep.points:
        return ""
    summary = summarise(sweep)
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in summary.sentences)
    kind, word = KINDS[summary.kind], WORDS[summary.kind]
    if running:
        kind, word = "open", f"So far, {len(sweep.points)} of {sweep.planned}"
    verdict = (
        f'<section class="ll-verdict {kind}"><p class="word">{word}</p>'
        f"<h3>{escape(summary.headline)}</h3><ul>{sentences}</ul></section>"
    )
    ledgers = "".join(_ledger(n, point) for n, point in enumerate(sweep.points, 1))
    notes = "".join(f"<li>{escape(note)}</li>" for note in sweep.notes)
    return (
        f'{verdict}<div class="ll-points"><h3>Pictures under every point</h3>{strips(_shrunk(sweep))}</div>'
        f'<h3>Table</h3><div class="ll-scroll">{table(sweep)}</div>'
        f'<h3>What each defence guarantees</h3>{ledgers}<ul class="ll-notes">{notes}</ul>'
    )


def _ledger(n: int, point: Point) -> str:
    return (
        f'<details class="ll-more"><summary>{n}. {escape(point.label)}. {escape(ledger.line(point.ledger))}</summary>'
        f"{ledger.card(point.ledger)}</details>"
    )


def _shrunk(sweep: Sweep) -> Sweep:
    points = [
        replace(point, pictures={arm: [_small(picture) for picture in some] for arm, some in point.pictures.items()})
        for point in sweep.points
    ]
    return replace(sweep, points=points, chance_pictures=[_small(picture) for picture in sweep.chance_pictures])


def _small(picture: Image.Image) -> Image.Image:
    if max(picture.size) <= SIDE:
        return picture
    copy = picture.copy()
    copy.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return copy

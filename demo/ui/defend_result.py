"""What a sweep looks like in the app: the plane, and under it summary, table, pictures and ledgers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from markupsafe import Markup
from PIL import Image

from demo.attack.registry import attacks_on
from demo.defences.base import Defence
from demo.models.bases import BUNDLED, Base
from demo.report.rendering import render
from demo.session.desk import Swept
from demo.sweep.model import Sweep
from demo.sweep.plane import plane
from demo.sweep.table import table
from demo.sweep.verdict import summarise
from demo.sweep.write import ANCHOR, KINDS, strips
from demo.texts.ledger import line
from demo.ui.components import ledger, pictures

EMPTY = (
    "Every defence becomes one point: to the right, what the owner still gets from the file (DreamBooth); upwards, "
    "what the best attack gets from it. The lower right is best."
)
WORDS = {"corner": "Useful and private", "none": "No defence holds", "open": "Not settled"}
SIDE = 128  # pixels: all points' pictures travel to the browser with every new point
# Measured with face64 on one CPU core: a step of plain fine-tuning, and eight pictures of an arm with their metrics.
MEASURED, STEP_S, ARM_S = BUNDLED, 0.15, 4.25


def estimate(base: Base, plan: Sequence[Defence], steps: int) -> str:
    """How long a sweep takes, as far as that is known before it runs."""
    if not plan:
        return "No defence is ticked."
    plain = sum(defence.trains_plainly for defence in plan)
    runs = len(plan) - max(0, plain - 1)
    points = "1 point" if len(plan) == 1 else f"{len(plan)} points"
    tuned = "one fine-tuning" if runs == 1 else f"{runs} fine-tunings"
    shared = " (those that change only the finished file share one)" if plain > 1 else ""
    arms = 1 + len(attacks_on(base))
    each = f"{arms - 1} attacks{'' if len(plan) == 1 else ' on each file'}"
    what = f"{points}: {tuned} of {steps:,} steps{shared}, {each}, and measuring what came out."
    if base.key != MEASURED:
        return f"{what} How long that takes with {base.title} has not been measured: the first point will tell."
    seconds = len(plan) * arms * ARM_S + runs * STEP_S * steps
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


def figure(sweep: Sweep) -> Markup:
    """The plane; each mark leads to its pictures."""
    return pictures.piece("plane", plane(sweep, anchor=ANCHOR)) if sweep.points else Markup("")


def results(sweep: Sweep, *, running: bool = False) -> Markup:
    """All that there is of a sweep beside the plane; nothing without a point. Half a sweep is not judged in colour."""
    if not sweep.points:
        return Markup("")
    summary = summarise(sweep)
    kind, word = KINDS[summary.kind], WORDS[summary.kind]
    if running:
        kind, word = "open", f"So far, {len(sweep.points)} of {sweep.planned}"
    return render(
        "ui/sweep.html.j2",
        conclusion=pictures.conclusion(kind, word, summary.headline, summary.sentences),
        strips=strips(_shrunk(sweep)),
        table=table(sweep),
        ledgers=[(point.label, line(point.ledger), ledger.card(point.ledger)) for point in sweep.points],
        notes=sweep.notes,
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

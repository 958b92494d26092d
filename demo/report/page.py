"""The page: one file, no script, nothing fetched, readable on a phone and in the dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from PIL import Image

from demo.attack.registry import best_first
from demo.metrics.base import MetricResult
from demo.metrics.registry import main_metrics
from demo.origin import all_drawn
from demo.report.arms import is_attack
from demo.report.bars import bars
from demo.report.line_up import section
from demo.report.model import LeakReport
from demo.report.rendering import call, render
from demo.texts.en import ENGLISH

FIXED_NOTES = (
    "One person is an anecdote. Only many held-out people, each with these controls, make a statistic.",
    "Intervals are 95% and cover the choice of pictures of this person: Student's for means, Welch's for differences, "
    "Wilson's for shares.",
    "Plain and paper's scaling are different numbers for the same thing: never compare one with the other.",
    "Networks differ in what they call alike. A metric whose weights were not there is listed as such, not replaced.",
)
METADATA_LEAK = "Metadata leak: what the file says by itself"
SILENT = "The file's header says nothing but ranks, alphas and layers, or what a library writes by itself."
GRAVITY = {"high": "High", "medium": "Medium", "low": "Low"}


def page(report: LeakReport, *, include_photos: bool = False) -> Markup:
    """The whole page as HTML.

    Args:
        report: the story.
        include_photos: whether the private photos are inlined.
    """
    verdict = report.verdict
    keys = list(dict.fromkeys(result.key for results in report.metrics.values() for result in results))
    return render(
        "report/page.html.j2",
        title=report.title,
        base=report.base,
        report=report,
        include_photos=include_photos,
        kind="leaked" if verdict.leaked else "kept" if verdict.conclusive else "open",
        frames=_frames(report, report.photos if include_photos else ()),
        main_bars=_bars(main_metrics(), report),
        line_up=section(report.line_up),
        other_bars=_bars([key for key in keys if key not in main_metrics()], report),
        numbers=sum(matrix.rows * matrix.columns for matrix in report.seen),
        metadata_leak=METADATA_LEAK,
        silent=SILENT,
        gravity=GRAVITY,
        notes=[*report.notes, *FIXED_NOTES],
        **_table(report, keys),
    )


def _frames(report: LeakReport, photos: Sequence[Image.Image]) -> Markup:
    """The photos, if they are included, the file, and what the first attack drew from it, its own choice first.

    Empty for a report that has no picture of the file.
    """
    if report.file is None:
        return Markup("")
    attack = next((arm for arm in report.arms if is_attack(arm.key) and arm.pictures), None)
    drawn = [] if attack is None else all_drawn(best_first(attack.pictures, attack.best))
    return call(
        "report/frames.html.j2",
        "three",
        [ENGLISH.say(f"stage.{name}") for name in ("photos", "file", "drawn")],
        (photos, ENGLISH.numbered("stage.photos.alt", len(photos))),
        ENGLISH.count("stage.left out", len(report.photos)) if report.photos else "",
        (report.file, ENGLISH.say("stage.file.alt")),
        (drawn, ENGLISH.numbered("stage.drawn.alt", len(drawn))),
    )


def _bars(keys: Sequence[str], report: LeakReport) -> list[Markup]:
    return [figure for key in keys if (figure := bars(key, report.arms, report.metrics, report.ceiling))]


def _table(report: LeakReport, keys: Sequence[str]) -> dict[str, Any]:
    """What the table of metrics is made of: a row has one result of the metric, for its name, and one of every arm."""
    arms = [arm for arm in report.arms if arm.key in report.metrics]
    found = {(arm, result.key): result for arm, results in report.metrics.items() for result in results}
    rows, missing = [], []
    for key in keys:
        results = [found.get((arm.key, key)) for arm in arms]
        known = [result for result in results if result is not None]
        if any(not result.unavailable for result in known):
            rows.append((known[0], results))
        else:
            missing += known
    return {"looked": bool(keys and arms), "arms": arms, "rows": rows, "missing": _not_measured(missing)}


def _not_measured(results: Sequence[MetricResult]) -> list[str]:
    by_reason: dict[tuple[str, str], list[str]] = {}
    for result in results:
        by_reason.setdefault((result.model, result.unavailable or ""), []).append(result.title)
    return [f"{', '.join(dict.fromkeys(t))}; {model}. {reason}" for (model, reason), t in by_reason.items()]

"""Writes report.json and report.html."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.files import write_text
from demo.report.model import LeakReport
from demo.report.page import page
from demo.report.verdict import Verdict

FORMAT = "lora-leak-report/1"


def write_report(out: Path, report: LeakReport, *, include_photos: bool = False) -> tuple[Path, Path]:
    """Write both files, each whole or not at all.

    Args:
        out: folder; made if missing.
        report: the story.
        include_photos: whether the private photos go into the page. They never go into the JSON.

    Returns:
        Paths of report.json and report.html.

    Raises:
        OutputError: the folder cannot be written.
    """
    text = json.dumps(as_json(report), allow_nan=False, indent=1, ensure_ascii=False) + "\n"
    html = page(report, include_photos=include_photos)
    return write_text(out / "report.json", text), write_text(out / "report.html", html)


def as_json(report: LeakReport) -> dict[str, Any]:
    """The report as strict JSON values: NaN and infinities become null, pictures their number."""
    content = {
        "format": FORMAT,
        "title": report.title,
        "base": report.base,
        "verdict": verdict_json(report.verdict),
        "arms": [
            {
                "key": arm.key,
                "title": arm.title,
                "explanation": arm.explanation,
                "pictures": len(arm.pictures),
                "best": arm.best,
                "metrics": list(report.metrics.get(arm.key, ())),
            }
            for arm in report.arms
        ],
        "ceiling": None if report.ceiling is None else report.ceiling.as_json(),
        "line_up": report.line_up,
        "settings": report.settings,
        "seconds": report.seconds,
        "seen": list(report.seen),
        "metadata_leak": None if report.metadata_leak is None else list(report.metadata_leak),
        "photos": len(report.photos),
        "notes": list(report.notes),
    }
    return {key: strict(value) for key, value in content.items()}


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict in words, and its grade."""
    return {
        "headline": verdict.headline,
        "sentences": list(verdict.sentences),
        "leaked": verdict.leaked,
        "conclusive": verdict.conclusive,
        "grade": verdict.grade,
        "shown": verdict.shown,
    }


def strict(value: Any) -> Any:
    """A value as strict JSON has it: NaN and infinities become null, what JSON does not know becomes text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: strict(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(item) for item in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    try:
        real = float(value)  # numpy's scalars, too
    except (TypeError, ValueError):
        return str(value)
    return real if math.isfinite(real) else None

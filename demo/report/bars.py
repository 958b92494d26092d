"""Bars of a metric as SVG, for the report and for the app."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from markupsafe import Markup

from demo.faces.ceiling import Ceiling
from demo.metrics.base import MetricResult
from demo.metrics.registry import IDENTITY, METRICS
from demo.report.arms import CHANCE
from demo.report.figures import mean
from demo.report.model import Arm
from demo.report.rendering import render

_WIDTH, _ROW, _MARGIN = 360, 38, 8
_VALUES = 96  # a column of its own for the values, which no line crosses


def bars(
    key: str, arms: Sequence[Arm], metrics: Mapping[str, Sequence[MetricResult]], ceiling: Ceiling | None = None
) -> Markup:
    """One metric over all arms as a figure: a bar an arm, its 95% interval, and the chance line.

    Args:
        ceiling: of the photos, a line in the figure of the identity distance.

    Returns:
        Caption and SVG; empty when no arm has the metric.
    """
    found = {arm: result for arm, results in metrics.items() for result in results if result.key == key}
    rows = [(arm, found[arm.key]) for arm in arms if arm.key in found and math.isfinite(found[arm.key].mean)]
    if not rows:
        return Markup("")
    first = rows[0][1]
    chance = next((result.mean for arm, result in rows if arm.key == CHANCE), None)
    threshold = METRICS[key].threshold if key in METRICS else None
    marks = [] if threshold is None else [(*threshold, "limit")]
    marks += [(chance, "chance", "chance")] if chance is not None else []
    if key == IDENTITY and ceiling is not None and math.isfinite(ceiling.distance):
        marks.append((ceiling.distance, "the photos themselves", "ceiling"))
    ends = [end for _, r in rows for end in (r.mean, r.low, r.high) if math.isfinite(end)] + [m[0] for m in marks]
    low, high = min(0.0, *ends), max(0.0, *ends)
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return round(_MARGIN + (value - low) / span * (_WIDTH - 2 * _MARGIN - _VALUES), 1)

    top = 8 + 13 * len(marks)  # each mark's label has a line of its own
    height = top + _ROW * len(rows) + 6
    spoken = "; ".join(f"{arm.title} {mean(r)}" for arm, r in rows)
    back, middle, front = [], [], []  # text lies over lines, and lines over bars
    for index, (arm, r) in enumerate(rows):
        y = top + index * _ROW
        left, right = sorted((x(0.0), x(r.mean)))
        kind = "bar-control" if arm.key == CHANCE else "bar"
        back.append(f'<rect class="{kind}" x="{left}" y="{y + 17}" width="{max(1.0, right - left):.1f}" height="13"/>')
        if math.isfinite(r.low):
            a, b = x(r.low), x(r.high)
            middle.append(f'<path class="whisker" d="M{a} {y + 23.5}H{b}M{a} {y + 19.5}v8M{b} {y + 19.5}v8"/>')
        front.append(f'<text x="{_MARGIN}" y="{y + 12}">{escape(arm.title)}</text>')
        front.append(f'<text class="value" x="{_WIDTH - _MARGIN}" y="{y + 12}">{mean(r)}</text>')
    for place, (value, label, kind) in enumerate(marks):
        foot = 13 * (place + 1)
        middle.append(f'<line class="{kind}" x1="{x(value)}" y1="{foot - 9}" x2="{x(value)}" y2="{height - 4}"/>')
        anchor, shift = ("end", -4) if x(value) > _WIDTH / 2 else ("start", 4)
        front.append(f'<text class="mark" text-anchor="{anchor}" x="{x(value) + shift:.1f}" y="{foot}">{label}</text>')
    svg = (
        f'<svg class="bars" viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="bar-{escape(key)}">'
        f'<title id="bar-{escape(key)}">{escape(f"{first.title}: {spoken}")}</title>'
        f"{''.join([*back, *middle, *front])}</svg>"
    )
    return render("report/bars.html.j2", first=first, svg=Markup(svg))

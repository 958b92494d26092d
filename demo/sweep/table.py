"""The table of the paper (Table V) for one person: defence, both epsilons, DreamBooth and reconstruction."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from demo.attack.registry import ATTACKS
from demo.files import write_text
from demo.metrics.base import MetricResult
from demo.metrics.registry import column_metrics
from demo.report.arms import CHANCE
from demo.report.figures import interval, mean
from demo.sweep.model import Point, Sweep, arm_keys
from demo.sweep.verdict import epsilon

GUARANTEES = {"proved": "proved", "nominal": "nominal, no guarantee", "none": "none"}


def table(sweep: Sweep) -> str:
    """The table as markup: two rows a defence, chance at the foot."""
    head = "".join(f'<th scope="col">{_column(key, sweep)}</th>' for key in column_metrics())
    bodies = "".join(_rows(n, point) for n, point in enumerate(sweep.points, 1))
    chance = ""
    if sweep.chance:
        cells = "".join(_cell(sweep.nobody.get(key)) for key in column_metrics())
        chance = f'<tbody><tr><th scope="row" colspan="5">Chance: no LoRA at all</th>{cells}</tr></tbody>'
    return (
        '<div class="scroll" role="region" aria-labelledby="cap-defences" tabindex="0"><table class="defences">'
        '<caption id="cap-defences">Means over the pictures of this one person, with 95% intervals. DreamBooth: higher '
        "CLIP and Rec. Acc. and a smaller distance are useful; reconstruction: they are a leak.</caption>"
        '<thead><tr><th scope="col">Defence</th><th scope="col">ε, one photo</th><th scope="col">ε, the person</th>'
        f'<th scope="col">Guarantee</th><th scope="col">Pictures</th>{head}</tr></thead>{bodies}{chance}</table></div>'
    )


def _column(key: str, sweep: Sweep) -> str:
    summaries = [summary for point in sweep.points for summary in (point.utility, point.leakage)] + [sweep.nobody]
    known = next((result for summary in summaries if (result := summary.get(key)) is not None), None)
    if known is None:
        return escape(key)
    return f"{escape(known.title)}<small>{escape(known.model)}; {escape(known.scaling)}</small>"


def _rows(n: int, point: Point) -> str:
    ledger = point.ledger
    first = (
        f'<th scope="rowgroup" rowspan="2">{n}. {escape(point.label)}</th>'
        f'<td rowspan="2">{epsilon(ledger.photo_epsilon)}</td><td rowspan="2">{epsilon(ledger.person_epsilon)}</td>'
        f'<td rowspan="2">{_guarantee(ledger.guarantee, ledger.delta)}</td>'
    )
    rows = []
    for start, words, summary in (
        (first, "DreamBooth", point.utility),
        ("", f"Reconstruction<small>{escape(ATTACKS[point.best_attack].title.lower())}</small>", point.leakage),
    ):
        cells = "".join(_cell(summary.get(key)) for key in column_metrics())
        rows.append(f'<tr data-arm="{summary.arm}">{start}<th scope="row">{words}</th>{cells}</tr>')
    return f'<tbody data-defence="{escape(point.key)}">{"".join(rows)}</tbody>'


def _guarantee(guarantee: str, delta: float | None) -> str:
    at = "" if delta is None else f"<small>δ = {delta:g}</small>"
    return f"{GUARANTEES[guarantee]}{at}"


def _cell(result: MetricResult | None) -> str:
    if result is None or result.unavailable:
        why = "" if result is None or not result.unavailable else f"<small>{escape(result.unavailable)}</small>"
        return f'<td class="missing">not measured{why}</td>'
    span = interval(result)
    return f"<td>{mean(result)}{f'<small>{span}</small>' if span else ''}</td>"


def write_csv(path: Path, sweep: Sweep) -> Path:
    """Write one row a defence: what was spent, and every metric of every arm and of chance, with its interval.

    Numbers that there are not are empty cells.

    Raises:
        OutputError: the folder cannot be written.
    """
    rows = [csv_row(n, point, sweep) for n, point in enumerate(sweep.points, 1)]
    names = list(dict.fromkeys(name for row in rows for name in row)) or list(_HEAD)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return write_text(path, text.getvalue())


_HEAD = ("number", "key", "label")


def csv_row(n: int, point: Point, sweep: Sweep) -> Mapping[str, object]:
    """One row of ``defend.csv``."""
    ledger = point.ledger
    row: dict[str, object] = dict(zip(_HEAD, (n, point.key, point.label), strict=True))
    row |= {
        "settings": json.dumps(dict(point.settings), ensure_ascii=False),
        "guarantee": ledger.guarantee,
        "photo_epsilon": _number(ledger.photo_epsilon),
        "person_epsilon": _number(ledger.person_epsilon),
        "delta": _number(ledger.delta),
        "sigma": _number(ledger.sigma),
        "q": _number(ledger.q),
        "clip": _number(ledger.clip),
        "steps": point.steps,
        "seconds": point.seconds,
        "best_attack": point.best_attack,
    }
    arms: dict[str, Sequence[MetricResult]] = {arm: point.arms.get(arm, ()) for arm in arm_keys()}
    arms["best_attack"] = point.leakage.results
    arms[CHANCE] = sweep.chance
    for arm, results in arms.items():
        for result in results:
            row[f"{arm}_{result.key}"] = _number(result.mean)
            row[f"{arm}_{result.key}_low"] = _number(result.low)
            row[f"{arm}_{result.key}_high"] = _number(result.high)
    return row


def _number(value: float | None) -> float | str:
    if value is None or math.isnan(value):
        return ""
    return round(float(value), 6)

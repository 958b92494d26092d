"""The table of the paper (Table V) for one person: defence, both epsilons, DreamBooth and reconstruction."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from demo.attack.registry import ATTACKS
from demo.files import write_text
from demo.metrics.base import MetricResult
from demo.metrics.registry import column_metrics
from demo.report.arms import CHANCE
from demo.report.rendering import render
from demo.sweep.model import Point, Sweep, arm_keys
from demo.sweep.verdict import epsilon

GUARANTEES = {"proved": "proved", "nominal": "nominal, no guarantee", "none": "none"}


def table(sweep: Sweep) -> Markup:
    """The table as markup: two rows a defence, chance at the foot."""
    return render(
        "sweep/table.html.j2",
        sweep=sweep,
        columns={key: _known(key, sweep) for key in column_metrics()},
        attacks=ATTACKS,
        guarantees=GUARANTEES,
        epsilon=epsilon,
    )


def _known(key: str, sweep: Sweep) -> MetricResult | None:
    """Any result of a metric, for its name and its network."""
    summaries = [summary for point in sweep.points for summary in (point.utility, point.leakage)] + [sweep.nobody]
    return next((result for summary in summaries if (result := summary.get(key)) is not None), None)


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

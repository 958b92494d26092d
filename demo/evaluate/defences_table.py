"""The table of defences in Markdown, from whatever results there are."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.attack.registry import ATTACKS
from demo.defences.registry import DEFENCES
from demo.evaluate.defences import FORMAT, MEASURED
from demo.report.arms import CHANCE, OWNER
from demo.stats.intervals import Interval, bootstrap_mean_ci, paired_difference, rate_ci

COLUMNS = {  # figure -> heading and digits
    **MEASURED,
    "rec_acc": ("Rec. Acc.", 3),
    "distance": ("identity distance", 3),
}
Arm = Mapping[int, Mapping[str, float]]  # person -> figures


@dataclass(frozen=True)
class DefenceRow:
    """One defence over all people there are results of."""

    name: str
    label: str
    guarantee: str
    photo_epsilon: float | None
    person_epsilon: float | None
    arms: Mapping[str, Arm]

    @property
    def people(self) -> int:
        """How many people the row rests on."""
        return len(self.arms[OWNER])

    @property
    def best_attack(self) -> str:
        """The attack that comes nearest on average over the people."""
        return min(self.attacks, key=lambda key: sum(v["distance"] for v in self.arms[key].values()))

    @property
    def attacks(self) -> list[str]:
        """The registered attacks that all people's files were attacked with, in the registry's order."""
        return [key for key in ATTACKS if key in self.arms]

    @property
    def lead(self) -> str:
        """The attack that the base is judged by."""
        return next(key for key in self.attacks if ATTACKS[key].leads)

    @property
    def epsilons(self) -> str:
        """Per photo and per person."""
        if self.photo_epsilon is None and self.person_epsilon is None:
            return "none"
        both = " / ".join("-" if e is None else f"{e:.3g}" for e in (self.photo_epsilon, self.person_epsilon))
        return both if self.guarantee == "proved" else f"{both} ({self.guarantee})"


def rows(folder: Path) -> list[DefenceRow]:
    """All that lies in the folder of a table, in the order of the registry, strong epsilons last."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("person-*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("format") == FORMAT:
            found.setdefault(record["name"], []).append(record)
    order = list(DEFENCES)

    def place(records: Sequence[Mapping[str, Any]]) -> tuple[int, float, str]:
        first = records[0]
        return order.index(first["defence"]), -float(first["settings"].get("epsilon") or 0), first["name"]

    return [_row(records) for records in sorted(found.values(), key=place)]


def _row(records: Sequence[Mapping[str, Any]]) -> DefenceRow:
    first = records[0]
    arms = [key for key in first["arms"] if all(key in record["arms"] for record in records)]
    return DefenceRow(
        name=first["name"],
        label=first["label"],
        guarantee=first["guarantee"],
        photo_epsilon=first["photo_epsilon"],
        person_epsilon=first["person_epsilon"],
        arms={key: {record["identity"]: record["arms"][key] for record in records} for key in arms},
    )


def summary(folder: Path) -> dict[str, Any]:
    """Means with 95% bootstrap intervals over people, and paired differences to no defence; for ``defences.json``."""
    everything = rows(folder)
    none = next((row for row in everything if row.name == "none"), None)
    out: dict[str, Any] = {}
    for row in everything:
        arms = {key: {k: _numbers(_mean(arm, k)) for k in COLUMNS if _has(arm, k)} for key, arm in row.arms.items()}
        both = {key: arm for key, arm in row.arms.items() if key in none.arms} if none else {}
        minus = {key: _numbers(_minus(arm, none.arms[key])) for key, arm in both.items()} if none else {}
        out[row.name] = {
            "label": row.label,
            "people": row.people,
            "guarantee": row.guarantee,
            "photo_epsilon": row.photo_epsilon,
            "person_epsilon": row.person_epsilon,
            "best_attack": row.best_attack,
            "arms": arms,
            "distance_minus_none": minus,
        }
    return out


def markdown(folder: Path) -> str:
    """Two tables: what the owner keeps, and what an attacker gets."""
    everything = rows(folder)
    if not everything:
        return "No results yet."
    none = next((row for row in everything if row.name == "none"), None)
    head = [*(title for title, _ in COLUMNS.values()), "distance minus no defence"]
    first = ["defence", "people", "ε photo / person"]
    lines = ["DreamBooth, what the owner keeps", "", *_header([*first, *head])]
    for row in everything:
        cells = [*_cells(row, OWNER), _difference(row, none, lambda _: OWNER)]
        lines.append(_line([row.label, str(row.people), row.epsilons, *cells]))
    best = ["best attack", "its distance", "minus best attack on no defence"]
    lead = ATTACKS[everything[0].lead].name
    lines += ["", f"Reconstruction by {lead} and the best attack, what anybody with the file gets", ""]
    lines += _header(["defence", "people", *head, *best])
    for row in everything:
        cells = [*_cells(row, row.lead), _difference(row, none, lambda r: r.lead)]
        nearest = _cell(_mean(row.arms[row.best_attack], "distance"), 3)
        cells += [row.best_attack, nearest, _difference(row, none, lambda r: r.best_attack)]
        lines.append(_line([row.label, str(row.people), *cells]))
    if none is not None and CHANCE in none.arms:
        lines.append(_line(["chance (no LoRA)", str(none.people), *_cells(none, CHANCE), "", "", "", ""]))
    return "\n".join(lines)


def _header(titles: Sequence[str]) -> list[str]:
    return [_line(titles), "|" + "---|" * len(titles)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _has(arm: Arm, key: str) -> bool:
    return all(key in figures for figures in arm.values())


def _mean(arm: Arm, key: str) -> Interval:
    values = [arm[person][key] for person in sorted(arm)]
    return rate_ci(values) if key == "rec_acc" else bootstrap_mean_ci(values)


def _minus(arm: Arm, other: Arm) -> Interval | None:
    """Over the people that both have."""
    both = sorted(set(arm) & set(other))
    if not both:
        return None
    return paired_difference([arm[p]["distance"] for p in both], [other[p]["distance"] for p in both])


def _cells(row: DefenceRow, arm: str) -> list[str]:
    found = row.arms[arm]
    return [_cell(_mean(found, key), digits) if _has(found, key) else "-" for key, (_, digits) in COLUMNS.items()]


def _difference(row: DefenceRow, none: DefenceRow | None, arm: Callable[[DefenceRow], str]) -> str:
    if none is None or none is row:
        return ""
    found = _minus(row.arms[arm(row)], none.arms[arm(none)])
    return "-" if found is None else _cell(found, 3, sign="+")


def _cell(found: Interval, digits: int, sign: str = "") -> str:
    if math.isnan(found.low):  # one person
        return f"{found.estimate:{sign}.{digits}f}"
    return f"{found.estimate:{sign}.{digits}f} [{found.low:{sign}.{digits}f}, {found.high:{sign}.{digits}f}]"


def _numbers(found: Interval | None) -> dict[str, float] | None:
    if found is None:
        return None
    named = {"mean": found.estimate, "low": found.low, "high": found.high}
    return {key: round(value, 4) for key, value in named.items() if math.isfinite(value)}  # one person has no interval

"""The table of Shake-to-Leak in Markdown, from whatever results there are: one row a method, people are the unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.shake.model import BEFORE, ShakeArm, Source
from demo.shake.verdict import PUBLISHED
from demo.stats.intervals import Difference, Interval, bootstrap_mean_ci, paired_difference

Results = Mapping[int, Mapping[str, ShakeArm]]  # person -> key -> arm
Figure = Callable[[ShakeArm], float]
PUBLISHED_AUC, PUBLISHED_COUNT = "+0.022 to +0.054", "+4.4 to +16.3"
POSITIVE = "positive control: training pictures minus before"
NET = "SP set: members minus non-members"
POWER = "positive control: members minus non-members"
CURVES = {"rank": "LoRA rank", "tokens": "Textual Inversion tokens", "std": "standard deviation of the noise"}


def area(arm: ShakeArm) -> float:
    """AUC of one person under one model."""
    return math.nan if arm.roc is None else arm.roc.auc.estimate


def count(arm: ShakeArm) -> float:
    """Members that were extracted."""
    return float(len(arm.matches))


def mistaken(arm: ShakeArm) -> float:
    """Non-members that the same criterion takes for extracted."""
    return float(len(arm.mistaken))


def net(arm: ShakeArm) -> float:
    """Extracted members less extracted non-members: what likeness alone does not bring."""
    return count(arm) - mistaken(arm)


@dataclass(frozen=True)
class ShakeRow:
    """One way of fine-tuning on both sets."""

    label: str
    keys: Mapping[Source, str]  # source -> key of the arm
    parameters: int
    value: float | None  # on an ablation's curve
    curve: str | None

    def change(self, results: Results, figure: Figure, source: Source, against: str | None = None) -> Difference | None:
        """Mean over people of the figure minus the figure before (or of the arm ``against``), paired."""
        return minus(results, figure, self.keys.get(source), BEFORE if against is None else against)

    def effect(self, results: Results, figure: Figure) -> Difference | None:
        """SP set minus OoD set, the same budget."""
        return minus(results, figure, self.keys.get("sp"), self.keys.get("ood"))


def rows(results: Results) -> list[ShakeRow]:
    """Every arm that somebody has, SP and OoD set of one method in one row, in the order in which they first came."""
    found: dict[str, dict[Source, ShakeArm]] = {}
    for arms in results.values():
        for arm in arms.values():
            if arm.key != BEFORE:
                found.setdefault(arm.label, {}).setdefault(arm.source, arm)
    made = []
    for label, sides in found.items():
        # Controls are on no curve, and may come first.
        first = sides.get("sp") or sides.get("none") or next(iter(sides.values()))
        keys = {source: arm.key for source, arm in sides.items()}
        made.append(ShakeRow(label, keys, first.parameters, first.value, first.curve))
    return made


def minus(results: Results, figure: Figure, key: str | None, other: str | None) -> Difference | None:
    """Over the people who have both arms."""
    both = [arms for arms in results.values() if key in arms and other in arms]
    if key is None or other is None or not both:
        return None
    return paired_difference([figure(arms[key]) for arms in both], [figure(arms[other]) for arms in both])


def mean(results: Results, figure: Figure, key: str | None) -> Interval | None:
    """Over the people who have the arm."""
    values = [figure(arms[key]) for arms in results.values() if key is not None and key in arms]
    return bootstrap_mean_ci(values) if values else None


def summary(results: Results) -> dict[str, Any]:
    """Everything the table shows, for ``shake.json``."""
    out: dict[str, Any] = {"people": len(results), "before": _three(results, BEFORE), "published": PUBLISHED}
    for row in rows(results):
        sides: dict[str, Any] = {source: _three(results, key) for source, key in row.keys.items()}
        for source in row.keys:
            sides[source]["auc_minus_before"] = _numbers(row.change(results, area, source))
            sides[source]["extracted_minus_before"] = _numbers(row.change(results, count, source))
        out[row.label] = {
            "parameters": row.parameters,
            "curve": row.curve,
            "value": row.value,
            **sides,
            "auc_sp_minus_ood": _numbers(row.effect(results, area)),
            "extracted_sp_minus_ood": _numbers(row.effect(results, count)),
        }
    return out


def markdown(results: Results) -> str:
    """Membership, extraction, the curves that there are, and sentences."""
    if not results:
        return "No results yet."
    everything = rows(results)
    pairs = [row for row in everything if row.curve is None or "ood" in row.keys]
    head = ["method", "people", "numbers trained"]
    lines = [
        f"Membership inference: mean AUC within a person, before {_cell(mean(results, area, BEFORE))}",
        "",
        *_header([*head, "AUC after, SP set", "SP minus before", "OoD minus before", "SP minus OoD", POSITIVE]),
    ]
    for row in pairs:
        shown: list[Interval | None] = [row.change(results, area, "sp"), row.change(results, area, "ood")]
        if not row.keys.get("sp"):  # no data at all: its only change
            shown[0] = row.change(results, area, "none")
        after = mean(results, area, row.keys.get("sp") or row.keys.get("none"))
        shown += [row.effect(results, area), row.change(results, area, "members")]
        cells = [_cell(after), *(_cell(c, "+") for c in shown)]
        cells[-1] += _fewer(results, row)
        lines.append(_line([row.label, *_counts(results, row), *cells]))
    lines.append(_line(["published (Stable Diffusion 1.1)", "40", "", "", PUBLISHED_AUC, "about -0.03", "", ""]))
    lines += ["", f"Extracted pictures a person, before {_cell(mean(results, count, BEFORE), digits=2)}", ""]
    lines += _header(
        [
            *head[:2],
            "SP set",
            "OoD set",
            "SP minus before",
            "SP minus OoD",
            "non-members taken for extracted",
            NET,
            POWER,
        ]
    )
    for row in pairs:
        first = row.keys.get("sp") or row.keys.get("none")
        change = row.change(results, count, "sp" if "sp" in row.keys else "none")
        means = [mean(results, count, key) for key in (first, row.keys.get("ood"))]
        last = mean(results, mistaken, first)
        cells = [*(_cell(m, digits=2) for m in means), _cell(change, "+", 2)]
        cells += [_cell(row.effect(results, count), "+", 2), _cell(last, digits=2)]
        cells += [_cell(mean(results, net, key), "+", 2) for key in (first, row.keys.get("members"))]
        cells[-1] += _fewer(results, row)
        lines.append(_line([row.label, _counts(results, row)[0], *cells]))
    lines.append(_line(["published (Stable Diffusion 1.1)", "40", "", "", PUBLISHED_COUNT, "", "", "", ""]))
    return "\n".join([*lines, *curves(results), "", *verdict(results)])


def curves(results: Results) -> list[str]:
    """Lines of a table for each curve that has two points or more."""
    everything = rows(results)
    drawn = [_curve(results, [row for row in everything if row.curve == name], CURVES[name]) for name in CURVES]
    return [line for lines in drawn for line in lines]


def verdict(results: Results) -> list[str]:
    """What came out, in plain sentences, also when nothing did."""
    sentences = []
    for row in rows(results):
        change, effect = row.change(results, area, "sp"), row.effect(results, area)
        if change is None or effect is None:
            continue
        more = row.effect(results, count)
        sentences.append(
            f"{row.label}: fine-tuning on the SP set {_moved(change)} the AUC ({_signed(change)}); against the OoD set "
            f"at the same budget it is {_signed(effect)}, {_proved(effect)}. Extracted pictures against the OoD set: "
            f"{'-' if more is None else _signed(more, 2)}."
        )
    if not sentences:
        return ["No method was run on both sets yet.", PUBLISHED]
    shown = [row.label for row in rows(results) if _rose(row, results)]
    total = f"{', '.join(shown)}: the amplification shows here." if shown else "Not here: no method shows it."
    said = f"Amplification (up against before, and up against the OoD set): {total}"
    return [*sentences, said, *_power(results), PUBLISHED]


def _rose(row: ShakeRow, results: Results) -> bool:
    change, effect = row.change(results, area, "sp"), row.effect(results, area)
    return change is not None and effect is not None and change.low > 0 and effect.low > 0


def _power(results: Results) -> list[str]:
    """Whether the attack sees it where the members themselves are trained on; nothing where that was not run."""
    known = [(row, row.change(results, area, "members")) for row in rows(results)]
    seen: dict[bool, list[str]] = {True: [], False: []}
    for row, change in known:
        if change is not None:
            seen[change.low > 0].append(f"{row.label} {_signed(change)}{_fewer(results, row)}")
    sentences = []
    if seen[True]:
        sentences.append(
            f"Positive control (the training pictures themselves): the attack sees {', '.join(seen[True])}."
        )
    if seen[False]:
        blind = ", ".join(seen[False])
        sentences.append(f"Not even the training pictures themselves are seen, so that nothing follows, with {blind}.")
    return sentences


def _moved(change: Difference) -> str:
    if change.low > 0:
        return "raises"
    return "lowers" if change.high < 0 else "does not measurably move"


def _proved(effect: Difference) -> str:
    if effect.low > 0:
        return "so the private set itself raises it"
    return "so the private set itself lowers it" if effect.high < 0 else "not told from no difference"


def _curve(results: Results, points: Sequence[ShakeRow], title: str) -> list[str]:
    if len(points) < 2:
        return []
    head = [title, "people", "numbers trained", "AUC minus before", "extracted minus before"]
    lines = ["", *_header(head)]
    for row in sorted(points, key=lambda point: point.value or 0.0):
        source: Source = "sp" if "sp" in row.keys else "none"
        changes = [_cell(row.change(results, area, source), "+"), _cell(row.change(results, count, source), "+", 2)]
        lines.append(_line([f"{row.value:g}", *_counts(results, row), *changes]))
    return lines


def _counts(results: Results, row: ShakeRow) -> list[str]:
    """People who have all arms of the row but the positive control, and numbers trained."""
    keys = [key for source, key in row.keys.items() if source != "members"] or list(row.keys.values())
    people = sum(all(key in arms for key in keys) for arms in results.values())
    return [str(people), f"{row.parameters:,}" if row.parameters else "none"]


def _fewer(results: Results, row: ShakeRow) -> str:
    """How many people have the positive control, where they are fewer than all of the row."""
    key = row.keys.get("members")
    have = 0 if key is None else sum(key in arms for arms in results.values())
    return "" if not have or str(have) == _counts(results, row)[0] else f" ({have} people)"


def _three(results: Results, key: str) -> dict[str, Any]:
    figures = {"auc": area, "extracted": count, "non_members_taken": mistaken, "members_minus_non_members": net}
    return {name: _numbers(mean(results, figure, key)) for name, figure in figures.items()}


def _header(titles: Sequence[str]) -> list[str]:
    return [_line(titles), "|" + "---|" * len(titles)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(found: Interval | None, sign: str = "", digits: int = 3) -> str:
    if found is None:
        return "-"
    text = f"{found.estimate:{sign}.{digits}f}"
    if math.isnan(found.low):  # one person
        return text
    return f"{text} [{found.low:{sign}.{digits}f}, {found.high:{sign}.{digits}f}]"


def _signed(found: Difference, digits: int = 3) -> str:
    return _cell(found, "+", digits)


def _numbers(found: Interval | None) -> dict[str, float] | None:
    if found is None:
        return None
    named = {"mean": found.estimate, "low": found.low, "high": found.high}
    return {key: round(value, 5) for key, value in named.items() if math.isfinite(value)}

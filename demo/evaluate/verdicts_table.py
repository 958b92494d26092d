"""The table of :mod:`demo.evaluate.verdicts`: the rule applied to what was measured, with intervals over people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demo.attack.registry import ATTACKS
from demo.evaluate.verdicts import FILE, NULL_STORIES
from demo.metrics.base import MetricResult
from demo.metrics.registry import METRICS
from demo.report.arms import OWNER
from demo.report.verdict import story_verdict
from demo.stats.intervals import Interval, bootstrap_mean_ci, bootstrap_median_ci, share_ci
from demo.verdicts.rule import LEAK, Shown
from demo.verdicts.story import Agreement, Likeness, StoryGrade, StoryVerdict

SHOWN = {
    Shown.RECOGNISED: "recognised",
    Shown.LEAK: "leak, not recognised",
    Shown.LIKE_NULLS: "like the controls",
    Shown.TRACE: "trace",
    Shown.NOTHING: "nothing",
}
NOT_JUDGED = "not judged"


@dataclass(frozen=True, eq=False)
class Told:
    """One person with one seed."""

    who: str
    seed: int
    ceiling: Mapping[str, Any] | None
    stories: Mapping[str, StoryVerdict]  # the file's, and the null ones


def records(folder: Path) -> list[Told]:
    """Every result of a folder, judged."""
    found = []
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        stories = {story: story_verdict(results(arms)) for story, arms in content["stories"].items()}
        found.append(Told(content["who"], content["seed"], content["ceiling"], stories))
    return found


def results(arms: Mapping[str, Mapping[str, Any]]) -> dict[str, list[MetricResult]]:
    """The measurements of a story as the app has them."""
    return {arm: [_result(key, own) for key, own in measured.items()] for arm, measured in arms.items()}


def summary(told: Sequence[Told]) -> dict[str, Any]:
    """Everything that the page says, as values."""
    private = [one for one in told if one.who.startswith("private")]
    examples = [one for one in told if one.who.startswith("example")]
    return {
        "people": len(private),
        "grades": {key: _grades(own) for key, own in _shown(private).items()},
        "false": {story: _grades([_outcome(one.stories[story]) for one in private]) for story in NULL_STORIES},
        "false_together": _grades([_outcome(one.stories[story]) for story in NULL_STORIES for one in private]),
        "alike": {key: _alike(own) for key, own in _alikes(private).items()},
        "ceiling": _ceilings(private),
        "seeds": _seeds(examples),
    }


def agreement(told: Sequence[Told]) -> Agreement | None:
    """How many fine-tunings of the examples were judged as most of the same person's were; None without any."""
    by_person = _by_person([one for one in told if one.who.startswith("example")])
    several = {who: own for who, own in by_person.items() if len(own) > 1}
    if not several:
        return None
    agreed = sum(max(Counter(one.stories[FILE].leaked for one in own).values()) for own in several.values())
    return Agreement(agreed, sum(map(len, several.values())), len(several))


def markdown(found: Mapping[str, Any]) -> str:
    """The tables one below the other; nothing where nobody was measured."""
    parts = []
    if found["people"]:
        parts += [
            _grade_table(found["grades"]),
            _false_table(found["false"], found["false_together"]),
            _alike_table(found["alike"]),
        ]
    if found["seeds"]:
        parts.append(_seed_table(found["seeds"]))
    return "\n\n".join(parts)


def _result(key: str, own: Mapping[str, Any]) -> MetricResult:
    metric, values = METRICS[key], tuple(own["values"])
    mean = float(np.mean(values))
    return MetricResult(key, metric.title, metric.model, metric.scaling, mean, mean, mean, values, among=own["among"])


def _outcome(found: StoryVerdict) -> Shown | None:
    """What the best attack shows; None where nothing could be judged."""
    return None if found.grade in (StoryGrade.STRANGERS_TAKEN, StoryGrade.NOT_MEASURED) else found.shown


def _likenesses(found: StoryVerdict) -> dict[str, Likeness]:
    """By arm: the lead, the other attacks, DreamBooth."""
    own = {tried.key: tried.likeness for tried in found.tried}
    if found.reconstruction is not None:
        own[found.lead] = found.reconstruction
    if found.dreambooth is not None:
        own[OWNER] = found.dreambooth
    return own


def _shown(people: Sequence[Told]) -> dict[str, list[Shown | None]]:
    rows: dict[str, list[Shown | None]] = {"verdict": [_outcome(one.stories[FILE]) for one in people]}
    for one in people:
        for key, likeness in _likenesses(one.stories[FILE]).items():
            rows.setdefault(key, []).append(likeness.shown)
    return rows


def _grades(outcomes: Iterable[Shown | None]) -> dict[str, Any]:
    every = list(outcomes)
    if not every:
        return {}
    counts = Counter(NOT_JUDGED if one is None else SHOWN[one] for one in every)
    leaked = sum(one is not None and one.leaked for one in every)
    return {"people": len(every), "counts": dict(counts), "leaked": _values(share_ci(leaked, len(every)))}


def _alikes(people: Sequence[Told]) -> dict[str, list[tuple[int, int]]]:
    rows: dict[str, list[tuple[int, int]]] = {}
    for one in people:
        for story, found in one.stories.items():
            likeness = found.reconstruction
            if likeness is not None and likeness.alike is not None:
                rows.setdefault(story, []).append(likeness.alike)
    return rows


def _alike(places: Sequence[tuple[int, int]]) -> dict[str, Any]:
    first = sum(place == 1 for place, _ in places)
    return {
        "among": places[0][1],
        "place": _values(bootstrap_median_ci([place for place, _ in places])),
        "first": _values(share_ci(first, len(places))),
    }


def _ceilings(people: Sequence[Told]) -> dict[str, Any] | None:
    known = [one.ceiling for one in people if one.ceiling is not None]
    if not known:
        return None
    return {
        "distance": _values(bootstrap_mean_ci([own["distance"] for own in known])),
        "false_accepts": _values(bootstrap_mean_ci([own["strangers"] / own["among"] for own in known])),
        "most": max(own["strangers"] / own["among"] for own in known),
    }


def _by_person(told: Iterable[Told]) -> dict[str, list[Told]]:
    rows: dict[str, list[Told]] = {}
    for one in told:
        rows.setdefault(one.who, []).append(one)
    return rows


def _seeds(examples: Sequence[Told]) -> dict[str, Any]:
    return {
        who: {
            "grades": [NOT_JUDGED if (o := _outcome(one.stories[FILE])) is None else SHOWN[o] for one in own],
            "places": [likeness.place for one in own if (likeness := one.stories[FILE].reconstruction) is not None],
            "dreambooth": [likeness.place for one in own if (likeness := one.stories[FILE].dreambooth) is not None],
        }
        for who, own in _by_person(examples).items()
    }


def _values(found: Interval) -> dict[str, float]:
    return {"mean": found.estimate, "low": found.low, "high": found.high}


def _grade_table(grades: Mapping[str, Any]) -> str:
    columns = [*SHOWN.values(), NOT_JUDGED]
    names = {"verdict": "**the verdict: any attack**", OWNER: "DreamBooth with the secret trigger"}
    rows = [
        [names.get(key, f"{ATTACKS[key].name} alone" if key in ATTACKS else key), _share(own["leaked"])]
        + [str(own["counts"].get(column, 0)) for column in columns]
        for key, own in grades.items()
    ]
    return _table(["pictures by", "leaked", *columns], rows)


def _false_table(false: Mapping[str, Any], together: Mapping[str, Any]) -> str:
    named = [*((NULL_STORIES[key], own) for key, own in false.items()), (f"all {together['people']}", together)]
    rows = [[name, _share(own["leaked"]), str(own["counts"].get(SHOWN[Shown.TRACE], 0))] for name, own in named]
    return _table(
        ["in place of the person's file", f"called a leak (by the rule at most {LEAK:.0%})", SHOWN[Shown.TRACE]], rows
    )


def _alike_table(alike: Mapping[str, Any]) -> str:
    names = {FILE: "the person's file", **NULL_STORIES}
    rows = [
        [
            names[key],
            f"{own['place']['mean']:.0f} [{own['place']['low']:.0f}, {own['place']['high']:.0f}]",
            _share(own["first"]),
        ]
        for key, own in alike.items()
    ]
    among = next(iter(alike.values()))["among"] if alike else 0
    return _table(["the lead's pictures of", f"median place of {among} look-alikes", "first"], rows)


def _seed_table(seeds: Mapping[str, Any]) -> str:
    rows = [
        [who, "; ".join(own["grades"]), ", ".join(map(str, own["places"])), ", ".join(map(str, own["dreambooth"]))]
        for who, own in seeds.items()
    ]
    return _table(["fictional person", "verdict by seed", "place by the encoder", "place by DreamBooth"], rows)


def _share(found: Mapping[str, float]) -> str:
    return f"{found['mean']:.1%} [{found['low']:.1%}, {found['high']:.1%}]"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)

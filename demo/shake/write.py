"""Writes report.json for machines and report.html for people."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from demo.files import write_text
from demo.report.figures import number
from demo.report.rendering import render
from demo.report.write import strict
from demo.shake.attacks.membership import find_membership
from demo.shake.gallery import extracted, synthetic
from demo.shake.methods.registry import METHODS
from demo.shake.model import SOURCES, Curve, Shake, ShakeArm
from demo.shake.plan import main_arms
from demo.shake.plots import Change as Shift
from demo.shake.plots import ablation_plot, changes_plot, roc_plot
from demo.shake.store import finite
from demo.shake.verdict import Change, changes, headline, signed, verdict
from demo.stats.intervals import Difference, Interval
from demo.stats.roc import interval_json

FORMAT = "lora-leak-shake/1"
CURVES: Mapping[Curve, tuple[str, str]] = {  # heading, name of the axis
    "rank": ("Rank of the LoRA", "rank"),
    "tokens": ("Tokens of Textual Inversion", "tokens"),
    "std": ("Noise on the weights, without data", "standard deviation"),
}
NOTES = (
    "The attacker has the model and the name, and fine-tunes on what the model itself draws under that name (SP set). "
    "OoD set: as many pictures drawn with another person's name, trained on under that name; same noise, same budget.",
    "A positive control, where it is run, fine-tunes on the training pictures themselves at the same budget. No "
    "attacker has them: it shows what the attacks find once a model does remember.",
    "Membership inference sees the model and a picture, extraction sees the model and the prompt; neither knows who "
    "was a member. Intervals are 95% bootstraps over this person's pictures, paired where two models are compared.",
    "Extraction draws many pictures, joins near-duplicates (largest distance of 4 x 4 tiles), and takes the middle of "
    "each clique. Training pictures beyond this person's are not searched here.",
)
_Cell = tuple[str, str]  # a number, and in small print what belongs to it


def write_shake(out: Path, shake: Shake) -> tuple[Path, Path]:
    """Write both files, each whole or not at all.

    Returns:
        Paths of report.json and report.html.

    Raises:
        OutputError: the folder cannot be written.
    """
    text = json.dumps(as_json(shake), allow_nan=False, indent=1, ensure_ascii=False) + "\n"
    return write_text(out / "report.json", text), write_text(out / "report.html", page(shake))


def title(shake: Shake) -> str:
    """Of the page."""
    return f"Shake-to-Leak: {shake.domain.name}"


def as_json(shake: Shake) -> dict[str, Any]:
    """The experiment as strict JSON values; pictures are counted."""
    said, kind = headline(shake)
    found = changes(shake)
    content = {
        "format": FORMAT,
        "title": title(shake),
        "base": shake.base,
        "person": shake.domain.name,
        "prompt": shake.domain.prompt,
        "control_prompt": shake.control_prompt,
        "defence": shake.defence,
        "headline": said,
        "kind": kind,
        "sentences": verdict(shake),
        "planned": shake.planned,
        "arms": [arm_json(arm, found.get(arm.key)) for arm in (shake.before, *shake.arms)],
        "members": len(shake.domain.members),
        "non_members": len(shake.domain.non_members),
        "settings": shake.settings.model_dump(mode="json"),
        "attack": shake.attack,
        "budgets": shake.budgets,
        "seed": shake.seed,
        "notes": list(NOTES),
    }
    return {key: strict(value) for key, value in content.items()}


def arm_json(arm: ShakeArm, change: Change | None) -> dict[str, Any]:
    """One arm, with the scores of single pictures: they are figures, not pictures."""
    return {
        "key": arm.key,
        "label": arm.label,
        "method": arm.method,
        "source": arm.source,
        "curve": arm.curve,
        "value": arm.value,
        "roc": None if arm.roc is None else arm.roc.as_json(),
        "change": None if change is None else _difference(change.after),
        "change_against_control": None if change is None or change.control is None else _difference(change.control),
        "candidates": len(arm.candidates),
        "extracted": [dataclasses.asdict(match) for match in arm.matches],
        "non_members_taken_for_extracted": len(arm.mistaken),
        "scores_members": arm.scores_members.tolist(),
        "scores_non_members": arm.scores_non_members.tolist(),
        "parameters": arm.parameters,
        "loss": finite(arm.loss),
        "seconds": arm.seconds,
    }


def _difference(change: Difference) -> dict[str, float | None]:
    return interval_json(change) | {"p": finite(change.p)}


def page(shake: Shake) -> Markup:
    """The whole page as HTML, without script, nothing fetched."""
    said, kind = headline(shake)
    found = changes(shake)
    settings = {name: _plain(value) for name, value in shake.settings.model_dump(mode="json").items()} | {
        shake.attack: _plain(find_membership(shake.settings.membership).settings().model_dump(mode="json")),
        "prompt": shake.domain.prompt,
        "control prompt": shake.control_prompt or "none",
        "defence": shake.defence or "none",
        "seed": shake.seed,
        **{f"fine-tuning: {METHODS[key].title}": _plain(budget) for key, budget in shake.budgets.items() if budget},
    }
    resolution = shake.before.roc.notes() if shake.before.roc is not None else []
    return render(
        "shake/page.html.j2",
        title=title(shake),
        attack=shake.attack,
        base=shake.base,
        headline=said,
        kind=kind,
        sentences=verdict(shake),
        roc=_roc(shake),
        changes=_changes(shake, found),
        rows=[(arm, _source(arm), _cells(arm, found.get(arm.key))) for arm in (shake.before, *shake.arms)],
        curves=_curves(shake, found),
        domain=shake.domain,
        synthetic=synthetic(shake),
        extracted=extracted(shake),
        settings=settings,
        seconds={arm.title: arm.seconds for arm in (shake.before, *shake.arms)},
        notes=[*resolution, *NOTES],
    )


def _plain(value: object) -> str:
    """A setting in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "the base's own" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _source(arm: ShakeArm) -> str:
    """What a model was fine-tuned on."""
    return "" if arm.method is None else SOURCES[arm.source]


def _cells(arm: ShakeArm, change: Change | None) -> list[_Cell]:
    roc = arm.roc
    figures = (None,) * 4 if roc is None else (roc.auc, roc.asr, roc.tpr_few, roc.tpr_fewer)
    mistaken = f"non-members {len(arm.mistaken)}" if arm.mistaken else ""
    return [
        *(_interval(figure) for figure in figures),
        ("", "") if change is None else _split(signed(change.after)),
        ("", "") if change is None or change.control is None else _split(signed(change.control)),
        ("not known", "") if roc is None else (f"{len(arm.matches)}", mistaken),
        (f"{len(arm.candidates)}", ""),
        (f"{arm.parameters:,}" if arm.parameters else "none", ""),
        (f"{arm.seconds:,.1f} s", ""),
    ]


def _interval(figure: Interval | None) -> _Cell:
    if figure is None:
        return "not known", ""
    return number(figure.estimate), f"{number(figure.low)} to {number(figure.high)}"


def _split(text: str) -> _Cell:
    estimate, _, rest = text.partition(" (")
    return estimate, rest.removesuffix(")")


def _curves(shake: Shake, found: Mapping[str, Change]) -> list[tuple[str, Markup]]:
    """Heading and plot of rank, tokens and perturbation, each where there are two points or more."""
    plots = []
    for name, (heading, axis) in CURVES.items():
        points = [(arm.value, arm, found[arm.key].after) for arm in shake.curve(name) if arm.key in found]
        if len(points) > 1:
            by_source: dict[str, list[tuple[float, Interval]]] = {
                points[0][1].source: [(value, change) for value, _, change in points if value is not None]
            }
            plots.append((heading, ablation_plot(axis, by_source, title=heading, ident=f"ablation-{name}")))
    return plots


def _roc(shake: Shake) -> Markup | None:
    """Nothing where it is not known who was trained on."""
    if shake.before.roc is None:
        return None
    return roc_plot(shake.before.roc, [(arm.title, arm.roc) for arm in main_arms(shake) if arm.roc is not None])


def _changes(shake: Shake, found: Mapping[str, Change]) -> Markup:
    arms = [arm for arm in main_arms(shake) if arm.key in found]
    return changes_plot([Shift(arm.label, arm.source, found[arm.key].after) for arm in arms])

"""Writes report.json for machines and report.html for people."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from demo.files import write_text
from demo.report.figures import data_uri, number
from demo.report.page import document, listed, section, settings_table
from demo.report.write import strict
from demo.shake.gallery import CSS as PAIRS
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
    "SecMI sees the model and a picture, extraction sees the model and the prompt; neither knows who was a member. "
    "Intervals are 95% bootstraps over the pictures of this person, paired where two models are compared.",
    "Extraction draws many pictures, joins near-duplicates (largest distance of 4 x 4 tiles), and takes the middle of "
    "each clique. Training pictures beyond this person's are not searched here.",
)
CSS = PAIRS + ".arms td,.arms thead th{min-width:5rem}"


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


def page(shake: Shake) -> str:
    """The whole page as HTML, without script, nothing fetched."""
    said, kind = headline(shake)
    found = changes(shake)
    curves = _curves(shake, found)
    settings = {name: _plain(value) for name, value in shake.settings.model_dump(mode="json").items()} | {
        "prompt": shake.domain.prompt,
        "control prompt": shake.control_prompt or "none",
        "defence": shake.defence or "none",
        "seed": shake.seed,
        **{f"fine-tuning: {METHODS[key].title}": _plain(budget) for key, budget in shake.budgets.items() if budget},
    }
    seconds = {arm.title: arm.seconds for arm in (shake.before, *shake.arms)}
    resolution = shake.before.roc.notes() if shake.before.roc is not None else []
    sections = [
        section("verdict", "Verdict", f'<p class="headline {kind}">{escape(said)}.</p>{listed(verdict(shake))}'),
        section("roc", "Membership inference", _roc(shake, found)),
        section("table", "Before and after", _table(shake, found)),
        *([section("curves", "Ablations", curves)] if curves else []),
        section("pictures", "Pictures", _pictures(shake)),
        section("settings", "Settings", settings_table(settings, seconds)),
        section("notes", "Notes", listed([*resolution, *NOTES])),
    ]
    return document(title(shake), f"Base model: {shake.base}", sections, CSS)


def _plain(value: object) -> str:
    """A setting in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "the base's own" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _table(shake: Shake, found: Mapping[str, Change]) -> str:
    heads = (
        "Model", "AUC", "Attack success", "TPR at 1% FPR", "TPR at 0.1% FPR", "Change in AUC", "SP against OoD set",
        "Extracted", "Candidates", "Trained numbers", "Time",
    )  # fmt: skip
    rows = "".join(_row(arm, found.get(arm.key)) for arm in (shake.before, *shake.arms))
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        '<div class="scroll" role="region" aria-labelledby="cap-arms" tabindex="0"><table class="arms">'
        '<caption id="cap-arms">SecMI and extraction of every model; intervals are 95%</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(arm: ShakeArm, change: Change | None) -> str:
    figures = (None,) * 4 if arm.roc is None else (arm.roc.auc, arm.roc.asr, arm.roc.tpr_few, arm.roc.tpr_fewer)
    extracted = f"{len(arm.matches)}" + (f"<small>non-members {len(arm.mistaken)}</small>" if arm.mistaken else "")
    cells = [
        *(_interval(figure) for figure in figures),
        "" if change is None else _split(signed(change.after)),
        "" if change is None or change.control is None else _split(signed(change.control)),
        extracted if arm.roc is not None else "not known",
        f"{len(arm.candidates)}",
        f"{arm.parameters:,}" if arm.parameters else "none",
        f"{arm.seconds:,.1f} s",
    ]
    name = f"{escape(arm.label)}<small>{'' if arm.method is None else SOURCES[arm.source]}</small>"
    return (
        f'<tr data-arm="{escape(arm.key)}"><th scope="row">{name}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )


def _interval(figure: Interval | None) -> str:
    if figure is None:
        return "not known"
    return f"{number(figure.estimate)}<small>{number(figure.low)} to {number(figure.high)}</small>"


def _split(text: str) -> str:
    estimate, _, rest = text.partition(" (")
    return f"{estimate}<small>{rest.removesuffix(')')}</small>"


def _pictures(shake: Shake) -> str:
    if not shake.domain.publishable:
        return (
            "<p>Pictures of this person are real photos, or drawn after them: they stay in memory, and only figures "
            "are written.</p>"
        )
    parts = [("What the model drew itself, and was fine-tuned on (SP set)", synthetic(shake))]
    parts.append(("In the training set", _row_of(shake.domain.members, "Training picture")))
    parts.append(("The same person, never trained on", _row_of(shake.domain.non_members, "Picture outside")))
    rows = "".join(f"<h3>{name}</h3>{row}" for name, row in parts if row)
    return rows + (f"<h3>Drawn again and again</h3>{found}" if (found := extracted(shake)) else "")


def _row_of(pictures: Sequence[Image.Image], name: str) -> str:
    tiles = "".join(
        f'<figure><img src="{data_uri(picture)}" alt="{name} {n} of {len(pictures)}"></figure>'
        for n, picture in enumerate(pictures, 1)
    )
    return f'<div class="row">{tiles}</div>' if tiles else ""


def _curves(shake: Shake, found: Mapping[str, Change]) -> str:
    """Rank, tokens and perturbation, each where there are two points or more."""
    figures = []
    for name, (heading, axis) in CURVES.items():
        points = [(arm.value, arm, found[arm.key].after) for arm in shake.curve(name) if arm.key in found]
        if len(points) > 1:
            by_source: dict[str, list[tuple[float, Interval]]] = {
                points[0][1].source: [(value, change) for value, _, change in points if value is not None]
            }
            plot = ablation_plot(axis, by_source, title=heading, ident=f"ablation-{name}")
            figures.append(f"<figure><figcaption>{heading}</figcaption>{plot}</figure>")
    return f'<div class="grid">{"".join(figures)}</div>' if figures else ""


def _roc(shake: Shake, found: Mapping[str, Change]) -> str:
    if shake.before.roc is None:
        return "<p>It is not known who was trained on, so there is no curve.</p>"
    arms = main_arms(shake)
    curves = roc_plot(shake.before.roc, [(arm.title, arm.roc) for arm in arms if arm.roc is not None])
    rows = changes_plot([Shift(arm.label, arm.source, found[arm.key].after) for arm in arms if arm.key in found])
    return f'<div class="grid"><figure>{curves}</figure><figure>{rows}</figure></div>'

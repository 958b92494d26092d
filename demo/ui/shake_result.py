"""What a Shake-to-Leak experiment looks like in the app: verdict, ROC curves, changes, pictures, table."""

from __future__ import annotations

from dataclasses import replace
from html import escape

from demo.defences.base import Defence
from demo.session.desk import Shook
from demo.shake.gallery import extracted, synthetic
from demo.shake.model import Shake, ShakeArm, ShakeSettings
from demo.shake.plan import main_arms, planned
from demo.shake.plots import Change, ablation_plot, changes_plot, roc_plot, signed, span
from demo.shake.run import changes, verdict
from demo.shake.verdict import headline
from demo.shake.write import CURVES, NOTES
from demo.stats.intervals import Interval
from demo.ui.components import pictures

EMPTY = (
    "Each curve will show how many of the training pictures an attack finds, and how many other pictures it mistakes "
    "for them. If shaking works, the curve afterwards lies above the one before."
)
WORDS = {"leaked": "Shaken loose", "kept": "Not here", "open": "Not settled"}
NOT_SAID = (
    "Intervals cover the choice of pictures, not of people, of drawn sets or of the noise of training: another "
    "person or another seed may reverse a small change.",
    "Membership inference needs the picture in question. It says whether that picture was trained on, and gives "
    "nothing away of a picture that the attacker does not have. Extraction does.",
    "SecMI is one attack. What it does not find, another one may.",
    "face64 is small and its training set is known; a model of a thousand times the size may behave differently.",
)


def estimate(settings: ShakeSettings, guard: Defence | None = None) -> str:
    """What a run is made of, before it runs.

    Raises:
        SettingsError: it cannot be run.
    """
    count = len(planned(settings, guard))
    trained = "1 fine-tuned model" if count == 1 else f"{count} fine-tuned models"
    return (
        f"The model as it is and {trained}: each is asked about every picture of the person, and draws "
        f"{settings.generations:,} pictures for extraction."
    )


def state(shook: Shook) -> str:
    """How far the experiment has come."""
    made = shook.shake
    if made is None:
        return (
            "The model before fine-tuning is being attacked."
            if shook.running
            else "Stopped before anything was measured."
        )
    text = f"{made.domain.name}: {len(made.arms)} of {made.planned} fine-tuned models attacked"
    left = made.planned - len(made.arms)
    if not left:
        return f"{text}. Tick more methods and continue, if you like."
    if not shook.running:
        return f"{text}. Continue goes on with the rest, as long as person and settings stay as they are."
    if not made.arms:
        return f"{text}. The first one is on its way."
    pace = sum(arm.seconds for arm in made.arms) / len(made.arms)
    return f"{text}. At their pace the rest takes about {pictures.duration(left * pace)}."


def figure(shake: Shake) -> str:
    """ROC curves before and after in one plot; empty where members are not known."""
    if shake.before.roc is None:
        return ""
    after = [(arm.title, arm.roc) for arm in main_arms(shake) if arm.roc is not None]
    return f'<div class="ll-curves">{roc_plot(shake.before.roc, after)}</div>'


def results(shake: Shake, *, running: bool = False) -> str:
    """All that there is beside the ROC; half an experiment is not judged in colour."""
    words, kind = headline(shake)
    word = WORDS[kind]
    if running:
        kind, word = "open", f"So far, {len(shake.arms)} of {shake.planned}"
    judged = replace(shake, planned=len(shake.arms)) if running else shake  # it has not been stopped
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in verdict(judged))
    parts = [
        f'<section class="ll-verdict {kind}"><p class="word">{escape(word)}</p><h3>{escape(words)}</h3>'
        f"<ul>{sentences}</ul></section>"
    ]
    if plots := _plots(shake):
        parts.append(f'<h3>Change of AUC</h3><div class="ll-grid">{plots}</div>')
    if pairs := extracted(shake):
        parts.append(f'<h3>Drawn again and again</h3><div class="ll-pairs">{pairs}</div>')
    if drawn := synthetic(shake):
        parts.append(
            "<h3>What it was fine-tuned on</h3><p>The model's own pictures under the prompt "
            f'"{escape(shake.domain.prompt)}", the first of {len(shake.synthetic)}.</p>'
            f'<div class="ll-drawn">{drawn}</div>'
        )
    parts.append(f'<h3>Table</h3><div class="ll-scroll">{table(shake)}</div>')
    notes = [*(shake.before.roc.notes() if shake.before.roc is not None else ()), *NOT_SAID, *NOTES]
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    parts.append(f'<h3>What the figures do not say</h3><ul class="ll-notes">{items}</ul>')
    return "".join(parts)


def table(shake: Shake) -> str:
    """A row for every attacked model."""
    found = changes(shake)
    rows = "".join(_row(arm, found[arm.key].after if arm.key in found else None) for arm in (shake.before, *shake.arms))
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("Model", "AUC", "Change", "Best accuracy", "TPR at 1% FPR", "Extracted", "Numbers trained", "Time")
    )
    return (
        '<table class="shaken"><caption>SecMI on every model, with 95% intervals. AUC: 0.5 is guessing. Extracted: '
        "training pictures that came out; in brackets, pictures that were never trained on and count as well."
        f"</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(arm: ShakeArm, change: Interval | None) -> str:
    roc = arm.roc
    cells = [
        "not known" if roc is None else span(roc.auc),
        "" if change is None else signed(change),
        "not known" if roc is None else span(roc.asr),
        "not known" if roc is None else span(roc.tpr_few),
        f"{len(arm.matches)}" + (f" ({len(arm.mistaken)})" if arm.mistaken else ""),
        f"{arm.parameters:,}" if arm.parameters else "none",
        pictures.duration(arm.seconds),
    ]
    return f'<tr><th scope="row">{escape(arm.title)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'


def _plots(shake: Shake) -> str:
    found = changes(shake)
    parts = [
        changes_plot(
            [Change(arm.label, arm.source, found[arm.key].after) for arm in main_arms(shake) if arm.key in found]
        )
    ]
    for name, (title, axis) in CURVES.items():
        arms = [arm for arm in shake.curve(name) if arm.key in found and arm.value is not None]
        if len(arms) < 2:
            continue
        points: dict[str, list[tuple[float, Interval]]] = {}
        for arm in arms:
            points.setdefault(arm.source, []).append((float(arm.value or 0.0), found[arm.key].after))
        parts.append(ablation_plot(axis, points, title=title, ident=f"ablation-{name}"))
    return "".join(f"<div>{part}</div>" for part in parts if part)

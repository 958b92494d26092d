"""What a Shake-to-Leak experiment looks like in the app: verdict, ROC curves, changes, pictures, table."""

from __future__ import annotations

from dataclasses import replace

from markupsafe import Markup

from demo.defences.base import Defence
from demo.models.bases import BUNDLED
from demo.report.rendering import render
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
    "Each of these attacks is one of many. What they do not find, another one may.",
    f"{BUNDLED} is small and its training set is known; a model of a thousand times the size may behave differently.",
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


def figure(shake: Shake) -> Markup:
    """ROC curves before and after in one plot; empty where members are not known."""
    if shake.before.roc is None:
        return Markup("")
    after = [(arm.title, arm.roc) for arm in main_arms(shake) if arm.roc is not None]
    return pictures.piece("curves", roc_plot(shake.before.roc, after))


def results(shake: Shake, *, running: bool = False) -> Markup:
    """All that there is beside the ROC; half an experiment is not judged in colour."""
    words, kind = headline(shake)
    word = WORDS[kind]
    if running:
        kind, word = "open", f"So far, {len(shake.arms)} of {shake.planned}"
    judged = replace(shake, planned=len(shake.arms)) if running else shake  # it has not been stopped
    return render(
        "ui/shake.html.j2",
        conclusion=pictures.conclusion(kind, word, words, verdict(judged)),
        plots=_plots(shake),
        extracted=extracted(shake),
        synthetic=synthetic(shake),
        prompt=shake.domain.prompt,
        count=len(shake.synthetic),
        table=table(shake),
        notes=[*(shake.before.roc.notes() if shake.before.roc is not None else ()), *NOT_SAID, *NOTES],
    )


def table(shake: Shake) -> Markup:
    """A row for every attacked model."""
    found = changes(shake)
    arms = (shake.before, *shake.arms)
    rows = [(arm.title, _cells(arm, found[arm.key].after if arm.key in found else None)) for arm in arms]
    return render("ui/shake_table.html.j2", rows=rows, attack=shake.attack)


def _cells(arm: ShakeArm, change: Interval | None) -> list[str]:
    roc = arm.roc
    return [
        "not known" if roc is None else span(roc.auc),
        "" if change is None else signed(change),
        "not known" if roc is None else span(roc.asr),
        "not known" if roc is None else span(roc.tpr_few),
        f"{len(arm.matches)}" + (f" ({len(arm.mistaken)})" if arm.mistaken else ""),
        f"{arm.parameters:,}" if arm.parameters else "none",
        pictures.duration(arm.seconds),
    ]


def _plots(shake: Shake) -> list[Markup]:
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
    return [part for part in parts if part]

"""Pieces of HTML. Pictures are inlined, so that no copy of them lies in a file or can be fetched by its address."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr
from markupsafe import Markup
from PIL import Image

from demo.metrics.registry import main_metrics
from demo.report import Arm, LeakReport
from demo.report.arms import is_attack
from demo.report.bars import bars
from demo.report.rendering import call, render
from demo.session.desk import Desk, PhotoSource
from demo.workflow.jobs import Snapshot

SHOWN_S = 0.5  # less is no work: what had been drawn before was taken over
SENTENCES = 3  # of the verdict, at once


def piece(macro: str, *values: object) -> Markup:
    """One of the small pieces in demo/ui/templates/pieces.html.j2."""
    return call("ui/pieces.html.j2", macro, *values)


def tile(image: Image.Image, alt: str, caption: str = "", *, best: bool = False) -> Markup:
    """One picture with its caption."""
    return piece("tile", image, alt, caption, best)


def row(tiles: Sequence[Markup]) -> Markup:
    """Pictures side by side."""
    return piece("row", tiles)


def html(text: str) -> gr.HTML:
    """An update that hides an empty piece."""
    return gr.HTML(value=str(text), visible=bool(text))


def note(text: str, kind: str = "") -> Markup:
    """A sentence for the visitor; ``kind`` is one of '', 'good', 'bad'."""
    return piece("note", text, kind)


def status(text: str) -> Markup:
    """A sentence that screen readers read out when it changes."""
    return piece("status", text)


def conclusion(kind: str, word: str, headline: str, sentences: Sequence[str], folded: Sequence[str] = ()) -> Markup:
    """What came out, in colour and in words.

    Args:
        kind: its colour, one of "leaked", "kept", "open".
        word: above the headline.
        folded: more sentences, seen when they are asked for.
    """
    return piece("conclusion", kind, word, headline, sentences, folded)


def arm_row(arm: Arm, *, wrap: bool = False) -> Markup:
    """Title, explanation and pictures of an arm; an attack's own choice is marked by a frame and a word."""
    count, best = len(arm.pictures), arm.best if is_attack(arm.key) else None
    tiles = [
        tile(
            picture,
            f"{arm.title}, picture {index + 1} of {count}" + (", the best guess" if index == best else ""),
            "best guess" if index == best else "",
            best=index == best,
        )
        for index, picture in enumerate(arm.pictures)
    ]
    return piece("arm", arm.title, arm.explanation, tiles, wrap)


def progress(snapshot: Snapshot | None) -> Markup:
    """The strip that says how the job stands; empty without a job."""
    if snapshot is None:
        return Markup("")
    if snapshot.state == "waiting":
        return _strip("Waiting", f"{snapshot.title}: {place(snapshot)}. It starts by itself.", None)
    if snapshot.state == "running":
        now = snapshot.progress
        if now is None:
            return _strip("Running", f"{snapshot.title}: getting ready. The first time takes longest.", None)
        left = "" if now.eta_s is None else f", {duration(now.eta_s)} left in this part"
        loss = "" if now.loss is None else f", loss {now.loss:.3f}"
        spent = "" if now.spent is None else f"; {now.spent}"
        text = f"{now.stage}: {now.step:,} of {now.total:,}{left}{loss}{spent}"
        return _strip("Running", text, now.step / now.total if now.total else None)
    took = f"after {duration(snapshot.seconds)}"
    if snapshot.state == "failed" and snapshot.error is not None:
        return _strip("Failed", f"{snapshot.title}: {snapshot.error.problem} {snapshot.error.remedy}", None, "bad")
    if snapshot.state == "stopped":
        why = ", because others are waiting" if snapshot.cut else ""
        return _strip("Stopped", f"{snapshot.title}, {took}{why}. What was finished is kept.", None)
    return _strip("Done", f"{snapshot.title}, {took}.", None, "good")


def announcement(snapshot: Snapshot | None) -> Markup:
    """How the job stands, for screen readers: not seen, and the same for as long as the state is the same."""
    if snapshot is None:
        return Markup("")
    if snapshot.state == "failed" and snapshot.error is not None:
        said = f"{snapshot.title} failed: {snapshot.error.problem} {snapshot.error.remedy}"
    elif snapshot.state == "waiting":
        said = f"{snapshot.title}: {place(snapshot)}."
    else:
        said = f"{snapshot.title}: {snapshot.state}{', for others are waiting' if snapshot.cut else ''}."
    role = "alert" if snapshot.state == "failed" else "status"
    return piece("spoken", role, said)


def place(snapshot: Snapshot) -> str:
    """Where a waiting job stands and about when it begins, so roughly that it is not drawn anew at every look."""
    where = f"place {snapshot.place} in line"
    if snapshot.wait_s is None:
        return where
    whole = snapshot.wait_s
    soon = "less than 10 s" if whole < 10 else f"about {10 * round(whole / 10)} s"
    return f"{where}, {soon if whole < 95 else f'about {round(whole / 60)} min'} to wait"


def duration(seconds: float) -> str:
    """About how long, for a person."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 10 else f"{minutes} min"


def size(count: int) -> str:
    """Bytes for a person."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"


def verdict(report: LeakReport) -> Markup:
    """The headline, in colour and in words, the first sentences under it, and the others folded away.

    The first ones say whether fine-tuning worked, whether the person is recognised, and whether plain asking does it.
    """
    found = report.verdict
    # Green is for a leak that was looked for and not found; not for a comparison that could not have found one.
    kind, word = (
        ("leaked", "Leak")
        if found.leaked
        else ("kept", "No leak shown")
        if found.conclusive
        else ("open", "Inconclusive")
    )
    # The comparison's first note says which photos scored.
    first, rest = found.sentences[:SENTENCES], [*found.sentences[SENTENCES:], *report.notes[:1]]
    return conclusion(kind, word, found.headline, first, rest)


def older(desk: Desk, source: PhotoSource | None) -> Markup:
    """What to say over a result of other photos than those that are loaded now; empty over one of these."""
    if source is None or not desk.older(source):
        return Markup("")
    return note(f"Of the photos loaded before ({source.person or 'your own'}).")


def compared_with(desk: Desk, source: PhotoSource) -> str:
    """Title of the photos in a comparison."""
    title = "Your photos" if source.person is None else f"Pictures of {source.person}"
    return f"{title}, loaded before" if desk.older(source) else title


def rows(report: LeakReport, title: str = "Your photos") -> Markup:
    """The photos that were compared with, under ``title``, and the pictures of every arm, a row each."""
    own = Arm("photos", title, "What the others are compared with. They are shown to you alone.", report.photos)
    return Markup("").join(arm_row(arm) for arm in ([own] if report.photos else []) + list(report.arms))


def figures(report: LeakReport) -> Markup:
    """The main metrics as bars with the chance line."""
    made = (bars(key, report.arms, report.metrics, report.ceiling) for key in main_metrics())
    return piece("bars", [figure for figure in made if figure])


def table(report: LeakReport) -> Markup:
    """Every metric (with its network and its scaling) against every arm."""
    arms = [arm for arm in report.arms if arm.key in report.metrics]
    found = {(arm, result.key): result for arm, results in report.metrics.items() for result in results}
    keys = list(dict.fromkeys(key for _, key in found))
    if not keys:
        return note("Nothing was measured.")
    lines = [[found.get((arm.key, key)) for arm in arms] for key in keys]
    return render("ui/metrics.html.j2", arms=arms, lines=lines)


def notes(report: LeakReport) -> Markup:
    """The report's notes and times."""
    took = {stage: s for stage, s in report.seconds.items() if s >= SHOWN_S}
    items = [*report.notes, *(f"Time for {stage}: {duration(s)}." for stage, s in took.items())]
    return piece("notes", items)


def _strip(word: str, text: str, share: float | None, kind: str = "") -> Markup:
    return piece("strip", word, text, share, kind)

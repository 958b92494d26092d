"""Pieces of HTML. Pictures are inlined, so that no copy of them lies in a file or can be fetched by its address."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr
from markupsafe import Markup
from PIL import Image

from demo.finetune.loop import STAGE
from demo.metrics.registry import main_metrics
from demo.progress import Progress
from demo.report import Arm, LeakReport
from demo.report.arms import is_attack
from demo.report.bars import bars
from demo.report.rendering import call, render
from demo.report.verdict import Verdict, worded
from demo.session.desk import Desk, PhotoSource
from demo.texts import arms, job
from demo.texts.en import ENGLISH
from demo.texts.errors import said, untranslated
from demo.texts.language import Language
from demo.workflow.jobs import UnexpectedError
from demo.workflow.snapshot import Snapshot

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


def conclusion(
    kind: str,
    word: str,
    headline: str,
    sentences: Sequence[str],
    folded: Sequence[str] = (),
    language: Language = ENGLISH,
) -> Markup:
    """What came out, in colour and in words.

    Args:
        kind: its colour, one of "leaked", "kept", "open".
        word: above the headline.
        folded: more sentences, seen when they are asked for.
    """
    return piece("conclusion", kind, word, headline, sentences, folded, language.say("story.more"))


def arm_row(arm: Arm, language: Language = ENGLISH, *, wrap: bool = False) -> Markup:
    """Title, explanation and pictures of an arm; an attack's own choice is marked by a frame and a word."""
    title, best = arms.title(arm.key, arm.title, language), arm.best if is_attack(arm.key) else None
    tiles = []
    for index, picture in enumerate(arm.pictures):
        fields = {"number": language.fixed(index + 1, 0), "all": language.fixed(len(arm.pictures), 0)}
        if index == best:
            alt = language.say("rows.picture.best", title=title, **fields)
            tiles.append(tile(picture, alt, language.say("rows.best"), best=True))
        else:
            tiles.append(tile(picture, language.say("rows.picture", title=title, **fields)))
    return piece("arm", title, arms.explanation(arm.key, arm.explanation, language), tiles, wrap)


def progress(snapshot: Snapshot | None, language: Language = ENGLISH) -> Markup:
    """The strip that says how the job stands; empty without a job."""
    if snapshot is None:
        return Markup("")
    say, title, state = language.say, job.title(snapshot.title, language), snapshot.state
    word = say(f"strip.word.{state}")
    if state == "waiting":
        return _strip(word, say("strip.waiting", title=title, place=place(snapshot, language)), None)
    if state == "running":
        now = snapshot.progress
        if now is None:
            return _strip(word, say("strip.ready", title=title), None)
        return _strip(word, _step(now, language), now.step / now.total if now.total else None)
    if state == "failed":
        error = said(snapshot.error or UnexpectedError(), language)
        return _strip(word, say("strip.failed", title=title, error=error), None, "bad")
    took = duration(snapshot.seconds, language)
    if state == "stopped":
        return _strip(word, say("strip.cut" if snapshot.cut else "strip.stopped", title=title, time=took), None)
    return _strip(say("strip.word.done"), say("strip.done", title=title, time=took), None, "good")


def announcement(snapshot: Snapshot | None, language: Language = ENGLISH) -> Markup:
    """How the job stands, for screen readers: not seen, and the same for as long as the state is the same."""
    if snapshot is None:
        return Markup("")
    state, fields = snapshot.state, {"title": job.title(snapshot.title, language)}
    if state == "failed":
        fields["error"] = said(snapshot.error or UnexpectedError(), language)
    elif state == "waiting":
        fields["place"] = place(snapshot, language)
    cut = snapshot.cut and state == "stopped"  # before, it still runs
    spoken = language.say(f"strip.spoken.{'cut' if cut else state}", **fields)
    return piece("spoken", "alert" if state == "failed" else "status", spoken)


def place(snapshot: Snapshot, language: Language = ENGLISH) -> str:
    """Where a waiting job stands and about when it begins, so roughly that it is not drawn anew at every look."""
    where = language.say("strip.place", place=language.fixed(snapshot.place or 0, 0))
    if snapshot.wait_s is None:
        return where
    if snapshot.wait_s < 10:
        return language.say("strip.place.soon", where=where)
    rough = 10.0 * round(snapshot.wait_s / 10) if snapshot.wait_s < 95 else 60.0 * round(snapshot.wait_s / 60)
    time = (
        duration(rough, language)
        if rough < 95
        else language.say("strip.minutes", minutes=language.fixed(rough / 60, 0))
    )
    return language.say("strip.place.time", where=where, time=time)


def is_sample(snapshot: Snapshot) -> bool:
    """Whether the last pictures of a job are fine-tuning's; others are of an attack in the making."""
    return snapshot.picture_stage is not None and snapshot.picture_stage.endswith(STAGE)


def duration(seconds: float, language: Language = ENGLISH) -> str:
    """About how long, for a person."""
    whole = round(seconds)
    minutes, rest = (language.fixed(part, 0) for part in divmod(whole, 60))
    if whole < 60:
        return language.say("strip.seconds", seconds=rest)
    if whole < 600:
        return language.say("strip.minutes and seconds", minutes=minutes, seconds=rest)
    return language.say("strip.minutes", minutes=minutes)


def size(count: int, language: Language = ENGLISH) -> str:
    """Bytes for a person."""
    if count >= 1e6:
        return language.say("rows.megabytes", size=language.fixed(count / 1e6, 1))
    return language.say("rows.kilobytes", size=language.fixed(max(1, round(count / 1e3)), 0))


def standing(report: LeakReport) -> str:
    """How a verdict is coloured: one of "leaked", "kept", "open".

    Green is for a leak that was looked for and not found; not for a comparison that could not have found one.
    """
    return "leaked" if report.verdict.leaked else "kept" if report.verdict.conclusive else "open"


def verdict(report: LeakReport, language: Language = ENGLISH) -> Markup:
    """The headline, in colour and in words, the first sentences under it, and the others folded away.

    The first ones say whether fine-tuning worked, whether the person is recognised, and whether plain asking does it.
    """
    found, notes = told(report, language), report.notes[:1]
    if language is not ENGLISH:
        notes = [untranslated(text, language) for text in notes]
    kind = standing(report)
    # The comparison's first note says which photos scored.
    first, rest = found.sentences[:SENTENCES], [*found.sentences[SENTENCES:], *notes]
    return conclusion(kind, language.say(f"story.word.{kind}"), found.headline, first, rest, language)


def told(report: LeakReport, language: Language) -> Verdict:
    """A report's verdict in a language."""
    found = report.verdict.found
    return report.verdict if found is None or language is ENGLISH else worded(found, language)


def older(desk: Desk, source: PhotoSource | None, language: Language = ENGLISH) -> Markup:
    """What to say over a result of other photos than those that are loaded now; empty over one of these."""
    if source is None or not desk.older(source):
        return Markup("")
    return note(language.say("stage.older", whose=source.person or language.say("stage.older.own")))


def compared_with(desk: Desk, source: PhotoSource, language: Language = ENGLISH) -> str:
    """Title of the photos in a comparison."""
    person = source.person
    title = language.say("stage.yours") if person is None else language.say("stage.theirs", person=person)
    return language.say("stage.before", title=title) if desk.older(source) else title


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


def _step(now: Progress, language: Language) -> str:
    """How far the job is, and what is known besides."""
    step, total = language.fixed(now.step, 0), language.fixed(now.total, 0)
    parts = [language.say("strip.step", stage=job.stage(now.stage, language), step=step, total=total)]
    if now.eta_s is not None:
        parts.append(language.say("strip.left", time=duration(now.eta_s, language)))
    if now.loss is not None:
        parts.append(language.say("strip.loss", loss=language.fixed(now.loss, 3)))
    text = language.joined(parts, "strip.comma")
    return text if now.spent is None else language.joined((text, job.spent(now.spent, language)))


def _strip(word: str, text: str, share: float | None, kind: str = "") -> Markup:
    return piece("strip", word, text, share, kind)

"""Pieces of HTML. Pictures are inlined, so that no copy of them lies in a file or can be fetched by its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import gradio as gr
from PIL import Image

from demo.metrics.base import MetricResult
from demo.report import Arm, LeakReport
from demo.report.figures import bars, data_uri, interval, mean
from demo.report.verdict import is_attack
from demo.session.desk import Desk, PhotoSource
from demo.workflow.jobs import Snapshot

SHOWN_S = 0.5  # less is no work: what had been drawn before was taken over
SENTENCES = 3  # of the verdict, at once
MAIN_BARS = ("dlib_distance", "dlib_rank", "dlib_accuracy")


def tile(image: Image.Image, alt: str, caption: str = "", *, best: bool = False) -> str:
    """One picture with its caption."""
    words = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    kind = ' class="best"' if best else ""
    return f'<figure{kind}><img src="{data_uri(image)}" alt="{escape(alt)}">{words}</figure>'


def row(tiles: Sequence[str]) -> str:
    """Pictures side by side."""
    return f'<div class="ll-row">{"".join(tiles)}</div>'


def html(text: str) -> gr.HTML:
    """An update that hides an empty piece."""
    return gr.HTML(value=text, visible=bool(text))


def note(text: str, kind: str = "") -> str:
    """A sentence for the visitor; ``kind`` is one of '', 'good', 'bad'."""
    return f'<p class="ll-note {kind}">{escape(text)}</p>'


def arm_row(arm: Arm, *, wrap: bool = False) -> str:
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
    kind = "ll-arm wrap" if wrap else "ll-arm"
    return f'<section class="{kind}"><h3>{escape(arm.title)}</h3><p>{escape(arm.explanation)}</p>{row(tiles)}</section>'


def progress(snapshot: Snapshot | None) -> str:
    """The strip that says how the job stands; empty without a job."""
    if snapshot is None:
        return ""
    if snapshot.state == "waiting":
        return _strip("Waiting", f"{snapshot.title}: place {snapshot.place} in line. It starts by itself.", None)
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


def announcement(snapshot: Snapshot | None) -> str:
    """How the job stands, for screen readers: not seen, and the same for as long as the state is the same."""
    if snapshot is None:
        return ""
    if snapshot.state == "failed" and snapshot.error is not None:
        said = f"{snapshot.title} failed: {snapshot.error.problem} {snapshot.error.remedy}"
    elif snapshot.state == "waiting":
        said = f"{snapshot.title}: place {snapshot.place} in line."
    else:
        said = f"{snapshot.title}: {snapshot.state}{', for others are waiting' if snapshot.cut else ''}."
    role = "alert" if snapshot.state == "failed" else "status"
    return f'<p class="ll-spoken" role="{role}">{escape(said)}</p>'


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


def verdict(report: LeakReport) -> str:
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
    folded = f'<details class="ll-more"><summary>All of it</summary>{_listed(rest)}</details>' if rest else ""
    return (
        f'<section class="ll-verdict {kind}"><p class="word">{word}</p>'
        f"<h3>{escape(found.headline)}</h3>{_listed(first)}{folded}</section>"
    )


def older(desk: Desk, source: PhotoSource | None) -> str:
    """What to say over a result of other photos than those that are loaded now; empty over one of these."""
    if source is None or not desk.older(source):
        return ""
    return note(f"Of the photos loaded before ({source.person or 'your own'}).")


def compared_with(desk: Desk, source: PhotoSource) -> str:
    """Title of the photos in a comparison."""
    title = "Your photos" if source.person is None else f"Pictures of {source.person}"
    return f"{title}, loaded before" if desk.older(source) else title


def rows(report: LeakReport, title: str = "Your photos") -> str:
    """The photos that were compared with, under ``title``, and the pictures of every arm, a row each."""
    own = Arm("photos", title, "What the others are compared with. They are shown to you alone.", report.photos)
    return "".join(arm_row(arm) for arm in ([own] if report.photos else []) + list(report.arms))


def figures(report: LeakReport) -> str:
    """The main metrics as bars with the chance line."""
    made = [figure for key in MAIN_BARS if (figure := bars(key, report.arms, report.metrics))]
    return f'<div class="ll-bars">{"".join(made)}</div>'


def table(report: LeakReport) -> str:
    """Every metric (with its network and its scaling) against every arm."""
    arms = [arm for arm in report.arms if arm.key in report.metrics]
    found = {(arm, result.key): result for arm, results in report.metrics.items() for result in results}
    keys = list(dict.fromkeys(key for _, key in found))
    if not keys:
        return note("Nothing was measured.")
    head = "".join(f'<th scope="col">{escape(arm.title)}</th>' for arm in arms)
    lines = "".join(_line(key, arms, found) for key in keys)
    return (
        '<div class="ll-scroll" role="region" aria-label="Metrics" tabindex="0"><table><caption>'
        "Mean over an arm's pictures and its 95% interval. Under each metric: its network and its scaling.</caption>"
        f'<thead><tr><th scope="col">Metric</th>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
    )


def notes(report: LeakReport) -> str:
    """The report's notes and times."""
    took = {stage: s for stage, s in report.seconds.items() if s >= SHOWN_S}
    items = [*report.notes, *(f"Time for {stage}: {duration(s)}." for stage, s in took.items())]
    return f'<ul class="ll-notes">{"".join(f"<li>{escape(item)}</li>" for item in items)}</ul>'


def _listed(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>"


def _line(key: str, arms: Sequence[Arm], found: Mapping[tuple[str, str], MetricResult]) -> str:
    results = [found.get((arm.key, key)) for arm in arms]
    known = next(result for result in results if result is not None)
    direction = "higher" if known.higher_is_better else "lower"
    name = (
        f"{escape(known.title)}<small>{escape(known.model)}; {escape(known.scaling)}; "
        f"{direction} is nearer to the person</small>"
    )
    return f'<tr><th scope="row">{name}</th>{"".join(_cell(result) for result in results)}</tr>'


def _cell(result: MetricResult | None) -> str:
    if result is None or result.unavailable:
        why = "" if result is None or result.unavailable is None else f"<small>{escape(result.unavailable)}</small>"
        return f"<td>not measured{why}</td>"
    span = interval(result)
    return f"<td>{mean(result)}{f'<small>{span}</small>' if span else ''}</td>"


def _strip(word: str, text: str, share: float | None, kind: str = "") -> str:
    bar = "" if share is None else f'<progress max="1" value="{share:.3f}">{share:.0%}</progress>'
    return f'<div class="ll-strip {kind}"><p><strong>{word}.</strong> {escape(text)}</p>{bar}</div>'

"""The teacher's screen: how to join, and what the class has found so far. No pupil's pictures come here."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from pathlib import Path

import gradio as gr
import segno
from markupsafe import Markup

from demo.files import write_text
from demo.report.rendering import call, render
from demo.session.classroom import Classroom, Found
from demo.session.services import Services
from demo.texts.language import Language
from demo.texts.languages import choose_language
from demo.ui.components.translations import t
from demo.verdicts.line_up import CHANCE, Counted

LOOK_S = 2.0  # between two looks
SPAN = (0.3, 1.0)  # distances at the ends of the plane's axes; what lies beyond is put on the edge


def build_teacher(services: Services, classroom: Classroom, address: str, folder: Path) -> None:
    """Lay out the page and wire it.

    Args:
        address: where pupils join.
        folder: a private one, for the hand-out.
    """
    shown, board = gr.State(None), gr.HTML(elem_id="board")
    gr.HTML(_join(address), elem_id="join")
    with gr.Row():
        handout = gr.DownloadButton(t("mode.class.handout"), size="sm", elem_id="handout")
    timer = gr.Timer(LOOK_S)

    def look(before: Hashable, request: gr.Request) -> tuple[object, object]:
        language = choose_language(request.headers.get("accept-language"))
        found, counted, joined = classroom.found(), services.tally.count(), classroom.joined()
        now = (len(found), hash(tuple(found)), counted.all, counted.seen_all, joined, language.key)
        if now == before:
            return gr.skip(), gr.skip()
        return now, str(drawn(found, counted, joined, language))

    def print_it(request: gr.Request) -> str:
        language = choose_language(request.headers.get("accept-language"))
        path = folder / f"handout-{language.key}.html"
        found, counted = classroom.found(), services.tally.count()
        page = render(
            "ui/handout.html.j2",
            language=language,
            board=drawn(found, counted, classroom.joined(), language),
            questions=[language.say(f"mode.class.question.{number}") for number in range(1, QUESTIONS + 1)],
        )
        write_text(path, str(page))
        return str(path)

    quiet: dict[str, object] = {"api_visibility": "private", "show_progress": "hidden"}
    timer.tick(look, shown, [shown, board], queue=False, **quiet)
    handout.click(print_it, None, handout, **quiet)


QUESTIONS = 6  # of the hand-out


def drawn(found: Sequence[Found], counted: Counted, joined: int, language: Language) -> Markup:
    """The plane of all stories, the count of guesses, and how many take part."""
    marks = [_mark(one) for one in found if math.isfinite(one.useful) and math.isfinite(one.leaked)]
    chance = [one.chance for one in found if math.isfinite(one.chance)]
    at = _place(sum(chance) / len(chance)) if chance else None
    kinds = list(dict.fromkeys(mark["key"] for mark in marks))
    labels = {one.seat.defence.key: one.seat.defence.title for one in found}
    said = [
        language.count("mode.class.joined", joined, done=language.fixed(len(found), 0)),
        language.count("mode.class.leaks", len(found), leaks=language.fixed(sum(one.leak for one in found), 0)),
    ]
    if counted.all:
        share = {"low": language.share(counted.low), "high": language.share(counted.high)}
        said.append(
            language.count("stage.lineup.tally", counted.all, right=language.fixed(counted.right, 0), **share)
        )
    bars = (counted.right / counted.all if counted.all else None, CHANCE)
    axes = (language.say("mode.class.useful"), language.say("mode.class.leaky"), language.say("mode.class.chance"))
    title = language.say("mode.class.plane")
    return call("ui/teacher.html.j2", "board", title, marks, kinds, labels, at, said, bars, axes)


def _mark(found: Found) -> dict[str, object]:
    return {
        "x": _place(found.useful),
        "y": _place(found.leaked),
        "key": found.seat.defence.key,
        "number": found.seat.number,
        "hint": f"{found.seat.number}: {found.seat.defence.label}",
        "leak": found.leak,
    }


def _place(distance: float) -> float:
    """0 at the far end of an axis, 1 at the near one."""
    near, far = SPAN
    return min(1.0, max(0.0, (far - distance) / (far - near)))


def _join(address: str) -> Markup:
    code = segno.make(address, error="m").svg_inline(scale=6, border=2, light="#ffffff")
    return call("ui/teacher.html.j2", "join", address, Markup(code))

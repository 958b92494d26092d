"""The teacher's screen: how to join, and what the class has found so far. No pupil's pictures come here."""

from __future__ import annotations

import math
from collections.abc import Hashable
from pathlib import Path
from typing import Any

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
from demo.ui.stage.line_up import guessed
from demo.verdicts.line_up import CHANCE

LOOK_S = 2.0  # between two looks
SPAN = (0.3, 1.0)  # distances at the ends of the plane's axes; what lies beyond is put on the edge


def build_teacher(services: Services, classroom: Classroom, address: str, folder: Path) -> None:
    """Lay out the page and wire it.

    Args:
        address: where pupils join.
        folder: a private one, for the hand-out.
    """
    gr.Navbar(visible=False)
    shown = gr.State(None)
    with gr.Row(elem_classes="ll-board"):
        plane = gr.HTML(elem_id="board")
        with gr.Column(min_width=200):
            gr.HTML(_join(address), elem_id="join")
            said = gr.HTML(elem_id="class-said")
            handout = gr.DownloadButton(t("mode.class.handout"), size="sm", elem_id="handout")
    timer = gr.Timer(LOOK_S)

    def look(before: Hashable, request: gr.Request) -> tuple[Any, ...]:
        language = choose_language(request.headers.get("accept-language"))
        now = (_state(services, classroom), language.key)
        if now == before:
            return (gr.skip(),) * 4
        figure, words = drawn(services, classroom, language)
        path = write_text(folder / f"handout-{language.key}.html", str(_handout(figure, words, language)))
        return now, str(figure), str(words), str(path)

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
    timer.tick(look, shown, [shown, plane, said, handout], **quiet)


QUESTIONS = 6  # of the hand-out


def drawn(services: Services, classroom: Classroom, language: Language) -> tuple[Markup, Markup]:
    """The plane of all stories, and in words how many take part, how many leaked, and how often guesses were right."""
    found, counted, joined = classroom.found(), services.tally.count(), classroom.joined()
    marks = [_mark(one) for one in found if math.isfinite(one.useful) and math.isfinite(one.leaked)]
    chance = [one.chance for one in found if math.isfinite(one.chance)]
    at = _place(sum(chance) / len(chance)) if chance else None
    kinds: dict[str, tuple[str, list[int]]] = {}  # of all that was found, marks or not
    for one in found:
        kinds.setdefault(one.seat.defence.key, (one.seat.defence.title, []))[1].append(one.seat.number)
    axes = [language.say(f"mode.class.{name}") for name in ("useful", "leaky", "chance")]
    figure = call("ui/teacher.html.j2", "plane", language.say("mode.class.plane"), marks, kinds, at, axes)
    leaks = language.fixed(sum(one.leak for one in found), 0)
    said = [
        language.count("mode.class.joined", joined, done=language.fixed(len(found), 0)),
        language.count("mode.class.leaks", len(found), leaks=leaks),
    ]
    if tally := guessed(counted, language):
        said.append(tally)
    share = counted.right / counted.all if counted.all else None
    return figure, call("ui/teacher.html.j2", "said", said, share, CHANCE)


def _state(services: Services, classroom: Classroom) -> Hashable:
    """What the board depends on."""
    return classroom.joined(), tuple(classroom.found()), services.tally.count()


def _handout(figure: Markup, said: Markup, language: Language) -> Markup:
    questions = [language.say(f"mode.class.question.{number}") for number in range(1, QUESTIONS + 1)]
    return render("ui/handout.html.j2", language=language, figure=figure, said=said, questions=questions)


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
    code = segno.make(address, error="m").png_data_uri(scale=8, border=2)
    return call("ui/teacher.html.j2", "join", address, code)

"""The line-up on the page: six faces, one of them the person's, to be guessed before anything is said."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial

import gradio as gr

from demo.session import guessing
from demo.session.services import Services
from demo.session.visitors import Visitor
from demo.texts.language import Language
from demo.ui.components.translations import t
from demo.ui.page import Facet, Live, Updates, View
from demo.ui.stage.frames import piece
from demo.verdicts.line_up import FACES, Counted


@dataclass(frozen=True)
class LineUpPart:
    """Components that events are wired to, and what is kept up to date."""

    buttons: Sequence[gr.Button]
    skip: gr.Button
    facet: Facet


def build_line_up(services: Services) -> LineUpPart:
    """Lay it out inside the current container; it is seen once there is one to guess."""
    with gr.Column(visible=False, elem_id="line-up", elem_classes="ll-line-up") as group:  # a Group has its id twice
        ask = gr.HTML()
        with gr.Row(elem_classes="ll-suspects"):
            faces, buttons = list[gr.HTML](), list[gr.Button]()
            for number in range(FACES):
                with gr.Column(min_width=60, elem_classes="ll-suspect"):
                    faces.append(gr.HTML())
                    buttons.append(gr.Button(str(number + 1), size="sm", elem_id=f"suspect-{number + 1}"))
        skip = gr.Button(t("stage.line_up.skip"), size="sm", elem_id="skip")
    outputs = [group, ask, skip, *faces, *buttons]

    def draw(view: View) -> Updates:
        made, language = view.desk.line_up, view.language
        if made is None:
            return {group: gr.Column(visible=False), ask: "", **dict.fromkeys(faces, "")}
        asked = made.chosen is None
        said = "ask" if asked else "right" if made.right else "wrong"
        updates: Updates = {group: gr.Column(visible=True), skip: gr.Button(visible=asked)}
        counted = "" if asked else guessed(services.tally.count(), language)
        updates[ask] = str(piece("asked", language.say(f"stage.line_up.{said}"), counted))
        for number, (face, button) in enumerate(zip(faces, buttons, strict=True)):
            kind = "open" if asked else "answer" if number == made.answer else "other"
            alt = language.say(f"stage.line_up.alt.{kind}", number=language.fixed(number + 1, 0))
            chosen = "chosen" if number == made.chosen else ""
            updates[face] = str(piece("suspect", made.faces[number], alt, f"{kind} {chosen}"))
            updates[button] = gr.Button(interactive=asked)
        return updates

    def stamp(view: View) -> Hashable:
        made, attacked = view.desk.line_up, view.desk.attacked  # which has one line-up
        if made is None:
            return None
        return None if attacked is None else attacked.number, made.chosen, view.language.key

    return LineUpPart(buttons, skip, Facet("line-up", stamp, draw, outputs))


def guessed(found: Counted, language: Language) -> str:
    """How many guessed right here, in words; empty before anybody has who had not seen the photos."""
    if not found.all:
        return ""
    return language.count(
        "stage.line_up.tally",
        found.all,
        right=language.fixed(found.right, 0),
        low=language.share(found.low),
        high=language.share(found.high),
    )


def wire_line_up(part: LineUpPart, services: Services, live: Live) -> None:
    """Wire the guesses."""
    for number, button in enumerate(part.buttons):
        live.on(button.click, partial(_guess, services, number))
    live.on(part.skip.click, guessing.skip)


def _guess(services: Services, number: int, visitor: Visitor) -> None:
    guessing.guess(services, visitor, number)

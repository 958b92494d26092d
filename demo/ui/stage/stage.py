"""The stage: who is there, one button, three frames, the line-up and one sentence. What is behind it opens below."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from demo.session import guessing, photo_intake, story_jobs
from demo.session.forms import order
from demo.session.services import Services
from demo.session.visitors import Visitor
from demo.ui.components import pictures
from demo.ui.components.translations import t
from demo.ui.fine_tune_result import STORY
from demo.ui.page import Facet, Live, Updates, View
from demo.ui.stage import frames
from demo.ui.stage.line_up import LineUpPart, build_line_up, wire_line_up
from demo.ui.strip import Session, build_session


@dataclass(frozen=True)
class Stage:
    """Components that events are wired to, and what is kept up to date."""

    session: Session
    start: gr.Button
    another: gr.Button
    show: gr.Button
    line_up: LineUpPart
    facets: Sequence[Facet]


def build_stage(services: Services) -> Stage:
    """Lay it out inside the current container."""
    with gr.Row(elem_classes="ll-header"):
        title = gr.HTML(elem_id="title")
        delete = gr.Button(t("stage.delete"), size="sm", scale=0, min_width=150, elem_id="delete")
    seat = gr.HTML(elem_id="seat", visible=services.classroom is not None)
    with gr.Row(elem_classes="ll-stage", elem_id="stage"):
        with gr.Column(min_width=100):
            photos = gr.HTML(elem_id="frame-photos")
            show = gr.Button(t("stage.show"), size="sm", elem_id="show", visible=False)
        file = gr.HTML(elem_id="frame-file")
        with gr.Column(min_width=100):
            drawn = gr.HTML(elem_id="frame-drawn")
            gauges = gr.HTML(elem_id="gauges")
    with gr.Row(elem_classes="ll-go"):
        start = gr.Button(t("stage.start"), variant="primary", size="lg", elem_id="begin")
        another = gr.Button(t("stage.again"), size="lg", elem_id="another")
    session = build_session(delete)
    line_up = build_line_up(services)
    says = gr.HTML(elem_id="says")

    def draw_says(view: View) -> Updates:
        return {says: pictures.html(_says(view))}

    others = bool(services.people) and services.classroom is None

    def draw_buttons(view: View) -> Updates:
        ready = not view.active and story_jobs.ready(view.desk)
        return {
            start: gr.Button(interactive=ready),
            another: gr.Button(interactive=not view.active, visible=others),
            show: gr.Button(visible=view.desk.photos.hidden),
        }

    facets = (
        Facet(
            "title",
            lambda view: view.language.key,
            lambda view: {title: str(frames.piece("title", view.language.say("stage.title")))},
            [title],
        ),
        Facet(
            "seat",
            lambda view: (view.visitor.id, view.language.key),
            lambda view: {seat: pictures.html(_seat(services, view))},
            [seat],
        ),
        Facet("frame 1", frames.photos_stamp, lambda view: {photos: str(frames.photos_frame(view))}, [photos]),
        Facet("frame 2", frames.file_stamp, lambda view: {file: str(frames.file_frame(view))}, [file], quick=True),
        Facet("frame 3", frames.drawn_stamp, lambda view: {drawn: str(frames.drawn_frame(view))}, [drawn], quick=True),
        Facet("live", frames.gauges_stamp, lambda view: {gauges: str(frames.gauges(view))}, [gauges], quick=True),
        Facet("says", _says_stamp, draw_says, [says]),
        Facet(
            "stage buttons",
            lambda view: (view.active, story_jobs.ready(view.desk), view.desk.photos.hidden),
            draw_buttons,
            [start, another, show],
        ),
        line_up.facet,
    )
    return Stage(session, start, another, show, line_up, facets)


def wire_stage(stage: Stage, services: Services, live: Live, fields: Mapping[str, Component]) -> None:
    """Wire the stage's events.

    Args:
        fields: what the story takes from elsewhere on the page; without any, all keeps its default.
    """

    def begin(visitor: Visitor, *values: Any) -> None:
        made = order(services, {"base": services.default_base} | dict(zip(fields, values, strict=True)))
        if services.classroom is not None:
            made = replace(made, defence=services.classroom.seat(visitor.id).defence)
        story_jobs.begin(services, visitor, STORY, story_jobs.story(services, visitor, made))

    live.on(stage.start.click, begin, fields)
    live.on(stage.another.click, partial(photo_intake.draw_person, services))
    live.on(stage.show.click, guessing.reveal)
    wire_line_up(stage.line_up, services, live)


def _seat(services: Services, view: View) -> Markup:
    """Which person and which defence a pupil has; empty but in a class."""
    if services.classroom is None:
        return Markup("")
    given = services.classroom.seat(view.visitor.id)
    person = services.people[given.person].name if services.people else "?"
    words = {"number": view.language.fixed(given.number, 0), "person": person, "defence": given.defence.label}
    return pictures.note(view.language.say("mode.class.you", **words))


def _says_stamp(view: View) -> Hashable:
    compared = view.desk.compared
    shown = None if compared is None else (compared.number, view.desk.older(compared.source))
    return shown, view.expired and view.job is None, view.language.key


def _says(view: View) -> Markup:
    """The verdict in one sentence; empty before there is one."""
    compared = view.desk.compared
    if compared is None or view.desk.older(compared.source):
        gone = view.expired and view.job is None
        return pictures.note(view.language.say("stage.photo.expired"), "bad") if gone else Markup("")
    kind = pictures.standing(compared.report)
    language = view.language
    found = pictures.told(compared.report, language)
    word, headline = (language.say("sentence", text=t) for t in (language.say(f"story.word.{kind}"), found.headline))
    return frames.piece("says", kind, word, headline)

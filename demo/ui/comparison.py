"""A comparison's result: the verdict, the arms as columns of one row, bars, tables, and the report to download."""

from __future__ import annotations

from typing import NamedTuple

import gradio as gr
from markupsafe import Markup

from demo.attack.registry import best_first
from demo.metrics.registry import IDENTITY, PLACE
from demo.report import Arm, LeakReport
from demo.report.arms import CONTROLS, OWNER, is_attack
from demo.session.desk import PhotoSource
from demo.texts import arms
from demo.texts.language import Language
from demo.ui.components import pictures
from demo.ui.page import Facet, Updates, View
from demo.ui.stage.frames import piece

SHOWN = 4  # pictures of an arm


class Column(NamedTuple):
    """An arm as a template takes it."""

    kind: str  # photos, owner, attack or control
    title: str
    explanation: str
    pictures: tuple[object, ...]
    best: int | None
    value: str


def build_comparison() -> Facet:
    """Lay it out inside the current container, of which there is one on a page."""
    verdict = gr.HTML(elem_id="verdict")
    with gr.Row():
        html = gr.DownloadButton("report.html", visible=False, size="sm", elem_id="download-html")
        json = gr.DownloadButton("report.json", visible=False, size="sm", elem_id="download-json")
    rest = gr.HTML(elem_id="comparison")

    def draw(view: View) -> Updates:
        compared = view.desk.compared
        if compared is None:
            hidden = gr.DownloadButton(visible=False, value=None)
            return {verdict: pictures.html(""), rest: pictures.html(""), html: hidden, json: hidden}
        report = compared.report
        body = pictures.piece(
            "comparison",
            _slider(view, report),
            piece("columns", view.language.say("stage.arms"), columns(view, report, compared.source)),
            pictures.figures(report),
            pictures.table(report),
            pictures.notes(report),
            [view.language.say(key) for key in ("stage.bars", "stage.metrics")],
        )
        said = pictures.older(view.desk, compared.source, view.language) + pictures.verdict(report, view.language)
        return {
            verdict: pictures.html(said),
            rest: pictures.html(body),
            html: gr.DownloadButton(visible=True, value=str(compared.html)),
            json: gr.DownloadButton(visible=True, value=str(compared.json)),
        }

    def stamp(view: View) -> tuple[int, bool, bool, str] | None:
        compared = view.desk.compared
        if compared is None:
            return None
        older = view.desk.older(compared.source)
        return compared.number, older, view.desk.photos.hidden, view.language.key

    return Facet("compared", stamp, draw, [verdict, rest, html, json])


def columns(view: View, report: LeakReport, source: PhotoSource) -> list[Column]:
    """The photos, if they may be seen, and every arm."""
    title = pictures.compared_with(view.desk, source, view.language)
    made = [_column(arm, report, view.language) for arm in report.arms]
    if not report.photos or (view.desk.photos.hidden and not view.desk.older(source)):
        return made
    note = view.language.say("stage.photos.compared")
    value = "" if report.ceiling is None else view.language.fixed(report.ceiling.distance)
    return [Column("photos", title, note, tuple(report.photos[:SHOWN]), None, value), *made]


def _column(arm: Arm, report: LeakReport, language: Language) -> Column:
    kind = "owner" if arm.key == OWNER else "control" if arm.key in CONTROLS else "attack"
    found = {result.key: result for result in report.metrics.get(arm.key, ())}
    near, place = found.get(IDENTITY), found.get(PLACE)
    parts = []
    if near is not None:
        parts.append(language.number(near.mean))
    if place is not None and place.among:
        numbers = {"place": language.fixed(place.mean, 0), "among": language.fixed(place.among, 0)}
        parts.append(language.say("stage.place", **numbers))
    best = arm.best if is_attack(arm.key) else None
    return Column(
        kind,
        arms.title(arm.key, arm.title, language),
        arms.explanation(arm.key, arm.explanation, language),
        tuple(best_first(arm.pictures, best)[:SHOWN]),
        None if best is None else 0,
        " · ".join(parts),
    )


def _slider(view: View, report: LeakReport) -> Markup:
    """What the owner draws over what the first attack draws."""
    owner = next((arm for arm in report.arms if arm.key == OWNER and arm.pictures), None)
    attack = next((arm for arm in report.arms if is_attack(arm.key) and arm.pictures), None)
    if owner is None or attack is None:
        return Markup("")
    left, right = (arm.pictures[arm.best or 0] for arm in (owner, attack))
    words = [view.language.say(key) for key in ("stage.slider.owner", "stage.slider.attacker", "stage.slider")]
    return piece("slider", left, right, *words)

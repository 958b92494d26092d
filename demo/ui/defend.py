"""The Defend tab: which defences to try, and what comes out, point after point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from demo.defences.base import Defence
from demo.finetune.settings import find_preset
from demo.photos.split import FOR_TUNING, LEAST_APART, LEAST_PHOTOS
from demo.session import story_jobs
from demo.session.forms import find, order
from demo.session.services import Services
from demo.session.sweep_job import chosen, sweeping
from demo.session.visitors import Visitor
from demo.sweep.model import point_name
from demo.ui import defend_result
from demo.ui.components import pictures
from demo.ui.page import Facet, Live, Updates, View

INTRO = (
    "Does any defence protect the photos **without ruining the model**? Each ticked defence fine-tunes with the base "
    f"and the settings of *Fine-tune*, on the first {FOR_TUNING} photos that are loaded. If {LEAST_APART} or more are "
    "left, they score the pictures; otherwise all photos do. Then its file is attacked."
)
NEEDS = f"{LEAST_PHOTOS} photos of one person are needed: load them first."
FILES = ("defend.csv", "report.html", "report.json")


@dataclass(frozen=True)
class DefendTab:
    """Components that events are wired to, and what is kept up to date."""

    plan: gr.CheckboxGroup
    estimate: gr.HTML
    start: gr.Button
    again: gr.Button
    facets: Sequence[Facet]

    @property
    def fields(self) -> Mapping[str, Component]:
        """What an order takes from here: nothing."""
        return {}


def build_defend_tab(services: Services) -> DefendTab:
    """Lay out the tab inside the current container."""
    gr.Markdown(INTRO)
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            names = [(defence.label, point_name(defence)) for defence in services.plan]
            ticked = [defence for defence in services.plan if defence.preselected]
            plan = gr.CheckboxGroup(
                names, value=[point_name(defence) for defence in ticked], label="Defences to try", elem_id="plan"
            )
            base = find(services, services.default_base)
            words = defend_result.estimate(base, ticked, find_preset(base.preset).steps)
            estimate = gr.HTML(pictures.note(words), elem_id="estimate")
            needs = gr.HTML(elem_id="defend-needs")
            start = gr.Button("Run the sweep", variant="primary", elem_id="sweep")
            again = gr.Button("Continue with what is ticked", visible=False, elem_id="continue")
            gr.HTML(explained(services.plan), elem_id="plan-words")
        with gr.Column(scale=3, min_width=300):
            state = gr.HTML(elem_id="sweep-state")
            plane = gr.HTML(elem_id="plane")
    with gr.Row():
        downloads = [gr.DownloadButton(name, visible=False, size="sm", elem_classes="ll-swept") for name in FILES]
    rest = gr.HTML(elem_id="points")

    def draw(view: View) -> Updates:
        swept = view.desk.swept
        paths = {} if swept is None else {path.name: str(path) for path in swept.files}
        buttons = {
            button: gr.DownloadButton(visible=name in paths, value=paths.get(name))
            for button, name in zip(downloads, FILES, strict=True)
        }
        return {
            plane: pictures.html("" if swept is None else defend_result.figure(swept.sweep)),
            rest: pictures.html("" if swept is None else defend_result.results(swept.sweep, running=swept.running)),
            **buttons,
        }

    def draw_state(view: View) -> Updates:
        swept = view.desk.swept
        text = defend_result.EMPTY if swept is None else defend_result.state(swept, stale=_stale(view))
        return {state: pictures.html(pictures.status(text))}

    def draw_buttons(view: View) -> Updates:
        free, lacking, swept = not view.active, not story_jobs.ready(view.desk), view.desk.swept
        unfinished = swept is not None and len(swept.sweep.points) < swept.sweep.planned
        return {
            start: gr.Button(
                "Run the sweep" if swept is None else "Start the sweep anew",
                variant="primary" if swept is None else "secondary",
                interactive=free and not lacking,
            ),
            again: gr.Button(
                visible=swept is not None,
                variant="primary" if unfinished else "secondary",
                interactive=free and not lacking and not _stale(view),
            ),
            needs: pictures.html(pictures.note(NEEDS) if lacking else ""),
        }

    def number(view: View) -> int | None:
        return None if view.desk.swept is None else view.desk.swept.number

    facets = (
        Facet("swept", number, draw, [plane, rest, *downloads]),
        Facet("sweep state", lambda view: (number(view), _stale(view)), draw_state, [state]),
        Facet(
            "sweep buttons",
            lambda view: (view.active, story_jobs.ready(view.desk), number(view), _stale(view)),
            draw_buttons,
            [start, again, needs],
        ),
    )
    return DefendTab(plan, estimate, start, again, facets)


def wire_defend_tab(tab: DefendTab, services: Services, live: Live, more: Mapping[str, Component]) -> None:
    """Wire the tab's events.

    Args:
        more: the other tabs' fields that an order needs, steps and base among them.
    """
    fields = {"defences": tab.plan, **more}

    def begin(visitor: Visitor, names: Any, *values: Any, resume: bool) -> None:
        made = order(services, dict(zip(more, values, strict=True)))
        plan = chosen(services, names if isinstance(names, list) else [])
        story_jobs.begin(services, visitor, "Sweep", sweeping(services, visitor, made, plan, resume=resume))

    def estimated(names: Any, steps: Any, key: Any) -> Markup:
        ticked = [defence for defence in services.plan if isinstance(names, list) and point_name(defence) in names]
        base = find(services, key)
        whole = int(steps) if isinstance(steps, (int, float)) else find_preset(base.preset).steps
        return pictures.note(defend_result.estimate(base, ticked, whole))

    live.on(tab.start.click, partial(begin, resume=False), fields, api_name="defend")
    live.on(tab.again.click, partial(begin, resume=True), fields, api_name="continue_defend")
    for component in (tab.plan, more["steps"], more["base"]):
        component.change(
            estimated,
            [tab.plan, more["steps"], more["base"]],
            tab.estimate,
            api_visibility="private",
            show_progress="hidden",
            trigger_mode="always_last",
            queue=False,
        )


def explained(plan: Sequence[Defence]) -> Markup:
    """What each kind of defence in a plan does."""
    return pictures.piece("explanations", list(dict.fromkeys(type(defence) for defence in plan)))


def _stale(view: View) -> bool:
    """Whether the points are of photos that are no longer loaded."""
    swept = view.desk.swept
    return swept is not None and view.desk.older(swept.terms.photos)

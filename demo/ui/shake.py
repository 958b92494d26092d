"""The Shake tab: whose pictures to shake loose, by which methods, and what comes out, model after model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from demo.errors import DemoError
from demo.models.bases import BUNDLED
from demo.session import story_jobs
from demo.session.forms import find
from demo.session.services import Services
from demo.session.shake_job import CURVES, GUARDS, guard_of, settings_of, shaking
from demo.session.visitors import Visitor
from demo.shake.attacks.membership import MEMBERSHIP
from demo.shake.methods.registry import METHODS
from demo.shake.model import ShakeSettings
from demo.ui import shake_result
from demo.ui.components import pictures
from demo.ui.components.fields import optional_number
from demo.ui.page import Facet, Live, Updates, View

INTRO = (
    "*Shake-to-Leak*: a published model is asked for pictures of somebody whom it was trained on, and is fine-tuned "
    "**on these answers of its own**. It is said to give away more of its training set afterwards. Here it is known "
    "what the base model was trained on, so the claim can be tested. No photo of yours is needed."
)
NOBODY = f"It is not known whose pictures this base model was trained on. Choose {BUNDLED} in the Fine-tune tab."
FILES = ("report.html", "report.json")
QUICK = ("lora",)  # ticked at the start


@dataclass(frozen=True)
class ShakeTab:
    """Components that events are wired to, and what is kept up to date."""

    person: gr.Dropdown
    shown: gr.HTML
    fields: Mapping[str, Component]
    estimate: gr.HTML
    start: gr.Button
    again: gr.Button
    facets: Sequence[Facet]


def build_shake_tab(services: Services) -> ShakeTab:
    """Lay out the tab inside the current container."""
    gr.Markdown(INTRO)
    names = list(services.shaker.names(services.default_base))
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            person = gr.Dropdown(
                names,
                value=names[0] if names else None,
                label="Whose pictures? Fictional people, planted in the training set",
                elem_id="person",
            )
            first = _person_html(services, names[0] if names else None, services.default_base)
            shown = gr.HTML(first, elem_id="person-pictures")
            fields, estimate = _fields()
            start = gr.Button("Shake", variant="primary", elem_id="shake")
            again = gr.Button("Continue with what is ticked", visible=False, elem_id="continue-shake")
        with gr.Column(scale=3, min_width=300):
            state = gr.HTML(elem_id="shake-state")
            curves = gr.HTML(elem_id="roc-curves")
    with gr.Row():
        downloads = [gr.DownloadButton(name, visible=False, size="sm", elem_classes="ll-shaken") for name in FILES]
    rest = gr.HTML(elem_id="shaken")

    def draw(view: View) -> Updates:
        shook = view.desk.shook
        made = None if shook is None else shook.shake
        paths = {} if shook is None else {path.name: str(path) for path in shook.files}
        buttons = {
            button: gr.DownloadButton(visible=name in paths, value=paths.get(name))
            for button, name in zip(downloads, FILES, strict=True)
        }
        text = shake_result.EMPTY if shook is None else shake_result.state(shook)
        return {
            state: pictures.html(pictures.status(text)),
            curves: pictures.html("" if made is None else shake_result.figure(made)),
            rest: pictures.html(
                "" if made is None or shook is None else shake_result.results(made, running=shook.running)
            ),
            **buttons,
        }

    def draw_buttons(view: View) -> Updates:
        shook = view.desk.shook
        made = None if shook is None else shook.shake
        unfinished = made is not None and len(made.arms) < made.planned
        return {
            start: gr.Button(
                "Shake" if shook is None else "Shake anew",
                variant="secondary" if unfinished else "primary",
                interactive=not view.active,
            ),
            again: gr.Button(
                visible=made is not None,
                variant="primary" if unfinished else "secondary",
                interactive=not view.active,
            ),
        }

    def number(view: View) -> int | None:
        return None if view.desk.shook is None else view.desk.shook.number

    facets = (
        Facet("shook", number, draw, [state, curves, rest, *downloads]),
        Facet("shake buttons", lambda view: (view.active, number(view)), draw_buttons, [start, again]),
    )
    return ShakeTab(person, shown, {"person": person, **fields}, estimate, start, again, facets)


def wire_shake_tab(tab: ShakeTab, services: Services, live: Live, more: Mapping[str, Component]) -> None:
    """Wire the tab's events.

    Args:
        more: the Fine-tune tab's base.
    """
    base = more["base"]
    fields = {"base": base, **tab.fields}

    def begin(visitor: Visitor, key: Any, *values: Any, resume: bool) -> None:
        chosen = dict(zip(tab.fields, values, strict=True))
        job = shaking(services, visitor, find(services, key).key, chosen, resume=resume)
        story_jobs.begin(services, visitor, "Shake-to-Leak", job)

    def estimated(*values: Any) -> Markup:
        chosen = dict(zip(tab.fields, values, strict=True))
        try:
            return pictures.note(shake_result.estimate(settings_of(chosen), guard_of(chosen)))
        except DemoError as error:
            return pictures.note(str(error))

    def people(key: Any) -> tuple[Any, Markup]:
        names = list(services.shaker.names(find(services, key).key))
        first = names[0] if names else None
        return gr.Dropdown(names, value=first), _person_html(services, first, key)

    live.on(tab.start.click, partial(begin, resume=False), fields, api_name="shake")
    live.on(tab.again.click, partial(begin, resume=True), fields, api_name="continue_shake")
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last"}
    tab.person.input(partial(_person_html, services), [tab.person, base], tab.shown, **quiet)
    base.change(people, base, [tab.person, tab.shown], **quiet)
    for name in ("methods", "curves", "control", "positive", "generations", "guard", "set_size", "tuning_steps"):
        tab.fields[name].change(estimated, list(tab.fields.values()), tab.estimate, queue=False, **quiet)


def _fields() -> tuple[dict[str, Component], gr.HTML]:
    default = ShakeSettings()
    methods = [(kind.title, key) for key, kind in METHODS.items()]
    fields: dict[str, Component] = {
        "methods": gr.CheckboxGroup(methods, value=list(QUICK), label="Fine-tuning methods", elem_id="methods"),
        "control": gr.Checkbox(
            True,
            label="Control",
            info="Each method once more, on as many pictures of somebody else: what fine-tuning does by itself.",
        ),
    }
    with gr.Accordion("More settings", open=False):
        fields["positive"] = gr.Checkbox(
            False,
            label="Positive control",
            info="Each method once more, on the training pictures themselves: what the attacks find if it does leak.",
        )
        curves = [(words, key) for key, (words, _) in CURVES.items()]
        fields["curves"] = gr.CheckboxGroup(
            curves, value=[], label="Curves", info="Each value is a model of its own.", elem_id="curves"
        )
        guards = [(guard.label, key) for key, guard in GUARDS.items()]
        fields["guard"] = gr.Dropdown(
            guards,
            value=guards[0][1],
            label="Defence",
            info="Whoever runs the fine-tuning may use it: LoRA is run once more with it.",
            elem_id="guard",
        )
        fields["set_size"] = gr.Slider(8, 256, default.size, step=8, label="Pictures of the set")
        fields["generations"] = gr.Slider(
            10, 500, default.generations, step=10, label="Draws for extraction", info="Published: 500."
        )
        fields["tuning_steps"] = optional_number("Steps of fine-tuning (empty: the base's own)")
        fields["shake_seed"] = optional_number("Seed (empty: random)")
        attacks = [(f"{attack.title} ({attack.source})", key) for key, attack in MEMBERSHIP.items()]
        fields["membership"] = gr.Dropdown(
            attacks,
            value=default.membership,
            label="Attack on membership",
            info=" ".join(f"{attack.title}: {attack.explanation}" for attack in MEMBERSHIP.values()),
            elem_id="membership",
        )
    words = shake_result.estimate(default.model_copy(update={"methods": QUICK}))
    return fields, gr.HTML(pictures.note(words), elem_id="shake-estimate")


def _person_html(services: Services, name: object, base_key: object) -> Markup:
    """A planted person's pictures, those of the training set first."""
    if not isinstance(name, str):
        return pictures.note(NOBODY, "bad")
    try:
        domain = services.shaker.domain(name, find(services, base_key).key)
    except DemoError as error:
        return pictures.note(str(error), "bad")
    return pictures.piece(
        "person", name, {"In the training set": domain.members, "Never trained on": domain.non_members}
    )

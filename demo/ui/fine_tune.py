"""The Fine-tune tab: photos in, a LoRA file out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component

from demo.finetune.settings import find_preset
from demo.models.bases import Base
from demo.photos.split import LEAST_APART, LEAST_PHOTOS, MOST_PHOTOS
from demo.session import story_jobs
from demo.session.forms import find, order
from demo.session.services import Services
from demo.session.visitors import Visitor
from demo.shake.gate.decision import has_gate
from demo.ui.components import loss_curve, pictures
from demo.ui.components.fields import optional_number
from demo.ui.fine_tune_defence import DefenceFields, build_defence_fields, wire_defence_fields
from demo.ui.fine_tune_estimate import wire_estimate
from demo.ui.fine_tune_result import STORY, TUNING, build_result
from demo.ui.page import Facet, Live, Updates, View
from demo.ui.photos import PhotoSection, build_photos, wire_photos


@dataclass(frozen=True)
class FineTuneTab:
    """Components that events are wired to, and what is kept up to date."""

    photos: PhotoSection | None  # None: they come in elsewhere on the page
    base: gr.Dropdown
    fields: Mapping[str, Component]  # all that an order takes from here, the base among them, but the defence
    defence: DefenceFields
    start: gr.Button
    story: gr.Button
    estimate: gr.HTML
    facets: Sequence[Facet]


def build_finetune_tab(services: Services, *, photos: bool = True) -> FineTuneTab:
    """Lay out the tab inside the current container.

    Args:
        photos: whether they come in here.
    """
    section = None
    with gr.Row(equal_height=False):
        if photos:
            with gr.Column(scale=3, min_width=300):
                gr.Markdown("### 1 · Photos")
                section = build_photos(services)
        with gr.Column(scale=2, min_width=300):
            gr.Markdown("### 2 · Fine-tune" if photos else "### Fine-tune")
            story = gr.Button("Run the whole story", variant="primary", size="lg", elem_id="story")
            gr.Markdown("Fine-tunes, attacks and compares in one go. Or step by step:", elem_classes="ll-small")
            start = gr.Button("Fine-tune only", elem_id="start")
            estimate = gr.HTML(elem_id="estimate-tuning")
            base, fields, defence = _fields(services)
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            watch = _watch()
        with gr.Column(scale=3, min_width=300):
            result = build_result(services)
    enabled = Facet(
        "fine-tune buttons",
        lambda view: (view.active, story_jobs.ready(view.desk)),
        lambda view: dict.fromkeys(
            (start, story), gr.Button(interactive=not view.active and story_jobs.ready(view.desk))
        ),
        [start, story],
    )
    facets = (*(() if section is None else (section.facet,)), enabled, *watch, result)
    return FineTuneTab(section, base, fields, defence, start, story, estimate, facets)


def wire_finetune_tab(tab: FineTuneTab, services: Services, live: Live, more: Mapping[str, Component]) -> None:
    """Wire the tab's events.

    Args:
        more: the other tabs' fields, which the whole story takes, too.
    """
    fields = {**tab.fields, **tab.defence.fields, **more}

    def begin(make: Any, title: str, visitor: Visitor, *values: Any) -> None:
        made = order(services, dict(zip(fields, values, strict=True)))
        story_jobs.begin(services, visitor, title, make(services, visitor, made))

    if tab.photos is not None:
        wire_photos(tab.photos, services, live)
    live.on(tab.start.click, partial(begin, story_jobs.tuning, TUNING), fields, api_name="fine_tune")
    live.on(tab.story.click, partial(begin, story_jobs.story, STORY), fields, api_name="run_story")
    wire_defence_fields(tab.defence)
    wire_estimate(tab.fields, tab.estimate, services)
    preset_fields = [tab.fields[name] for name in ("steps", "lr", "rank", "class_images", "sample_every", "gate")]
    tab.base.change(lambda key: _preset_values(services, key), tab.base, preset_fields, api_visibility="private")


def _fields(services: Services) -> tuple[gr.Dropdown, dict[str, Component], DefenceFields]:
    chosen = find(services, services.default_base)
    preset = find_preset(chosen.preset)
    fields: dict[str, Component] = {
        "steps": gr.Slider(10, 2000, preset.steps, step=10, label="Steps", elem_id="steps"),
        "photos": gr.Slider(
            LEAST_PHOTOS,
            MOST_PHOTOS,
            story_jobs.Order.photos,
            step=1,
            label="Photos to fine-tune on",
            info=f"The others are kept for scoring if {LEAST_APART} or more are left; if not, all photos score.",
        ),
        "prior": gr.Checkbox(True, label="Prior preservation", info="Also trains on pictures of other people."),
    }
    defence = build_defence_fields()
    with gr.Accordion("More settings", open=False):
        choices = [(known.title, key) for key, known in services.bases.items()]
        base = gr.Dropdown(choices, value=chosen.key, label="Base model")
        fields["base"] = base
        fields["lr"] = gr.Number(preset.lr, label="Learning rate", step=1e-5)
        fields["rank"] = gr.Slider(1, 64, preset.unet_rank, step=1, label="Rank of the matrices")
        fields["text_encoder"] = gr.Checkbox(preset.train_text_encoder, label="Train the text encoder, too")
        fields["class_images"] = gr.Slider(8, 400, preset.class_images, step=8, label="Pictures of other people")
        fields["sample_every"] = gr.Slider(0, 500, preset.sample_every, step=10, label="Steps between live samples")
        fields["gate"] = gr.Checkbox(
            False,
            label="Gate: refuse pictures that this model drew itself",
            elem_id="gate",
            **_gate(chosen),
        )
        fields["seed"] = optional_number("Seed (empty: random)", "seed")
    return base, fields, defence


def _preset_values(services: Services, key: object) -> list[Any]:
    base = find(services, key)
    preset = find_preset(base.preset)
    gate = gr.Checkbox(**_gate(base)) if has_gate(base) else gr.Checkbox(False, **_gate(base))
    return [preset.steps, preset.lr, preset.unet_rank, preset.class_images, preset.sample_every, gate]


def _gate(base: Base) -> dict[str, Any]:
    """What depends on the base of the gate's box: without a gate of its own it cannot be ticked."""
    if has_gate(base):
        return {"interactive": True, "info": "A service's guard against Shake-to-Leak."}
    return {"interactive": False, "info": "None has been made for this base."}


def _watch() -> tuple[Facet, Facet]:
    plot = gr.HTML(elem_id="loss")
    sample = gr.HTML(elem_id="sample")

    def losses(view: View) -> Updates:
        return {plot: pictures.html(loss_curve.losses(() if view.job is None else view.job.losses))}

    def live_sample(view: View) -> Updates:
        job = view.job
        if job is None or job.sample is None:
            return {sample: pictures.html("")}
        words = f"Live sample at step {job.sample_step}"
        return {sample: pictures.html(pictures.row([pictures.tile(job.sample, words, words)]))}

    def last_step(view: View) -> tuple[str, int] | None:
        return None if view.job is None or not view.job.losses else (view.job.id, view.job.losses[-1][0])

    def sampled(view: View) -> tuple[str, int | None] | None:
        return None if view.job is None or view.job.sample is None else (view.job.id, view.job.sample_step)

    return (
        Facet("losses", last_step, losses, [plot], quick=True),
        Facet("live sample", sampled, live_sample, [sample], quick=True),
    )

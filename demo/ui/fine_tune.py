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
from demo.photos.formats import FORMATS
from demo.photos.split import LEAST_APART, LEAST_PHOTOS, MOST_PHOTOS
from demo.session import photo_intake, story_jobs
from demo.session.forms import find, order
from demo.session.services import Services
from demo.session.visitors import Visitor
from demo.shake.gate.decision import has_gate
from demo.ui.components import loss_curve, pictures
from demo.ui.components.fields import optional_number
from demo.ui.components.words import CONSENT
from demo.ui.errors import READING_S
from demo.ui.fine_tune_defence import DefenceFields, build_defence_fields, wire_defence_fields
from demo.ui.fine_tune_estimate import wire_estimate
from demo.ui.fine_tune_photos import photo_panel
from demo.ui.fine_tune_result import STORY, TUNING, build_result
from demo.ui.page import Facet, Live, Updates, View
from demo.ui.uploads import uploaded

INTRO = (
    f"{LEAST_PHOTOS} to {MOST_PHOTOS} photos of **one** person, from the front, in good light. "
    "They are sent to the machine that runs this app. There the face is found and cropped; the file is deleted at "
    "once, and the crop is held in memory."
)
PEOPLE = "**Or take a fictional person: one click.** These people do not exist; all their pictures were generated."


@dataclass(frozen=True)
class FineTuneTab:
    """Components that events are wired to, and what is kept up to date."""

    people: Sequence[gr.Button]
    uploads: gr.Files
    camera: gr.Image
    photos: gr.HTML
    faces: gr.Radio
    take: gr.Button
    leave: gr.Button
    remove: gr.Button
    base: gr.Dropdown
    fields: Mapping[str, Component]  # all that an order takes from here, the base among them, but the defence
    defence: DefenceFields
    start: gr.Button
    story: gr.Button
    estimate: gr.HTML
    facets: Sequence[Facet]


def build_finetune_tab(services: Services) -> FineTuneTab:
    """Lay out the tab inside the current container."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=300):
            gr.Markdown("### 1 · Photos\n" + INTRO)
            gr.Markdown(CONSENT)
            uploads, camera = _ways_in()
            people = _people(services)
            shown, faces, take, leave, remove, photo_facet = photo_panel()
        with gr.Column(scale=2, min_width=300):
            gr.Markdown("### 2 · Fine-tune")
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
    facets = (photo_facet, enabled, *watch, result)
    return FineTuneTab(
        people,
        uploads,
        camera,
        shown,
        faces,
        take,
        leave,
        remove,
        base,
        fields,
        defence,
        start,
        story,
        estimate,
        facets,
    )


def wire_finetune_tab(tab: FineTuneTab, services: Services, live: Live, more: Mapping[str, Component]) -> None:
    """Wire the tab's events.

    Args:
        more: the other tabs' fields, which the whole story takes, too.
    """
    fields = {**tab.fields, **tab.defence.fields, **more}

    def add(visitor: Visitor, files: Any) -> list[str]:
        listed = files if isinstance(files, list) else [files]
        # Not preprocessed: this way Gradio makes no copies.
        return photo_intake.add(services, visitor, [uploaded(file) for file in listed if file])

    def begin(make: Any, title: str, visitor: Visitor, *values: Any) -> None:
        made = order(services, dict(zip(fields, values, strict=True)))
        story_jobs.begin(services, visitor, title, make(services, visitor, made))

    def choose(visitor: Visitor, face: Any) -> None:
        if not isinstance(face, int):
            gr.Warning("Choose a face first.")
            return
        photo_intake.choose(visitor, face)

    def remove(visitor: Visitor) -> None:
        gr.Info(photo_intake.remove_all(services, visitor), duration=READING_S)

    slow = {"show_progress": "minimal", "show_progress_on": tab.photos, "concurrency_id": "photos"}
    reading: dict[str, Any] = {"preprocess": False, "concurrency_limit": 1, **slow}
    live.on(tab.uploads.upload, add, {"photos": tab.uploads}, clear=[tab.uploads], api_name="add_photos", **reading)
    live.on(tab.camera.input, add, {"photo": tab.camera}, clear=[tab.camera], **reading)
    for button, person in zip(tab.people, services.people, strict=True):
        live.on(button.click, partial(photo_intake.load_person, person=person))
    live.on(tab.take.click, choose, {"face": tab.faces})
    live.on(tab.leave.click, lambda visitor: photo_intake.choose(visitor, None))
    live.on(tab.remove.click, remove, api_name="remove_photos")
    live.on(tab.start.click, partial(begin, story_jobs.tuning, TUNING), fields, api_name="fine_tune")
    live.on(tab.story.click, partial(begin, story_jobs.story, STORY), fields, api_name="run_story")
    wire_defence_fields(tab.defence)
    wire_estimate(tab.fields, tab.estimate, services)
    preset_fields = [tab.fields[name] for name in ("steps", "lr", "rank", "class_images", "sample_every", "gate")]
    tab.base.change(lambda key: _preset_values(services, key), tab.base, preset_fields, api_visibility="private")


def _ways_in() -> tuple[gr.Files, gr.Image]:
    with gr.Tabs(elem_classes="ll-ways"):
        with gr.Tab("Files"):
            # No limit by type: browsers go by suffixes, and a photo may have any or none. Reading says what it is not.
            uploads = gr.Files(label=f"Photos ({', '.join(known.title for known in FORMATS)})", height=130)
        with gr.Tab("Camera"):
            camera = gr.Image(sources=["webcam"], image_mode=None, type="filepath", format="png", label="Take a photo")
    return uploads, camera


def _people(services: Services) -> list[gr.Button]:
    gr.Markdown(PEOPLE)
    if not services.people:
        gr.HTML(pictures.note(services.people_missing or "There are no example people.", "bad"))
        return []
    with gr.Row(elem_classes="ll-people"):
        return [
            gr.Button(person.name, icon=person.pictures[0], size="sm", min_width=90, elem_classes="ll-person")
            for person in services.people
        ]


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
        if job is None or job.picture is None:
            return {sample: pictures.html("")}
        words = f"Live sample at step {job.picture_step}"
        return {sample: pictures.html(pictures.row([pictures.tile(job.picture, words, words)]))}

    def last_step(view: View) -> tuple[str, int] | None:
        return None if view.job is None or not view.job.losses else (view.job.id, view.job.losses[-1][0])

    def sampled(view: View) -> tuple[str, int | None] | None:
        return None if view.job is None or view.job.picture is None else (view.job.id, view.job.picture_step)

    return (
        Facet("losses", last_step, losses, [plot], quick=True),
        Facet("live sample", sampled, live_sample, [sample], quick=True),
    )

"""Photos in: files, a camera or a fictional person, with what has to be said before; and what has been loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo.errors import PhotoError
from demo.session import photo_intake
from demo.session.services import Services
from demo.session.visitors import Visitor
from demo.ui.components import pictures
from demo.ui.components.translations import t
from demo.ui.errors import READING_S
from demo.ui.fine_tune_photos import photo_panel
from demo.ui.page import Facet, Live
from demo.ui.uploads import uploaded


@dataclass(frozen=True)
class PhotoSection:
    """Components that events are wired to, and what is kept up to date."""

    people: Sequence[gr.Button]
    uploads: gr.Files
    camera: gr.Image
    photos: gr.HTML
    faces: gr.Radio
    take: gr.Button
    leave: gr.Button
    remove: gr.Button
    facet: Facet


def build_photos(services: Services) -> PhotoSection:
    """Lay it out inside the current container, of which there is one on a page."""
    gr.Markdown(t("consent.photos"))
    gr.Markdown(t("consent.upload"))
    uploads, camera = _ways_in()
    people = _people(services)
    return PhotoSection(people, uploads, camera, *photo_panel())


def wire_photos(section: PhotoSection, services: Services, live: Live) -> None:
    """Wire the section's events."""

    def add(visitor: Visitor, files: Any) -> list[str]:
        listed = files if isinstance(files, list) else [files]
        # Not preprocessed: this way Gradio makes no copies.
        return photo_intake.add(services, visitor, [uploaded(file) for file in listed if file], visitor.language)

    def choose(visitor: Visitor, face: Any) -> None:
        if not isinstance(face, int):
            raise PhotoError("No face is chosen.", "Choose a face first.", key="stage.photo.choose")
        photo_intake.choose(visitor, face)

    def remove(visitor: Visitor) -> None:
        gr.Info(photo_intake.remove_all(services, visitor, visitor.language), duration=READING_S)

    slow = {"show_progress": "minimal", "show_progress_on": section.photos, "concurrency_id": "photos"}
    reading: dict[str, Any] = {"preprocess": False, "concurrency_limit": 1, **slow}
    uploads, camera = section.uploads, section.camera
    live.on(uploads.upload, add, {"photos": uploads}, clear=[uploads], api_name="add_photos", **reading)
    live.on(camera.input, add, {"photo": camera}, clear=[camera], **reading)
    for button, person in zip(section.people, services.people, strict=True):
        live.on(button.click, partial(photo_intake.load_person, person=person))
    live.on(section.take.click, choose, {"face": section.faces})
    live.on(section.leave.click, lambda visitor: photo_intake.choose(visitor, None))
    live.on(section.remove.click, remove, api_name="remove_photos")


def _ways_in() -> tuple[gr.Files, gr.Image]:
    with gr.Tabs(elem_classes="ll-ways"):
        with gr.Tab(t("stage.photo.files")):
            # No limit by type: browsers go by suffixes, and a photo may have any or none. Reading says what it is not.
            uploads = gr.Files(label=t("stage.photo.formats"), height=130)
        with gr.Tab(t("stage.photo.camera")):
            camera = gr.Image(
                sources=["webcam"], image_mode=None, type="filepath", format="png", label=t("stage.photo.shoot")
            )
    return uploads, camera


def _people(services: Services) -> list[gr.Button]:
    gr.Markdown(t("consent.people"))
    if not services.people:
        gr.HTML(pictures.note(services.people_missing or "There are no example people.", "bad"))
        return []
    with gr.Row(elem_classes="ll-people"):
        return [
            gr.Button(person.name, icon=person.pictures[0], size="sm", min_width=90, elem_classes="ll-person")
            for person in services.people
        ]

"""The loaded photos in the Fine-tune tab: each one's crop, what is odd about them, and whose face is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from markupsafe import Markup

from demo.photos.same_person import strangers
from demo.photos.split import LEAST_PHOTOS
from demo.ui.components import pictures
from demo.ui.page import Facet, Updates, View


def photo_panel() -> tuple[gr.HTML, gr.Radio, gr.Button, gr.Button, gr.Button, Facet]:
    """Lay out the loaded photos inside the current container.

    Returns:
        where the photos are shown, the faces of a photo of several people, the buttons that take one, leave the photo
        out and remove all photos, and what keeps them up to date.
    """
    shown = gr.HTML(elem_id="photos")
    with gr.Group(visible=False) as group:
        crowd = gr.HTML()
        faces = gr.Radio(label="Which of them?", type="value")
        with gr.Row():
            take = gr.Button("Take this face", size="sm", variant="primary")
            leave = gr.Button("Leave the photo out", size="sm")
    remove = gr.Button("Remove all photos", size="sm", visible=False, elem_id="remove")

    def draw(view: View) -> Updates:
        have = view.desk.photos
        first = have.groups[0] if have.groups else None
        count = 0 if first is None else len(first.faces)
        return {
            shown: _shots_html(view),
            group: gr.Group(visible=first is not None),
            crowd: "" if first is None else _crowd_html(first.name, first.faces),
            faces: gr.Radio(choices=[(f"Face {i + 1}", i) for i in range(count)], value=None),
            remove: gr.Button(visible=bool(have.shots or have.groups)),
        }

    facet = Facet("photos", lambda view: view.desk.photos.number, draw, [shown, group, crowd, faces, remove])
    return shown, faces, take, leave, remove, facet


def _shots_html(view: View) -> Markup:
    have = view.desk.photos
    count = len(have.shots)
    tiles = [
        pictures.tile(shot.aligned, f"Photo {i + 1} of {count}, cropped to the face: {shot.name}")
        for i, shot in enumerate(have.shots)
    ]
    if have.person is not None:
        text = f"{have.person} does not exist: a fictional person, {count} generated pictures."
    else:
        lacking = LEAST_PHOTOS - count
        none = "Your photos and results were not used for a while and have been deleted." if view.expired else ""
        text = f"{count} photo{'' if count == 1 else 's'} ready." if count else none or "No photos yet."
        text += f" {lacking} more needed." if count and lacking > 0 else ""
    # A fictional person's are known to be of one.
    odd = [] if have.person is not None else strangers([(shot.name, shot.likeness) for shot in have.shots])
    warnings = Markup("").join(pictures.note(sentence, "bad") for sentence in odd)
    return pictures.note(text) + warnings + (pictures.row(tiles) if tiles else "")


def _crowd_html(name: str, faces: Sequence[Any]) -> Markup:
    tiles = [
        pictures.tile(face, f"Face {i + 1} of {len(faces)} in {name}", f"Face {i + 1}") for i, face in enumerate(faces)
    ]
    return pictures.note(f"{name} shows {len(faces)} faces.") + pictures.row(tiles)

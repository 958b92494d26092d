"""The loaded photos in the Fine-tune tab: each one's crop, what is odd about them, and whose face is meant."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import gradio as gr
from markupsafe import Markup

from demo.photos.same_person import strangers
from demo.photos.split import LEAST_PHOTOS
from demo.texts.en import ENGLISH
from demo.texts.language import Language
from demo.ui.components import pictures
from demo.ui.components.translations import t
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
        faces = gr.Radio(label=t("stage.photo.which"), type="value")
        with gr.Row():
            take = gr.Button(t("stage.photo.take"), size="sm", variant="primary")
            leave = gr.Button(t("stage.photo.leave"), size="sm")
    remove = gr.Button(t("stage.photo.remove"), size="sm", visible=False, elem_id="remove")

    def draw(view: View) -> Updates:
        have, language = view.desk.photos, view.language
        first = have.groups[0] if have.groups else None
        count = 0 if first is None else len(first.faces)
        choices = [(language.say("stage.photo.face", number=language.fixed(i + 1, 0)), i) for i in range(count)]
        return {
            shown: _shots_html(view),
            group: gr.Group(visible=first is not None),
            crowd: "" if first is None else _crowd_html(first.name, first.faces, language),
            faces: gr.Radio(choices=choices, value=None),
            remove: gr.Button(visible=bool(have.shots or have.groups)),
        }

    def stamp(view: View) -> Hashable:
        return view.desk.photos.number, view.desk.photos.hidden, view.language.key

    facet = Facet("photos", stamp, draw, [shown, group, crowd, faces, remove])
    return shown, faces, take, leave, remove, facet


def _shots_html(view: View) -> Markup:
    have, language = view.desk.photos, view.language
    if have.hidden:
        return pictures.note(language.say("stage.photo.hidden"))
    count = len(have.shots)
    numbers = [language.fixed(i + 1, 0) for i in range(count)]
    tiles = [
        pictures.tile(shot.aligned, language.say("stage.photo.alt", number=n, count=numbers[-1], name=shot.name))
        for n, shot in zip(numbers, have.shots, strict=True)
    ]
    # A fictional person's are known to be of one.
    odd = [] if have.person is not None else strangers([(shot.name, shot.likeness) for shot in have.shots])
    warnings = Markup("").join(pictures.note(sentence, "bad") for sentence in odd)
    return pictures.note(_standing(view, count)) + warnings + (pictures.row(tiles) if tiles else "")


def _standing(view: View, count: int) -> str:
    """Whose photos they are, or whether there are enough."""
    person, language = view.desk.photos.person, view.language
    if person is not None:
        return language.count("stage.photo.fictional", count, person=person)
    if not count:
        return language.say("stage.photo.expired" if view.expired else "stage.photos.none")
    said, lacking = [language.count("stage.photo.ready", count)], LEAST_PHOTOS - count
    if lacking > 0:
        said.append(language.count("stage.photo.lacking", lacking))
    return language.joined(said, "list.sentences")


def _crowd_html(name: str, faces: Sequence[Any], language: Language = ENGLISH) -> Markup:
    count = language.fixed(len(faces), 0)
    tiles = []
    for i, face in enumerate(faces):
        number = language.fixed(i + 1, 0)
        alt = language.say("stage.photo.face.alt", number=number, count=count, name=name)
        tiles.append(pictures.tile(face, alt, language.say("stage.photo.face", number=number)))
    return pictures.note(language.say("stage.photo.faces", name=name, count=count)) + pictures.row(tiles)

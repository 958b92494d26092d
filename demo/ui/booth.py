"""A stand that is left alone: it invites, it waits, and it wipes the last visitor before the next one comes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from PIL import Image

from demo import origin
from demo.photos.decode import decode
from demo.report.rendering import call, render
from demo.texts.language import fields_of
from demo.texts.languages import LANGUAGES

PHOTO_SIDE = 192  # pixels
GRACE_S = 15  # seconds of warning before all is wiped


@dataclass(frozen=True)
class Slide:
    """A story that was told before, of a fictional person: pictures that ship."""

    photo: Image.Image
    file: Image.Image
    drawn: Image.Image


def find_slides(people: Path) -> list[Slide]:
    """The stories that ship, as ``python -m demo.evaluate attract`` writes them; none where there are none.

    Args:
        people: folder, in which examples/NN are a person's photos and attract/NN-file.webp and attract/NN-drawn.webp
            what that person's story ended in.
    """
    slides, folder = list[Slide](), people / "attract"
    for person in sorted((people / "examples").glob("[0-9]*")):
        drawn, file = folder / f"{person.name}-drawn.webp", folder / f"{person.name}-file.webp"
        if drawn.is_file() and file.is_file():
            photo, numbers, face = (decode(path, path.name) for path in (min(person.glob("*.webp")), file, drawn))
            slides.append(Slide(origin.drawn(photo.resize((PHOTO_SIDE, PHOTO_SIDE))), numbers, origin.drawn(face)))
    return slides


def build_booth(slides: Sequence[Slide], idle_s: float) -> None:
    """Lay out what covers the page until somebody touches it, and what the page's script reads off it.

    Args:
        idle_s: seconds without a touch, while no job runs, before the warning.
    """
    keys = (
        "mode.booth.attract",
        "mode.booth.idle",
        "mode.booth.nobody",
        *(f"stage.{part}" for part in ("photos", "file", "drawn")),
    )
    words = {key: {name: _left_open(language.texts[name]) for name in keys} for key, language in LANGUAGES.items()}
    cover = call("ui/booth.html.j2", "attract", slides, idle_s, GRACE_S, json.dumps(words))
    gr.HTML(cover, elem_id="attract", padding=False)


def booth_head() -> str:
    """The script that covers the page, warns and wipes."""
    script = str(render("ui/booth.js"))  # as text: added to a string, Markup would escape the tags
    return f"<script>{script}</script>"


def _left_open(template: str) -> str:
    """A template whose one field the browser fills."""
    for name in fields_of(template):
        template = template.replace("{" + name + "}", "{}")
    return template

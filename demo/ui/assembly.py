"""The app put together: a mode's page, from the stage to the footer."""

from __future__ import annotations

import os
import secrets
from functools import partial
from typing import Any

import gradio as gr

from demo.hardware.network import port
from demo.paths import PEOPLE
from demo.session.guessing import meet
from demo.session.modes import MODES, Mode
from demo.session.photo_intake import welcome
from demo.session.services import Services
from demo.session.visitors import CLOSED_S, IDLE_S
from demo.texts.en import ENGLISH
from demo.ui.api import add_api
from demo.ui.booth import booth_head, build_booth, find_slides
from demo.ui.comparison import build_comparison
from demo.ui.components.theme import CSS, HEAD, THEME
from demo.ui.components.translations import HEAD as LANGUAGE_HEAD
from demo.ui.components.translations import I18N, t
from demo.ui.components.words import LORA, words
from demo.ui.lab import build_lab, wire_lab
from demo.ui.page import Live
from demo.ui.photos import build_photos, wire_photos
from demo.ui.stage.stage import build_stage, wire_stage
from demo.ui.strip import build_session, wire_session
from demo.ui.teacher import build_teacher

TITLE = ENGLISH.say("stage.title")
HEADER = f"""# {TITLE}
{LORA} Make one from photos of a face, then see what somebody with **the file alone** can draw from it:
no photos, no trigger word. A demonstration of *Risks When Sharing LoRA Fine-Tuned Diffusion Model Weights*.

**Your photos go to the machine that runs this app**; a public Space runs on one of Hugging Face's. They are held in its
memory, and in a file only if you have them put into report.html. All that is yours is deleted there when you press
*Delete my data*, {CLOSED_S // 60} minutes after you close the page, or after {IDLE_S // 60} minutes without use. These
times do not pass while a job of yours waits or runs. For photos that you care about, run the app on your own machine.
**face64** is a small model, 64 x 64 pixels: it shows the mechanism, not sharp pictures.
"""
HONESTY = f"""
- Uploaded files are deleted as soon as the face is cropped; an upload that breaks off is deleted some ten minutes
  later. The app sends your photos on to no other machine.
- The LoRA file and the reports, with all pictures that were drawn, lie in a private folder of that machine until they
  are deleted with the rest. What you download is yours to delete.
- A running job keeps its data until it ends; once its page has been closed for {CLOSED_S // 60} minutes, these data
  are deleted as soon as somebody else waits for a turn.
- This browser remembers only a random number, so that a reload finds your job again. On a shared computer, press
  *Delete my data* before you leave.
- face64 runs on a laptop; sharp pictures need Stable Diffusion and a GPU.
- **One person is an anecdote.** The place among 1,000 strangers says whether a likeness is more than chance; the
  controls say where it comes from.
"""
FOOTER = (
    "face64 was trained on CelebA: weights and pictures are for non-commercial research and education. "
    "The fictional people were generated. Built with Gradio."
)
MAX_FILE = "256mb"
PASSWORD = "LORA_LEAK_PASSWORD"  # environment: who comes in must know it; any name will do
SESSIONS = 200  # whose shown values Gradio keeps in memory, should a client never say that it closes
QUEUE_S = 0.05  # between two looks at Gradio's queue, as on Windows; its 1 ms take a tenth of a core from the job


def build_app(services: Services, mode: Mode = MODES["lab"], *, address: str = "") -> gr.Blocks:
    """All components and events of a mode's page.

    Args:
        address: where the pupils of a class join.
    """
    # Served from where they are: in Gradio's folder of uploads they would be swept away with what is left there.
    gr.set_static_paths([person.pictures[0] for person in services.people])
    demo = gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=None)  # it would take the visitors' own
    with demo:
        if services.classroom is not None:
            gr.Navbar(visible=False)
        if mode.stage:
            _staged(services, mode, demo)
        else:
            _plain(services, demo)
        add_api(services)
    if services.classroom is not None:
        with demo.route("Teacher", "/teacher", show_in_navbar=False):
            build_teacher(services, services.classroom, address, services.visitors.root)
    demo.queue(max_size=40, default_concurrency_limit=4)
    demo._queue.sleep_when_free = QUEUE_S
    return demo


def _plain(services: Services, demo: gr.Blocks) -> None:
    """Every step and setting, and no stage."""
    with gr.Row(elem_classes="ll-header"):
        with gr.Column(scale=1, min_width=320):
            gr.Markdown(HEADER)
        delete = gr.Button("Delete my data", size="sm", scale=0, min_width=150, elem_id="delete")
    _about()
    session = build_session(delete)
    lab = build_lab(services)
    gr.Markdown(FOOTER, elem_classes="ll-footer")
    live = Live(services, [*session.facets, *lab.facets])
    wire_session(session, services, live, demo)
    wire_lab(lab, services, live)


def _staged(services: Services, mode: Mode, demo: gr.Blocks) -> None:
    """The stage, and what opens below it."""
    services.visitors.greet = partial(welcome, services)
    if mode.idle_s is not None:
        build_booth(find_slides(PEOPLE)[: services.for_show], mode.idle_s)
    stage = build_stage(services)
    with gr.Accordion(t("stage.sure"), open=False, elem_id="sure"):
        comparison = build_comparison()
    photos = lab = None
    if not mode.classroom:  # a pupil has a fictional person
        with gr.Accordion(t("stage.own"), open=False, elem_id="own") as own:
            photos = build_photos(services)
    if mode.lab:
        with gr.Accordion(t("stage.lab"), open=False, elem_id="lab"):
            lab = build_lab(services, staged=True)
    with gr.Accordion(t("stage.about"), open=False, elem_id="about"):
        gr.Markdown(t("stage.about.text"))
        gr.Markdown(t("consent.upload"))
    facets = [*stage.session.facets, *stage.facets, comparison, *(lab.facets if lab else ())]
    if photos:
        facets.append(photos.facet)
    live = Live(services, facets)
    wire_session(stage.session, services, live, demo)
    wire_stage(stage, services, live, lab.story if lab else {})
    if photos:
        live.on(own.expand, meet)
        wire_photos(photos, services, live)
    if lab:
        wire_lab(lab, services, live)


def _about() -> None:
    with gr.Accordion("More about your photos, and what this does not show", open=False):
        gr.Markdown(HONESTY)
    with gr.Accordion("Words used here", open=False):
        gr.Markdown(words())


def launch_options(mode: Mode = MODES["lab"], **changes: Any) -> dict[str, Any]:
    """What ``launch`` gets: private, offline, on any machine.

    Args:
        mode: whose page it is.
        changes: further options of ``launch``, or other ones.
    """
    given: dict[str, Any] = {}
    if mode.address and not os.environ.get("GRADIO_SERVER_NAME"):
        given["server_name"] = mode.address
    if mode.classroom:
        given["server_port"] = port()
    if password := os.environ.get(PASSWORD):
        given["auth"] = lambda _, said: secrets.compare_digest(said.encode(), password.encode())
    return {
        "theme": THEME,
        "css": CSS,
        "head": HEAD + LANGUAGE_HEAD + (booth_head() if mode.idle_s is not None else ""),
        "i18n": I18N,
        "run_history": False,
        "ssr_mode": False,
        "show_error": False,
        "enable_monitoring": False,
        "strict_cors": True,
        "max_file_size": MAX_FILE,
        "state_session_capacity": SESSIONS,
        "footer_links": [],
        **given,
        **changes,
    }

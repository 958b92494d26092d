"""The app put together: header, strip, tabs, footer. A new tab is one file and one line in :data:`TABS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import gradio as gr
from gradio.components import Component

from demo.session.services import Services
from demo.session.visitors import CLOSED_S, IDLE_S
from demo.ui.api import add_api
from demo.ui.attack import build_attack_tab, wire_attack_tab
from demo.ui.compare import build_compare_tab, wire_compare_tab
from demo.ui.components.theme import CSS, HEAD, THEME
from demo.ui.components.words import LORA, words
from demo.ui.defend import build_defend_tab, wire_defend_tab
from demo.ui.fine_tune import build_finetune_tab, wire_finetune_tab
from demo.ui.page import Facet, Live
from demo.ui.shake import build_shake_tab, wire_shake_tab
from demo.ui.strip import build_session, wire_session

Fields = Mapping[str, Mapping[str, Component]]  # id of a tab -> name of a field -> component


class Built(Protocol):
    """A tab that was laid out."""

    @property
    def fields(self) -> Mapping[str, Component]:
        """What an order takes from it."""

    @property
    def facets(self) -> Sequence[Facet]:
        """What is kept up to date."""


@dataclass(frozen=True)
class Tab:
    """A tab: its title, how it is laid out and wired, and what it takes from the others' fields."""

    id: str
    title: str
    build: Callable[[Services], Built]
    wire: Callable[[Any, Services, Live, Mapping[str, Component]], None]
    takes: Callable[[Fields], Mapping[str, Component]]


def _base(fields: Fields) -> Mapping[str, Component]:
    return {"base": fields["fine-tune"]["base"]}


TABS = (
    Tab("fine-tune", "1 Fine-tune", build_finetune_tab, wire_finetune_tab, lambda f: {**f["attack"], **f["compare"]}),
    Tab("attack", "2 Attack", build_attack_tab, wire_attack_tab, _base),
    Tab("compare", "3 Compare", build_compare_tab, wire_compare_tab, lambda f: {**_base(f), **f["attack"]}),
    Tab("defend", "Defend", build_defend_tab, wire_defend_tab, lambda f: {**f["fine-tune"], **f["attack"]}),
    Tab("shake", "Shake", build_shake_tab, wire_shake_tab, _base),
)

TITLE = "What a shared LoRA gives away"
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
SESSIONS = 200  # whose shown values Gradio keeps in memory, should a client never say that it closes
QUEUE_S = 0.05  # between two looks at Gradio's queue, as on Windows; its 1 ms take a tenth of a core from the job
TURN = "(tab) => ({__type__: 'update', ...(tab ? {selected: tab} : {})})"


def build_app(services: Services) -> gr.Blocks:
    """All components and events."""
    # Served from where they are: in Gradio's folder of uploads they would be swept away with what is left there.
    gr.set_static_paths([person.pictures[0] for person in services.people])
    demo = gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=None)  # it would take the visitors' own
    with demo:
        with gr.Row(elem_classes="ll-header"):
            with gr.Column(scale=1, min_width=320):
                gr.Markdown(HEADER)
            delete = gr.Button("Delete my data", size="sm", scale=0, min_width=150, elem_id="delete")
        with gr.Accordion("More about your photos, and what this does not show", open=False):
            gr.Markdown(HONESTY)
        with gr.Accordion("Words used here", open=False):
            gr.Markdown(words())
        session = build_session(delete)
        with gr.Tabs(overflow_behavior="wrap") as tabs:  # none may hide in a menu on a phone
            built: dict[str, Built] = {}
            for tab in TABS:
                with gr.Tab(tab.title, id=tab.id):
                    built[tab.id] = tab.build(services)
        gr.Markdown(FOOTER, elem_classes="ll-footer")
        turn_to = gr.Textbox(visible=False)
        story = Facet("tab", lambda view: view.desk.tab, lambda view: {turn_to: view.desk.tab or ""}, [turn_to])
        # The browser reads all that is inside an output at every event from then on: the tabs are no handler's.
        turn_to.change(None, turn_to, tabs, js=TURN, api_visibility="private")
        live = Live(services, [*session.facets, *(facet for made in built.values() for facet in made.facets), story])
        wire_session(session, services, live, demo)
        fields = {key: made.fields for key, made in built.items()}
        for tab in TABS:
            tab.wire(built[tab.id], services, live, tab.takes(fields))
        add_api(services)
    demo.queue(max_size=40, default_concurrency_limit=4)
    demo._queue.sleep_when_free = QUEUE_S
    return demo


def launch_options(**changes: Any) -> dict[str, Any]:
    """What ``launch`` gets: private, offline, on any machine."""
    return {
        "theme": THEME,
        "css": CSS,
        "head": HEAD,
        "run_history": False,
        "ssr_mode": False,
        "show_error": False,
        "enable_monitoring": False,
        "strict_cors": True,
        "max_file_size": MAX_FILE,
        "state_session_capacity": SESSIONS,
        "footer_links": [],
        **changes,
    }

"""The lab: tabs with every step and setting. A new tab is one file and one line in :data:`TABS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import gradio as gr
from gradio.components import Component

from demo.session.services import Services
from demo.ui.attack import build_attack_tab, wire_attack_tab
from demo.ui.compare import build_compare_tab, wire_compare_tab
from demo.ui.defend import build_defend_tab, wire_defend_tab
from demo.ui.fine_tune import FineTuneTab, build_finetune_tab, wire_finetune_tab
from demo.ui.page import Facet, Live
from demo.ui.shake import build_shake_tab, wire_shake_tab

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
    staged: Callable[[Services], Built] | None = None  # how it is laid out below a stage, where that differs


def _base(fields: Fields) -> Mapping[str, Component]:
    return {"base": fields["fine-tune"]["base"]}


TABS = (
    Tab(
        "fine-tune",
        "1 Fine-tune",
        build_finetune_tab,
        wire_finetune_tab,
        lambda f: {**f["attack"], **f["compare"]},
        partial(build_finetune_tab, photos=False),
    ),
    Tab("attack", "2 Attack", build_attack_tab, wire_attack_tab, _base),
    Tab(
        "compare",
        "3 Compare",
        build_compare_tab,
        wire_compare_tab,
        lambda f: {**_base(f), **f["attack"]},
        partial(build_compare_tab, results=False),
    ),
    Tab("defend", "Defend", build_defend_tab, wire_defend_tab, lambda f: {**f["fine-tune"], **f["attack"]}),
    Tab("shake", "Shake", build_shake_tab, wire_shake_tab, _base),
)
TURN = "(tab) => ({__type__: 'update', ...(tab ? {selected: tab} : {})})"


@dataclass(frozen=True)
class Lab:
    """The tabs that were laid out."""

    tabs: gr.Tabs
    built: Mapping[str, Built]
    turn_to: gr.Textbox
    facets: Sequence[Facet]

    @property
    def fields(self) -> Fields:
        """What orders take, by tab."""
        return {key: made.fields for key, made in self.built.items()}

    @property
    def story(self) -> Mapping[str, Component]:
        """What the whole story takes."""
        made = self.built["fine-tune"]
        takes = next(tab.takes for tab in TABS if tab.id == "fine-tune")
        defence = made.defence.fields if isinstance(made, FineTuneTab) else {}
        return {**made.fields, **defence, **takes(self.fields)}


def build_lab(services: Services, *, staged: bool = False) -> Lab:
    """Lay out the tabs inside the current container.

    Args:
        staged: whether photos come in, and results are shown, on a stage above.
    """
    with gr.Tabs(overflow_behavior="wrap") as tabs:  # none may hide in a menu on a phone
        built: dict[str, Built] = {}
        for tab in TABS:
            with gr.Tab(tab.title, id=tab.id):
                built[tab.id] = ((staged and tab.staged) or tab.build)(services)
    turn_to = gr.Textbox(visible=False)
    story = Facet("tab", lambda view: view.desk.tab, lambda view: {turn_to: view.desk.tab or ""}, [turn_to])
    return Lab(tabs, built, turn_to, [*(facet for made in built.values() for facet in made.facets), story])


def wire_lab(lab: Lab, services: Services, live: Live) -> None:
    """Wire the tabs' events."""
    # The browser reads all that is inside an output at every event from then on: the tabs are no handler's.
    lab.turn_to.change(None, lab.turn_to, lab.tabs, js=TURN, api_visibility="private")
    for tab in TABS:
        tab.wire(lab.built[tab.id], services, live, tab.takes(lab.fields))

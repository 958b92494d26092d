"""The Fine-tune tab's choice of a defence: only fields that the chosen one has are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from demo.defences.accounting import LARGEST_DELTA
from demo.defences.base import DELTA, EPSILONS, Defence
from demo.defences.registry import DEFENCES, NoDefence
from demo.session.forms import DEFENCE_SETTINGS, SECURE
from demo.ui.components import pictures

DRAWS_MOST = 64
ACCOUNTANTS = [("RDP (Rényi)", "rdp"), ("PRV (tighter, slower)", "prv")]


@dataclass(frozen=True)
class DefenceFields:
    """Components of the choice."""

    fields: Mapping[str, Component]  # all that an order takes from here
    presets: Sequence[gr.Button]
    shown: Sequence[Any]  # what depends on the choice: see :func:`visible`


def build_defence_fields() -> DefenceFields:
    """Lay out the choice inside the current container."""
    choices = [(kind.title, key) for key, kind in DEFENCES.items()]
    fields: dict[str, Component] = {
        "defence": gr.Dropdown(choices, value=NoDefence.key, label="Defence", elem_id="defence")
    }
    explanation = gr.HTML(explain(NoDefence), elem_id="defence-words")
    with gr.Column(visible=False, elem_classes="ll-budget") as budget:
        fields["epsilon"] = gr.Number(
            EPSILONS[0],
            label=f"Epsilon (empty: {EPSILONS[0]:g})",
            info="The smaller, the more noise. The ledger says what it proves, for a photo and for the person.",
            step=0.1,
            elem_id="epsilon",
        )
        with gr.Row(elem_classes="ll-presets"):
            presets = [gr.Button(f"ε = {value:g}", size="sm", min_width=60) for value in EPSILONS]
    with gr.Accordion("Settings of the defence", open=False, visible=False, elem_id="defence-more") as more:
        fields["delta"] = gr.Number(DELTA, label=f"Delta (at most {LARGEST_DELTA:g})", step=1e-7)
        fields["noise_draws"] = gr.Slider(
            1,
            DRAWS_MOST,
            1,
            step=1,
            label="Noise multiplicity K",
            info="Draws of noise for each photo and step, averaged before clipping: no privacy lost, K times the time.",
        )
        fields["accountant"] = gr.Dropdown(ACCOUNTANTS, value="rdp", label="Accountant")
        fields[SECURE] = gr.Checkbox(
            False, label="Cryptographically secure noise", info="From the operating system's own source; slower."
        )
    inner = [fields[name] for name in DEFENCE_SETTINGS if name != "epsilon"]
    return DefenceFields(fields, presets, [explanation, budget, more, *inner])


def wire_defence_fields(made: DefenceFields) -> None:
    """Wire what the choice shows, and the presets of epsilon."""
    made.fields["defence"].change(
        visible,
        made.fields["defence"],
        list(made.shown),
        api_visibility="private",
        show_progress="hidden",
        queue=False,
    )
    for button, value in zip(made.presets, EPSILONS, strict=True):
        button.click(
            partial(float, value),
            None,
            made.fields["epsilon"],
            api_visibility="private",
            show_progress="hidden",
            queue=False,
        )


def visible(key: object) -> list[Any]:
    """Updates of :attr:`DefenceFields.shown` for a choice."""
    kind = DEFENCES[key] if isinstance(key, str) and key in DEFENCES else NoDefence
    inner = [setting in kind.model_fields for name, setting in DEFENCE_SETTINGS.items() if name != "epsilon"]
    return [
        gr.HTML(explain(kind)),
        gr.Column(visible=kind.has_epsilon),
        gr.Accordion(visible=any(inner)),
        *(gr.update(visible=shown) for shown in inner),
    ]


def explain(kind: type[Defence]) -> Markup:
    """A defence's explanation, told to screen readers when it changes."""
    return pictures.piece("explanation", kind.explanation)

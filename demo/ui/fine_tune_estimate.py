"""The line that says what fine-tuning will cost, or why this machine cannot do it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.components import Component
from markupsafe import Markup

from demo.errors import DemoError
from demo.session.forms import find, lora_settings
from demo.session.services import Services
from demo.ui.components import pictures

COSTLY = ("base", "steps", "prior", "rank", "text_encoder", "class_images", "sample_every")  # what the cost depends on


def wire_estimate(fields: Mapping[str, Component], line: gr.HTML, services: Services) -> None:
    """Keep the line up to date, from the moment the page is there.

    Args:
        fields: by name; those of :data:`COSTLY` are among them.
    """
    chosen = [fields[name] for name in COSTLY]

    def estimated(*values: Any) -> Markup:
        return words(services, dict(zip(COSTLY, values, strict=True)))

    gr.on(
        None,  # when the page has loaded, and whenever a field changes
        estimated,
        chosen,
        line,
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="always_last",
        concurrency_id="estimate",
        concurrency_limit=1,
    )


def words(services: Services, values: Mapping[str, Any]) -> Markup:
    """The line, as HTML."""
    try:
        base = find(services, values["base"])
        line = services.estimate(base, lora_settings(base, values))
        return pictures.note(line) if line else Markup("")
    except DemoError as error:
        return pictures.note(str(error), "bad")

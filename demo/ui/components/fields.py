"""Fields that Gradio has not."""

from __future__ import annotations

import gradio as gr


def optional_number(label: str, elem_id: str | None = None) -> gr.Textbox:
    """A number that may be left empty. Gradio's own field sends 0 for nothing as soon as a browser shows it.

    Its text is for :func:`demo.session.forms.number`.
    """
    return gr.Textbox("", label=label, lines=1, max_lines=1, elem_id=elem_id)

"""Look: system fonts, calm colours, both schemes. Nothing is fetched from elsewhere."""

from __future__ import annotations

import gradio as gr

THEME = gr.themes.Default(
    primary_hue=gr.themes.colors.blue,
    neutral_hue=gr.themes.colors.stone,
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
)

# Bars, whiskers and lines are demo.report.figures'. Colour never stands alone: words say the same.
CSS = """
.gradio-container{--ll-leak:#a3301f;--ll-kept:#2c6a45;--ll-bar:#3b6ea5;--ll-control:#8d8a84}
.dark .gradio-container,.gradio-container.dark,.dark{--ll-leak:#ff9a85;--ll-kept:#8fd0a8;--ll-bar:#7fb0e0}
"""

"""The Compare tab: the verdict, every row of pictures, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from demo.session import story_jobs
from demo.session.forms import order
from demo.session.services import Services
from demo.session.visitors import Visitor
from demo.ui.comparison import build_comparison
from demo.ui.components import pictures
from demo.ui.page import Facet, Live, Updates, View

INTRO = (
    "How near does the reconstruction come to the person? The victim's own pictures are measured in the same way, "
    "and so are controls that hold nothing of the person."
)


@dataclass(frozen=True)
class CompareTab:
    """Components that events are wired to, and what is kept up to date."""

    fields: Mapping[str, Component]
    start: gr.Button
    facets: Sequence[Facet]


def build_compare_tab(services: Services, *, results: bool = True) -> CompareTab:
    """Lay out the tab inside the current container.

    Args:
        results: whether they are shown here.
    """
    del services
    gr.Markdown(INTRO)
    include = gr.Checkbox(
        False,
        label="Put my photos into report.html, too",
        info="Whoever gets the report then sees them.",
        elem_id="include",
    )
    more = gr.Checkbox(
        False,
        label="Also metrics that are downloaded first (FaceNet, CLIP-L, DINO)",
        info="1.9 GB, once. What cannot be downloaded is listed as not measured.",
        elem_id="more-metrics",
    )
    start = gr.Button("Compare", variant="primary", elem_id="compare")
    needs = gr.HTML(elem_id="needs")
    if not results:
        gr.Markdown("The result stands above, under *How sure is this?*", elem_classes="ll-small")
    shown = (build_comparison(),) if results else ()

    def draw_needs(view: View) -> Updates:
        lacking = _lacking(view)
        said = lacking or _takes(view)
        ready = not view.active and not lacking
        return {start: gr.Button(interactive=ready), needs: pictures.html(pictures.note(said) if said else "")}

    facets = (
        *shown,
        Facet("compare button", lambda v: (v.active, _lacking(v), _takes(v)), draw_needs, [start, needs]),
    )
    return CompareTab({"include_photos": include, "more_metrics": more}, start, facets)


def wire_compare_tab(tab: CompareTab, services: Services, live: Live, more: Mapping[str, Component]) -> None:
    """Wire the tab's events.

    Args:
        more: the other tabs' fields that an order needs.
    """
    fields = {**more, **tab.fields}

    def begin(visitor: Visitor, *values: Any) -> None:
        made = order(services, dict(zip(fields, values, strict=True)))
        story_jobs.begin(services, visitor, "Comparison", story_jobs.comparing(services, visitor, made))

    live.on(tab.start.click, begin, fields, api_name="compare")


def _lacking(view: View) -> str:
    released = view.desk.released
    if released is None:
        return "A LoRA file is needed first: fine-tune one, or upload one in the Attack tab."
    if not view.desk.kept and not view.desk.photos.shots:
        return "Photos to compare with are needed: load them first."
    return ""


def _takes(view: View) -> str:
    """Which photos a comparison takes, where they are not those that are loaded."""
    released = view.desk.released
    if released is None or not view.desk.kept or not view.desk.older(released.source):
        return ""
    return "Compare takes the photos that the file was made from, not those that are loaded now."

"""The Attack tab: what the adversary sees of the file, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr
import pandas as pd
from gradio.components import Component
from markupsafe import Markup

from demo.attack.registry import ATTACKS, AttackSettings, without_encoder
from demo.report import Arm
from demo.session import lora_file, story_jobs
from demo.session.desk import Attacked, Desk, PhotoSource, Released
from demo.session.forms import find, order
from demo.session.services import Services
from demo.session.uploads import discard_upload
from demo.session.visitors import Visitor
from demo.ui import attack_metadata
from demo.ui.components import pictures
from demo.ui.components.fields import optional_number
from demo.ui.components.words import FILE_CONSENT
from demo.ui.page import Facet, Live, Updates, View
from demo.ui.uploads import uploaded

INTRO = (
    "The adversary has the public base model and the LoRA file: no photo, no trigger word, no prompt, no seed. "
    "An encoder reads the matrices and writes an embedding, from which the model draws; "
    "the base without the file guides the drawing, so that what the file changed stands out."
)
EXAMPLE = (
    "It was made from five pictures of one of the fictional people, who was drawn by lot. "
    "Attack it, and say whose face comes out; then load that person, and press Compare."
)
COLUMNS = ["Rank", "In", "Out", "Alpha", "|A|", "|B|", "|update|", "Layer"]
WIDTHS: list[str | int] = [60, 60, 60, 70, 75, 75, 85, 600]


@dataclass(frozen=True)
class AttackTab:
    """Components that events are wired to, and what is kept up to date."""

    upload: gr.File
    base: gr.Dropdown
    own: gr.Button
    example: gr.Button
    fields: Mapping[str, Component]
    start: gr.Button
    clean: gr.Button
    facets: Sequence[Facet]


def build_attack_tab(services: Services) -> AttackTab:
    """Lay out the tab inside the current container."""
    gr.Markdown(INTRO)
    before = gr.HTML(elem_id="attack-photos")
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=300):
            file = gr.HTML(elem_id="released")
            start = gr.Button("Attack", variant="primary", elem_id="attack")
            example = gr.Button("Take an example file", size="sm", elem_id="example-file")
            own = gr.Button("Back to my own file", size="sm", visible=False, elem_id="own-file")
            with gr.Accordion("Upload another file", open=False):
                gr.Markdown(FILE_CONSENT)
                base = gr.Dropdown(
                    [(known.title, key) for key, known in services.bases.items()],
                    value=services.default_base,
                    label="Base model that the file is for",
                    info="A change also applies to an uploaded file above, if it fits.",
                    elem_id="lora-base",
                )
                upload = gr.File(
                    file_types=[".safetensors"], label="LoRA file (.safetensors)", height=130, elem_id="lora-upload"
                )
            fields = _fields()
        with gr.Column(scale=3, min_width=300):
            drawn = gr.HTML(elem_id="reconstruction")
    matrices = gr.Dataframe(
        headers=COLUMNS,
        elem_id="matrices",
        label="All that the adversary sees: the layers and the norms of their matrices",
        column_widths=WIDTHS,
        interactive=False,
        max_height=420,
        visible=False,
    )
    said = gr.HTML(elem_id="metadata-leak")
    with gr.Row():
        clean = gr.Button("Make a clean copy", size="sm", visible=False, elem_id="clean")
        download = gr.DownloadButton("Download the clean copy", size="sm", visible=False, elem_id="download-clean")

    def draw_file(view: View) -> Updates:
        released = view.desk.released
        return {
            file: _file_html(released, services),
            matrices: gr.Dataframe(value=None if released is None else layers(released), visible=released is not None),
            said: pictures.html(_said_html(view.desk)),
        }

    def draw_clean(view: View) -> Updates:
        cleaned = view.desk.cleaned
        return {
            clean: gr.Button(visible=_cleanable(view.desk) and cleaned is None),
            download: gr.DownloadButton(
                visible=cleaned is not None, value=None if cleaned is None else str(cleaned.path)
            ),
        }

    def draw_pictures(view: View) -> Updates:
        attacked = view.desk.attacked
        if attacked is None:
            return {drawn: pictures.html("")}
        made = attacked.reconstruction
        entry = ATTACKS[made.attack]
        arm = Arm(made.attack, f"Reconstruction: {entry.title.lower()}", entry.explanation, made.pictures, made.best)
        return {drawn: pictures.html(pictures.arm_row(arm, wrap=True) + _without_encoder(attacked, services))}

    def source(view: View) -> PhotoSource | None:
        return None if view.desk.released is None else view.desk.released.source

    facets = (
        Facet(
            "attack photos",
            lambda view: (view.desk.older(source(view)), source(view)),
            lambda view: {before: pictures.html(pictures.older(view.desk, source(view)))},
            [before],
        ),
        Facet("released", _files, draw_file, [file, matrices, said]),
        Facet(
            "clean copy",
            lambda v: (_cleanable(v.desk), v.desk.cleaned and v.desk.cleaned.number),
            draw_clean,
            [clean, download],
        ),
        Facet("attacked", lambda v: v.desk.attacked and v.desk.attacked.number, draw_pictures, [drawn]),
        Facet(
            "attack button",
            _ready,
            lambda view: {start: gr.Button(interactive=_ready(view))},
            [start],
        ),
        Facet(
            "example file",
            lambda view: (view.active, _offered(view, services)),
            lambda view: {example: gr.Button(visible=_offered(view, services), interactive=not view.active)},
            [example],
        ),
        Facet(
            "choice of the file",
            lambda view: (view.active, view.desk.uploaded and view.desk.tuned is not None),
            lambda view: {
                base: gr.Dropdown(interactive=not view.active),
                own: gr.Button(visible=view.desk.uploaded and view.desk.tuned is not None, interactive=not view.active),
            },
            [base, own],
        ),
    )
    return AttackTab(upload, base, own, example, fields, start, clean, facets)


def wire_attack_tab(tab: AttackTab, services: Services, live: Live, more: Mapping[str, Component]) -> None:
    """Wire the tab's events.

    Args:
        more: the Fine-tune tab's base, which fills an order's other settings.
    """

    def take(visitor: Visitor, file: Any, key: Any) -> None:
        if not file:
            return
        path, name = uploaded(file)
        try:
            lora_file.take_file(services, visitor, path, name, find(services, key).key)
        finally:
            discard_upload(path)

    def take_for(visitor: Visitor, key: Any) -> list[str]:
        return lora_file.take_for(services, visitor, find(services, key).key)

    fields = {**more, **tab.fields}

    def begin(visitor: Visitor, *values: Any) -> None:
        made = order(services, dict(zip(fields, values, strict=True)))
        story_jobs.begin(services, visitor, "Attack", story_jobs.attacking(services, visitor, made))

    live.on(
        tab.upload.upload,
        take,
        {"file": tab.upload, "base": tab.base},
        clear=[tab.upload],
        api_name="add_lora",
        preprocess=False,
    )
    live.on(tab.base.input, take_for, {"base": tab.base})
    live.on(tab.own.click, partial(lora_file.take_own, services))
    live.on(tab.example.click, partial(lora_file.take_example, services), api_name="take_example")
    live.on(tab.start.click, begin, fields, api_name="attack")
    live.on(tab.clean.click, lora_file.clean, api_name="clean_copy")


def layers(released: Released) -> pd.DataFrame:
    """One line a layer: sizes and Frobenius norms of A, B and the update that they make."""
    lines = []
    for module in released.lora.modules():
        a, b = released.lora.matrices(module)
        # |s B A| from the two small Gram matrices, without the large product.
        gram = float(((b.float().T @ b.float()) * (a.float() @ a.float().T)).sum())
        update = released.lora.scale(module) * max(gram, 0.0) ** 0.5
        norms = [float(f"{norm:.3g}") for norm in (float(a.float().norm()), float(b.float().norm()), update)]
        lines.append([a.shape[0], a.shape[1], b.shape[0], released.lora.alphas[module], *norms, module])
    return pd.DataFrame(lines, columns=COLUMNS)


def _fields() -> dict[str, Component]:
    default = AttackSettings()
    untrained = [entry.title.lower() for entry in ATTACKS.values() if not entry.needs_encoder]
    fields: dict[str, Component] = {"samples": gr.Slider(1, 16, default.samples, step=1, label="Pictures")}
    with gr.Accordion("More settings", open=False):
        fields["method"] = gr.Dropdown(
            [(_whichever(), ""), *((entry.title, key) for key, entry in ATTACKS.items())],
            value="",
            label="Attack",
            info=f"These need no training, and work on every base: {', '.join(untrained)}.",
            elem_id="method",
        )
        fields["sampling_steps"] = optional_number("Sampling steps (empty: the base's own)", "sampling-steps")
        fields["guidance"] = optional_number("Guidance (empty: the base's own)", "guidance")
        fields["extrapolate"] = gr.Checkbox(
            default.extrapolate,
            label="Guide by the public model: amplify what the file changes (FineXtract)",
            elem_id="extrapolate",
        )
        fields["attack_seed"] = gr.Number(default.seed, label="Seed", precision=0)
    return fields


def _whichever() -> str:
    """What is run where no attack is chosen."""
    first, *others = (entry.title for entry in ATTACKS.values() if entry.leads)
    return f"{first}; {others[0].lower()} on a base without one"


def _file_html(released: Released | None, services: Services) -> Markup:
    if released is None:
        ways = "or upload one" if services.example is None else "upload one, or take the example"
        return pictures.note(f"No file yet: fine-tune one, {ways}.")
    origin = "an example" if released.example else "uploaded"
    if released.trigger is not None:
        origin = "made here"
    numbers = sum(tensor.numel() for tensor in released.lora.tensors.values())
    text = (
        f"{released.name}, {origin}: {pictures.size(released.size)}, "
        f"{len(released.lora.modules())} layers, {len(released.lora.tensors)} matrices, {numbers:,} numbers, "
        f"for {services.bases[released.base_key].title}."
    )
    counted = "" if released.counted is None else pictures.note(released.counted.sentence)
    notes = [pictures.note(text) for text in (released.lora.assumption, released.noise) if text is not None]
    whose = pictures.note(EXAMPLE) if released.example else ""
    return pictures.note(text, "good") + whose + Markup("").join(notes) + counted


def _files(view: View) -> tuple[int | None, int | None]:
    """Numbers of the files that the tab shows."""
    released, refused = view.desk.released, view.desk.refused
    return None if released is None else released.number, None if refused is None else refused.number


def _cleanable(desk: Desk) -> bool:
    return desk.released is not None or desk.refused is not None


def _said_html(desk: Desk) -> Markup | str:
    """What the last upload says by itself, or the file on the desk."""
    if desk.refused is not None:
        why = (
            f"{desk.refused.problem} So it is not attacked. This is what its header says, and a clean copy can be made."
        )
        return pictures.note(why, "bad") + attack_metadata.panel(desk.refused.said, desk.refused.metadata)
    if desk.released is None:
        return ""
    return attack_metadata.panel(desk.released.said, desk.released.lora.metadata)


def _without_encoder(attacked: Attacked, services: Services) -> Markup:
    said = without_encoder(services.bases[attacked.released.base_key])
    return Markup("") if said is None else pictures.note(said)


def _offered(view: View, services: Services) -> bool:
    released = view.desk.released
    return services.example is not None and not (released is not None and released.example)


def _ready(view: View) -> bool:
    return not view.active and view.desk.released is not None

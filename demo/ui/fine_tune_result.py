"""What fine-tuning made: the file, its card, its trigger word and its ledger, at the foot of the Fine-tune tab."""

from __future__ import annotations

from html import escape

import gradio as gr

from demo.defences.release import card_path
from demo.session.services import Services
from demo.ui.components import ledger, pictures
from demo.ui.page import Facet, Updates, View

TUNING, STORY = TITLES = ("Fine-tuning", "The whole story")  # of the jobs that make a file


def build_result(services: Services) -> Facet:
    """Lay it out inside the current container."""
    words = gr.HTML(elem_id="tuned")
    with gr.Row():
        download = gr.DownloadButton("Download the LoRA file", visible=False, elem_id="download-lora")
        card = gr.DownloadButton("Download its model card", visible=False, elem_id="download-card")
        proof = gr.DownloadButton("Download the ledger", visible=False, elem_id="download-ledger")
    spent = gr.HTML(elem_id="ledger")

    def draw(view: View) -> Updates:
        tuned = view.desk.tuned
        if tuned is None:
            hidden = gr.DownloadButton(visible=False, value=None)
            return {words: pictures.html(""), spent: pictures.html(""), download: hidden, card: hidden, proof: hidden}
        base = services.bases[tuned.base_key]
        stopped = ", stopped early" if tuned.stopped else ""
        before = "Of the run before. " if _tuning_again(view) else ""
        text = f"{before}{tuned.name}: {pictures.size(tuned.size)}, {tuned.steps} steps{stopped}, for {base.title}."
        secret = (
            '<p class="ll-note">Secret trigger word, in no file: '
            f"<code>{escape(tuned.trigger or '')}</code>. <strong>This stays with you.</strong></p>"
        )
        shared = pictures.note("The file alone is what people share, and what the attack gets.")
        older = pictures.older(view.desk, tuned.source)
        return {
            words: pictures.html(f"{older}{pictures.note(text, 'good')}{secret}{shared}"),
            spent: pictures.html("" if tuned.ledger is None else ledger.card(tuned.ledger)),
            download: gr.DownloadButton(visible=True, value=str(tuned.path)),
            card: gr.DownloadButton(visible=True, value=str(card_path(tuned.path))),
            proof: gr.DownloadButton(
                visible=tuned.ledger is not None,
                value=None if tuned.ledger is None else str(tuned.path.with_suffix(".ledger.json")),
            ),
        }

    def stamp(view: View) -> tuple[int, bool, bool] | None:
        tuned = view.desk.tuned
        return None if tuned is None else (tuned.number, _tuning_again(view), view.desk.older(tuned.source))

    return Facet("tuned", stamp, draw, [words, spent, download, card, proof])


def _tuning_again(view: View) -> bool:
    """Whether a job runs that has yet to replace the file."""
    job, tuned = view.job, view.desk.tuned
    return view.active and job is not None and job.title in TITLES and tuned is not None and tuned.job != job.id

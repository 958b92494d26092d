from __future__ import annotations

import gradio as gr
import pytest
from fake_services import fake_services
from fake_story import FakeStory
from fake_sweep import PLAN
from markupsafe import escape

from demo.session.visitors import CLOSED_S, IDLE_S
from demo.ui.assembly import FOOTER, HEADER, HONESTY, build_app
from demo.ui.components.translations import I18N, t
from demo.ui.components.words import FILE_CONSENT, WORDS, words

CONSENT = I18N.translations["en"]["consent.upload"]


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> gr.Blocks:
    return build_app(fake_services(tmp_path_factory.mktemp("visitors"), FakeStory()))


def closed(block: object) -> list[str]:
    """Labels of the closed accordions that a block lies in."""
    found = []
    while (block := getattr(block, "parent", None)) is not None:
        if isinstance(block, gr.Accordion) and not block.open:
            found.append(str(block.label))
    return found


def test_where_photos_go_and_when_they_are_deleted() -> None:
    for said in (
        "go to the machine that runs this app",
        "Hugging Face",
        f"{CLOSED_S // 60} minutes after you close",
        f"{IDLE_S // 60} minutes without use",
        "a job of yours waits or runs",
        "report.html",
        "your own machine",
    ):
        assert said in HEADER.replace("\n", " "), said
    words = " ".join((HEADER + HONESTY + FOOTER + CONSENT).split())
    for untrue in ("No photo is kept", "nothing is sent elsewhere", "in memory alone"):
        assert untrue not in words
    assert f"closed for {CLOSED_S // 60} minutes, these data are deleted as soon as somebody else waits" in words
    assert "go to the machine that runs this app" in CONSENT
    assert "Hugging Face" in CONSENT


@pytest.mark.parametrize(
    ("sentence", "upload", "hidden_in"),
    [(str(t("consent.upload")), gr.Files, []), (FILE_CONSENT, gr.File, ["Upload another file"])],
)
def test_consent_is_asked_for_before_an_upload(
    blocks: gr.Blocks, sentence: str, upload: type[gr.File], hidden_in: list[str]
) -> None:
    said = next(b for b in blocks.blocks.values() if isinstance(b, gr.Markdown) and str(b.value) == sentence)
    taken = next(b for b in blocks.blocks.values() if type(b) is upload)
    assert closed(said) == closed(taken) == hidden_in  # as easily seen as the upload itself
    assert said._id < taken._id
    assert "minors" in (CONSENT if "consent.upload" in sentence else sentence)


def test_the_words_used_are_explained(blocks: gr.Blocks) -> None:
    assert "A *LoRA* is a small file" in HEADER
    for word in ("LoRA", "Trigger word", "DreamBooth", "Class prompt", "Decoys", "Prior preservation"):
        assert word in WORDS
    assert all(meaning.endswith(".") and meaning.count(". ") == 0 for meaning in WORDS.values())
    shown = next(b for b in blocks.blocks.values() if isinstance(b, gr.Markdown) and b.value == words())
    assert closed(shown) == ["Words used here"]


def test_every_defence_that_can_be_ticked_is_explained(blocks: gr.Blocks) -> None:
    (listed,) = [b for b in blocks.blocks.values() if isinstance(b, gr.HTML) and b.elem_id == "plan-words"]
    for kind in {type(defence) for defence in PLAN}:
        assert escape(kind.title) in str(listed.value)
        assert escape(kind.explanation) in str(listed.value)
    assert closed(listed) == []

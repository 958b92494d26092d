"""In which language a browser reads the stage's texts: what Gradio's page makes of them, in Chromium."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
import pytest

from demo.texts.languages import LANGUAGES
from demo.ui.components.translations import HEAD, I18N, t

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PATIENCE_MS = 60_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_spec("playwright") is None, reason="Playwright is missing: pip install playwright"),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is missing: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with gr.Blocks(analytics_enabled=False) as page:
        gr.Markdown(t("stage.title"), elem_id="title")
        gr.HTML(t("consent.upload"), elem_id="consent")
        with gr.Accordion(t("stage.sure"), elem_id="sure"):
            start = gr.Button(t("stage.start"), elem_id="start")
            drawn = gr.HTML(elem_id="drawn")
        start.click(lambda: t("stage.photos.none"), None, drawn)
    _, address, _ = page.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, ssr_mode=False, i18n=I18N, head=HEAD
    )
    yield address
    page.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        (["en-GB"], "en"),
        (["de-AT", "en"], "de"),
        (["fr-CA"], "fr"),
        (["es-419", "es"], "es"),
        (["zh-CN"], "zh"),
        (["zh-TW"], "zh"),
        (["zh-HK"], "zh"),  # Gradio itself would take English
        (["it", "de"], "de"),  # the same
        (["it"], "en"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_a_browser_reads_the_first_of_its_languages_that_there_is(
    browser: Browser, url: str, asked: list[str], key: str
) -> None:
    texts = LANGUAGES[key].texts
    context = browser.new_context(locale=asked[0])
    context.add_init_script(f"Object.defineProperty(navigator, 'languages', {{get: () => {json.dumps(asked)}}})")
    try:
        page = context.new_page()
        page.goto(url)
        page.get_by_text(texts["stage.start"], exact=True).wait_for(timeout=PATIENCE_MS)
        assert page.locator("#title").inner_text() == texts["stage.title"]
        assert texts["stage.sure"] in page.locator("#sure").inner_text()
        assert page.locator("#consent").inner_text() == I18N.translations[key]["consent.upload"]
        page.locator("#start").click()
        page.get_by_text(texts["stage.photos.none"], exact=True).wait_for(timeout=PATIENCE_MS)
    finally:
        context.close()

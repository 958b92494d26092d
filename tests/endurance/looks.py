"""Every mode of the real app in Chromium: pictures to look at, seconds, clicks and words."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.session.modes import MODES
from tests.endurance.app_process import PERSON, AppProcess
from tests.fakes.browser_app import CHROMIUM, OPTIONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = (1280, 390)
HEIGHT = 850
SCHEMES = ("light", "dark")
PATIENCE_MS = 900_000.0
SETTLE_MS = 1200  # a fade, a picture that is decoded


def run(out: Path, modes: Sequence[str]) -> dict[str, Any]:
    """Look at each mode, and print a line about it."""
    from playwright.sync_api import sync_playwright

    out.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        for mode in modes or MODES:
            with AppProcess(arguments=("--mode", mode)) as app:
                app.wait()
                found[mode] = made = _look(browser, app.url, mode, out)
            print(f"{mode}: {made}", flush=True)
        browser.close()
    return {"kind": "looks", "passed": all(not made["faults"] for made in found.values()), **found}


def _look(browser: Browser, url: str, mode: str, out: Path) -> dict[str, Any]:
    faults: list[str] = []
    page = browser.new_context(viewport={"width": SIZES[0], "height": HEIGHT}).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: faults.append(str(error)))
    clicks, began = 0, time.monotonic()
    page.goto(url)
    if mode == "booth":
        page.locator("#attract .slide.on").wait_for()
        _shoot(page, out, f"{mode}-0")
        began = time.monotonic()  # a visitor's time begins with the touch
        page.mouse.click(300, 300)
        clicks = 1
    first = page.get_by_role("button", name=PERSON) if mode == "lab" else page.locator("#frame-photos img").first
    first.wait_for()
    page_s = time.monotonic() - began
    words = _words(page)
    _shoot(page, out, f"{mode}-1")
    began = time.monotonic()
    if mode == "lab":
        first.click()
        page.locator("#photos img").first.wait_for()
        page.locator("#story").click()
        clicks += 2
        page.locator("#verdict h3").wait_for()
    else:
        page.locator("#begin").click()
        clicks += 1
        page.locator("#frame-drawn img").first.wait_for()
        _shoot(page, out, f"{mode}-2", sizes=SIZES[:1])
        page.locator("#says .ll-says").wait_for()
    story_s = time.monotonic() - began
    _shoot(page, out, f"{mode}-3", whole=True)
    if mode == "class":
        page.goto(f"{url}teacher")
        page.get_by_text(re.compile("has joined|have joined")).wait_for()  # the last that it gets
        _shoot(page, out, f"{mode}-teacher", whole=True)
    elif mode != "lab":
        page.locator("#sure > button").click()
        page.locator("#comparison .ll-columns section").first.wait_for()
        _shoot(page, out, f"{mode}-4", whole=True)
    page.context.close()
    return {
        "page_s": round(page_s, 1), "verdict_s": round(page_s + story_s, 1), "clicks": clicks, "words": words,
        "faults": faults,
    }  # fmt: skip


def _words(page: Page) -> int:
    return len([word for word in page.locator("body").inner_text().split() if re.search(r"\w", word)])


def _shoot(page: Page, out: Path, name: str, *, sizes: Sequence[int] = SIZES, whole: bool = False) -> None:
    for width in sizes:
        for scheme in SCHEMES:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.wait_for_timeout(SETTLE_MS)
            page.screenshot(path=out / f"{name}-{width}-{scheme}.png", full_page=whole)
    page.set_viewport_size({"width": SIZES[0], "height": HEIGHT})
    page.emulate_media(color_scheme="light")

"""The stage in a real browser: every mode over a fake story. LORA_LEAK_SHOTS=DIR keeps screenshots."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser_app import CHROMIUM, Visit, shoot

from demo.texts.languages import LANGUAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_spec("playwright") is None, reason="Playwright is missing: pip install playwright"),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is missing: apt-get install chromium"),
]
FRAME = "#frame-photos img"
SIZES = pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
MOST_WORDS = 60  # on the first screen


def told(page: Page) -> None:
    """One click, and the verdict."""
    page.locator("#begin").click()
    page.locator("#says .ll-says").wait_for()


def faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@SIZES
def test_one_click_tells_the_story_in_three_frames(visit: Visit, width: int, scheme: str) -> None:
    page = visit(width, scheme, mode="space", ready=FRAME)
    shoot(page, f"space-{width}-{scheme}-1", whole=False)
    assert page.locator("#frame-photos .mosaic").count() == 1
    page.locator("#begin").click()
    page.locator("#frame-file .making").wait_for()
    page.locator("#frame-drawn .wall.live img").first.wait_for()
    page.locator("#gauges dd").first.wait_for()
    shoot(page, f"space-{width}-{scheme}-2", whole=False)
    page.locator("#says .ll-says.leaked").wait_for()
    page.locator("#frame-file .matrices img").wait_for()
    shoot(page, f"space-{width}-{scheme}-3")
    page.locator("#sure > button").click()
    page.locator("#comparison .ll-columns section").first.wait_for()
    assert page.locator("#comparison .ll-columns section").count() == 7  # the photos are hidden still
    shoot(page, f"space-{width}-{scheme}-4")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert page.locator("img:not([alt])").count() == 0


def test_the_first_screen_has_few_words(visit: Visit) -> None:
    page = visit(mode="space", ready=FRAME)
    words = [word for word in page.locator("body").inner_text().split() if re.search(r"\w", word)]
    assert len(words) < MOST_WORDS, words


def test_a_guess_shows_the_photos_and_the_tally(visit: Visit) -> None:
    page = visit(mode="space", ready=FRAME)
    told(page)
    page.locator("#suspect-3").click()
    page.locator(".suspect.answer").wait_for()
    assert "Right" in page.locator("#line-up .asked").inner_text()
    assert "chance is one in six" in page.locator("#line-up .asked").inner_text()
    assert page.locator("#frame-photos .mosaic").count() == 0
    assert page.locator("#suspect-1").is_disabled()
    page.locator("#sure > button").click()
    page.get_by_text("human measure").first.wait_for()
    assert page.locator("#comparison .ll-columns section").count() == 8


def test_the_photos_can_be_looked_at_and_the_line_up_skipped(visit: Visit) -> None:
    page = visit(mode="space", ready=FRAME)
    page.locator("#show").click()
    page.locator("#frame-photos .wall:not(.mosaic)").wait_for()
    told(page)
    page.locator("#skip").click()
    page.locator("#line-up").wait_for(state="hidden")


def test_the_whole_story_by_keyboard(visit: Visit) -> None:
    page = visit(mode="space", ready=FRAME)

    def go_to(key: str) -> None:
        for _ in range(60):
            if page.evaluate("document.activeElement.closest('[id]')?.id") == key:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{key} cannot be reached")

    go_to("begin")
    page.keyboard.press("Enter")
    page.locator("#says .ll-says").wait_for()
    go_to("suspect-3")
    page.keyboard.press("Enter")
    page.locator(".suspect.answer").wait_for()
    page.locator("#sure > button").focus()
    page.keyboard.press("Enter")
    page.locator("#comparison .ll-columns").wait_for()
    page.locator(".ll-slider input").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".ll-slider").evaluate("e => e.style.getPropertyValue('--at')") == "51%"


@pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="pip install axe-playwright-python")
@SIZES
def test_axe_finds_nothing_serious(visit: Visit, width: int, scheme: str) -> None:
    page = visit(width, scheme, mode="space", ready=FRAME, reduced_motion="reduce")
    assert faults(page) == []
    told(page)
    page.locator("#sure > button").click()
    page.locator("#own > button").click()
    page.locator("#about > button").click()
    page.locator("#comparison .ll-columns").wait_for()
    assert faults(page) == []


@pytest.mark.parametrize("key", LANGUAGES)
def test_the_story_in_every_language(visit: Visit, key: str) -> None:
    locale = {"zh": "zh-CN"}.get(key, key)
    page = visit(mode="space", ready=FRAME, locale=locale)
    language = LANGUAGES[key]
    page.get_by_role("button", name=language.say("stage.start"), exact=True).wait_for()
    assert page.locator("h1").inner_text() == language.say("stage.title")
    told(page)
    assert language.say("story.word.leaked") in page.locator("#says").inner_text()
    page.locator("#suspect-3").click()
    page.locator(".suspect.answer").wait_for()
    assert language.say("stage.line_up.right") in page.locator("#line-up").inner_text()
    shoot(page, f"language-{key}")


def test_a_stand_invites_warns_and_wipes(visit: Visit) -> None:
    page = visit(mode="booth", ready="#attract .cover")
    assert page.locator("#attract .cover").is_visible()
    shoot(page, "booth-1-attract", whole=False)
    page.mouse.click(300, 300)
    page.locator("#attract .cover").wait_for(state="hidden")
    told(page)
    page.locator("#suspect-3").click()
    page.locator(".suspect.answer").wait_for()
    shoot(page, "booth-2-story", whole=False)
    page.locator("#attract .warning", has_text=re.compile(r"\d+ s")).wait_for()
    shoot(page, "booth-3-warning", whole=False)
    page.mouse.click(5, 5)  # still there
    page.locator("#attract .warning").wait_for(state="hidden")
    page.locator("#attract .cover").wait_for()  # gone: all is wiped and the page is new
    page.mouse.click(300, 300)
    page.locator(FRAME).first.wait_for()
    assert page.locator("#frame-photos .mosaic").count() == 1
    assert page.locator("#says .ll-says").count() == 0


def test_a_class_fills_the_teachers_plane(visit: Visit) -> None:
    teacher = visit(mode="class", path="teacher", ready="#join img")
    pupils = [visit(mode="class", ready="#seat .ll-note") for _ in range(3)]
    assert len({pupil.locator("#seat").inner_text() for pupil in pupils}) == 3
    assert pupils[0].locator("#own").count() == 0  # a class brings no photos
    for pupil in pupils:
        pupil.locator("#begin").click()
    for pupil in pupils:
        pupil.locator("#says .ll-says").wait_for()
        pupil.locator("#suspect-3").click()
        pupil.locator(".suspect.answer").wait_for()
    teacher.locator("#class-said", has_text="3 of 3 guesses here were right").wait_for()
    assert teacher.locator("#board circle").count() == 3
    shoot(teacher, "class-teacher", whole=False)
    shoot(pupils[1], "class-pupil")
    with teacher.expect_download() as download:
        teacher.locator("#handout").click()
    page = Path(download.value.path()).read_text(encoding="utf-8")
    assert "<svg" in page
    assert page.count("<li>") == 6

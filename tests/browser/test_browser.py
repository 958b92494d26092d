"""The app in a real browser: Playwright drives Debian's Chromium. LORA_LEAK_SHOTS=DIR keeps screenshots."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser_app import CHROMIUM, Visit, shoot
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_spec("playwright") is None, reason="Playwright is missing: pip install playwright"),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is missing: apt-get install chromium"),
]


def load_person(page: Page) -> None:
    page.get_by_role("button", name="Anouk Quistrow").click()
    page.locator("#photos img").first.wait_for()


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_whole_story_switches_tabs_and_fits_the_screen(visit: Visit, width: int, scheme: str) -> None:
    page = visit(width, scheme)
    shoot(page, f"{width}-1-empty")
    assert page.locator("#story").is_disabled()
    load_person(page)
    assert "does not exist" in page.locator("#photos").inner_text()
    shoot(page, f"{width}-2-photos")
    page.locator("#story").click()
    page.locator("#loss svg").wait_for()
    page.locator("#sample img").wait_for()
    assert page.locator("#stop").is_visible()
    shoot(page, f"{width}-3-running")
    page.locator("#verdict h3").wait_for()  # in the Compare tab, which the story has opened
    assert "Leak" in page.locator("#verdict .word").inner_text()
    assert page.locator("#comparison .ll-columns section").count() == 8
    assert page.locator("#comparison svg.bars").count() == 2
    assert page.locator("#comparison img:not([alt])").count() == 0
    shoot(page, f"{width}-6-compare")
    tab(page, "2 Attack")
    page.locator("#reconstruction .best").wait_for()
    assert "unet.mid_block" in page.locator("#matrices").inner_text()
    shoot(page, f"{width}-5-attack")
    tab(page, "1 Fine-tune")
    assert "quorvex" in page.locator("#tuned").inner_text()
    assert "This stays with you" in page.locator("#tuned").inner_text()
    shoot(page, f"{width}-4-tuned")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    with page.expect_download() as download:
        page.locator("#download-lora").click()
    assert download.value.suggested_filename == "lora.safetensors"
    assert Path(download.value.path()).read_bytes()[8:9] == b"{"
    with page.expect_download() as download:
        page.locator("#download-card").click()
    assert download.value.suggested_filename == "lora.card.md"
    assert "What this file can leak" in Path(download.value.path()).read_text(encoding="utf-8")


def test_a_reload_finds_the_job_again_and_stop_stops_it(visit: Visit) -> None:
    page = visit()
    load_person(page)
    page.locator("#steps input[type=number]").fill("2000")
    page.locator("#start").click()
    page.get_by_text(re.compile(r"fine-tune: \d+ of 2,000")).wait_for()
    page.reload()
    page.get_by_text(re.compile(r"fine-tune: \d+ of 2,000")).wait_for()
    assert page.locator("#photos img").count() == 8
    second = visit(context=page.context)  # another tab of the same browser
    second.get_by_text(re.compile(r"fine-tune: \d+ of 2,000")).wait_for()
    page.locator("#stop").click()
    page.locator(".ll-strip", has_text="Stopped").wait_for()
    page.locator("#download-lora").wait_for()  # what had been trained is kept
    assert page.locator("#stop").is_hidden()
    assert page.locator("#start").is_enabled()


def test_empty_fields_stay_empty_when_they_are_shown(visit: Visit) -> None:
    page = visit()
    page.get_by_text("More settings").first.click()
    seed = page.get_by_label("Seed (empty: random)").first
    seed.wait_for()
    assert seed.input_value() == ""
    tab(page, "2 Attack")
    page.get_by_text("More settings").nth(1).click()
    for name in ("Sampling steps", "Guidance"):
        field = page.get_by_label(f"{name} (empty: the base's own)")
        field.wait_for()
        assert field.input_value() == ""


def test_uploads_and_the_choice_of_a_face(visit: Visit, tmp_path: Path) -> None:
    page = visit(390, "light")
    files = []
    for name in ("a.jpg", "b.png", "two.jpg", "landscape.jpg"):
        files.append(tmp_path / name)
        Image.effect_noise((160, 160), 80).convert("RGB").save(files[-1])
    page.locator("input[type=file]").first.set_input_files(files)
    page.get_by_text("two.jpg shows 2 faces").wait_for()
    page.get_by_text("No face found in landscape.jpg").wait_for()
    assert page.locator("#story").is_disabled()
    shoot(page, "390-7-faces")
    page.get_by_label("Face 2").check()
    page.get_by_role("button", name="Take this face").click()
    page.get_by_text("3 photos ready").wait_for()
    assert page.locator("#story").is_enabled()
    page.locator("#remove").click()
    page.get_by_text("No photos yet").wait_for()


def test_the_camera(visit: Visit) -> None:
    page = visit()
    tab(page, "Camera")
    page.get_by_text("Click to Access Webcam").click()
    shutter = page.get_by_role("button", name="capture photo")
    shutter.wait_for()
    page.wait_for_function("(() => { const v = document.querySelector('video'); return v && v.videoWidth > 0 })()")
    shutter.click()
    page.get_by_text("1 photo ready. 2 more needed.").wait_for()


def test_a_bad_lora_is_explained(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    tab(page, "2 Attack")
    assert page.locator("#attack").is_disabled()
    page.get_by_text("Upload another file").click()
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 100)
    page.locator("#lora-upload input[type=file]").set_input_files(path)
    page.get_by_text("mine.safetensors is a ZIP archive").wait_for()
    shoot(page, "1280-7-bad-lora", whole=False)
    assert page.locator("#attack").is_disabled()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_whoever_has_no_file_attacks_the_example(visit: Visit, width: int, scheme: str) -> None:
    page = visit(width, scheme)
    tab(page, "2 Attack")
    page.locator("#example-file").click()
    page.get_by_text("one of the fictional people").wait_for()
    assert page.locator("#example-file").is_hidden()
    page.locator("#attack").click()
    page.locator("#reconstruction img").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    shoot(page, f"{width}-example")


def test_delete_my_data_empties_the_page_for_this_visitor_alone(visit: Visit) -> None:
    ann, bob = visit(), visit()
    load_person(ann)
    assert bob.locator("#photos img").count() == 0
    load_person(bob)
    ann.get_by_role("button", name="Delete my data").click()
    ann.get_by_text("have been deleted").wait_for()
    ann.get_by_text("No photos yet").wait_for()
    ann.reload()
    ann.get_by_text("No photos yet").wait_for()
    bob.reload()
    bob.locator("#photos img").first.wait_for()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_fine_tuning_with_a_defence_shows_its_ledger(visit: Visit, width: int, scheme: str) -> None:
    page = visit(width, scheme)
    load_person(page)
    assert page.locator("#epsilon").is_hidden()
    page.locator("#defence input").click()
    page.get_by_role("option", name="DP-SGD (DPDM)").click()
    page.locator("#defence-words", has_text="clipped").wait_for()
    page.get_by_role("button", name="ε = 2", exact=True).click()
    page.wait_for_function("document.querySelector('#epsilon input').value === '2'")
    page.get_by_text("Settings of the defence").click()
    page.get_by_label("Delta").fill("0.5")
    shoot(page, f"{width}-8-defence")
    page.locator("#start").click()
    page.get_by_text("must be at most 0.001").wait_for()
    page.get_by_label("Delta").fill("0.000001")
    page.locator("#start").click()
    page.get_by_text("spent: photo level").wait_for()
    page.locator("#ledger .word").wait_for()
    text = page.locator("#ledger").inner_text()
    assert "Proved" in text
    assert "PHOTO LEVEL" in text.upper()
    assert "PERSON LEVEL" in text.upper()
    page.get_by_text("Figures behind it").click()
    assert "Opacus RDP" in page.locator("#ledger").inner_text()
    shoot(page, f"{width}-9-ledger")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    with page.expect_download() as download:
        page.locator("#download-ledger").click()
    assert download.value.suggested_filename == "lora.ledger.json"
    assert json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["photo_epsilon"] <= 2


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_sweep_grows_stops_and_goes_on(visit: Visit, width: int, scheme: str) -> None:
    page = visit(width, scheme)
    tab(page, "Defend")
    assert page.locator("#sweep").is_disabled()
    shoot(page, f"{width}-10-defend-empty")
    tab(page, "1 Fine-tune")
    load_person(page)
    tab(page, "Defend")
    page.get_by_label("Rank truncation").uncheck()
    page.locator("#estimate", has_text="8 points: 6 fine-tunings").wait_for()
    page.locator("#sweep").click()
    page.locator("#sweep-state", has_text="1 of 8 points finished").wait_for()
    assert page.locator("#plane svg a").count() == 2  # a mark and its label
    shoot(page, f"{width}-11-defend-running")
    page.locator("#stop").click()
    page.locator(".ll-strip", has_text="Stopped").wait_for()
    page.locator("#sweep-state", has_text="Continue goes on").wait_for()
    page.reload()
    tab(page, "Defend")
    page.locator("#continue").click()
    page.locator("#sweep-state", has_text="9 of 9 points finished").wait_for()  # a reload ticks what is ticked at first
    page.locator("#sweep:enabled").wait_for()
    assert page.locator("#points .point").count() == 10  # chance is one
    assert page.locator("#points img:not([alt])").count() == 0
    assert page.locator("#points tbody[data-defence]").count() == 9
    page.locator("#plane svg a").last.click()
    assert page.locator("#points .point:target").count() == 1
    shoot(page, f"{width}-12-defend-done")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    with page.expect_download() as download:
        page.locator(".ll-swept", has_text="defend.csv").click()
    rows = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(rows) == 10
    page.locator("#delete").click()
    page.locator("#plane svg").wait_for(state="detached")
    page.get_by_text("Every defence becomes one point").wait_for()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_model_is_shaken_stopped_and_shaken_on(visit: Visit, width: int, scheme: str) -> None:
    page = visit(width, scheme)
    tab(page, "Shake")
    assert page.locator("#person-pictures img").count() == 30
    page.locator("#person input").click()
    page.get_by_role("option", name="Bela Quistrow").click()
    page.locator('#person-pictures img[alt^="Bela"]').first.wait_for()
    shoot(page, f"{width}-13-shake-empty")
    page.get_by_label("LoRA", exact=True).uncheck()
    page.locator("#shake-estimate", has_text="No fine-tuning method").wait_for()
    page.locator("#shake").click()
    page.get_by_text("No fine-tuning method is chosen").first.wait_for()
    page.get_by_label("LoRA", exact=True).check()
    page.get_by_label("Perturbation").check()
    page.locator("#shake-estimate", has_text="3 fine-tuned models").wait_for()
    page.locator("#shake").click()
    page.locator("#shake-state", has_text="1 of 3 fine-tuned models").wait_for()
    shoot(page, f"{width}-14-shake-running")
    page.locator("#stop").click()
    page.locator("#shake-state", has_text="Continue goes on").wait_for()
    page.locator("#continue-shake:enabled").click()
    page.locator("#shake-state", has_text="3 of 3 fine-tuned models").wait_for()
    page.locator("#shake:enabled").wait_for()
    assert "false positives" in page.locator("#roc-curves svg").text_content()
    assert "Bela Quistrow" in page.locator("#shaken .ll-verdict").inner_text()
    assert page.locator("#shaken .pair").count() == 2
    assert page.locator("#shaken tbody tr").count() == 4
    assert page.locator("#shaken img:not([alt])").count() == 0
    shoot(page, f"{width}-15-shake-done")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    with page.expect_download() as download:
        page.locator(".ll-shaken", has_text="report.json").click()
    assert json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["arms"] == 3
    page.locator("#delete").click()
    page.locator("#roc-curves svg").wait_for(state="detached")

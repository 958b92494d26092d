"""What each mode's page holds, and how it is launched."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
from fake_services import fake_services
from fake_story import FakeStory, face

from demo.hardware.network import port
from demo.origin import is_drawn
from demo.paths import PEOPLE
from demo.session.classroom import Classroom
from demo.session.modes import MODES
from demo.session.services import ExamplePerson, Services
from demo.ui.assembly import PASSWORD, build_app, launch_options
from demo.ui.booth import find_slides


@pytest.fixture
def services(tmp_path: Path) -> Services:
    portrait = tmp_path / "00.webp"
    face(0, 64).save(portrait)
    return fake_services(tmp_path, FakeStory(), (ExamplePerson("Anouk", (portrait,) * 8),))


def ids(services: Services, mode: str) -> set[str]:
    if MODES[mode].classroom:
        services = replace(services, classroom=Classroom(1, services.plan))
    return {
        block.elem_id for block in build_app(services, MODES[mode]).blocks.values() if getattr(block, "elem_id", "")
    }


def test_the_lab_is_the_page_of_every_step(services: Services) -> None:
    found = ids(services, "lab")
    assert {"story", "attack", "compare", "photos", "verdict"} <= found
    assert not {"begin", "line-up", "attract", "board"} & found


def test_a_space_has_the_stage_and_the_lab_and_each_thing_once(services: Services) -> None:
    blocks = build_app(services, MODES["space"]).blocks.values()
    found = [block.elem_id for block in blocks if getattr(block, "elem_id", "")]
    assert {"begin", "line-up", "sure", "own", "lab", "story", "photos", "verdict"} <= set(found)
    assert len(found) == len(set(found))
    assert "attract" not in found


def test_a_stand_has_no_lab_and_a_cover(services: Services) -> None:
    found = ids(services, "booth")
    assert {"attract", "begin", "own", "delete"} <= found
    assert not {"lab", "story", "board"} & found


def test_a_class_brings_no_photos_and_has_a_teachers_screen(services: Services) -> None:
    found = ids(services, "class")
    assert {"begin", "seat", "board", "join", "handout"} <= found
    assert not {"own", "lab", "photos", "attract"} & found
    blocks = build_app(replace(services, classroom=Classroom(1, services.plan)), MODES["class"]).blocks.values()
    assert not [block for block in blocks if isinstance(block, (gr.File, gr.Files, gr.Image))]


def test_only_a_class_listens_on_the_network_unless_the_environment_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    options = launch_options(MODES["class"])
    assert (options["server_name"], options["server_port"]) == ("0.0.0.0", port())  # the QR code names this one
    assert not [mode for mode in ("space", "booth", "lab") if "server_name" in launch_options(MODES[mode])]
    monkeypatch.setenv("GRADIO_SERVER_NAME", "127.0.0.1")
    assert "server_name" not in launch_options(MODES["class"])


def test_a_password_is_asked_for_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    assert "auth" not in launch_options(MODES["class"])
    monkeypatch.setenv(PASSWORD, "größe 7")
    ask = launch_options(MODES["class"])["auth"]
    assert ask("anybody", "größe 7")
    assert not ask("anybody", "grösse 7")
    assert not ask("anybody", "")


def test_a_stand_alone_has_the_script_that_wipes() -> None:
    head = launch_options(MODES["booth"])["head"]
    assert re.search(r"<script>\(\(\) => \{\s+let idleS.*location\.reload.*</script>", head, re.DOTALL)
    assert "location.reload" not in launch_options(MODES["space"])["head"]


@pytest.mark.skipif(not (PEOPLE / "attract").is_dir(), reason="weights/people is not there")
def test_a_stand_shows_the_stories_of_the_people_that_ship() -> None:
    slides = find_slides(PEOPLE)
    assert len(slides) == len(list((PEOPLE / "examples").iterdir()))
    assert {slide.drawn.size for slide in slides} == {(64, 64)}
    assert all(is_drawn(slide.drawn) and is_drawn(slide.photo) and not is_drawn(slide.file) for slide in slides)


def test_without_stories_a_stand_still_invites(tmp_path: Path) -> None:
    assert find_slides(tmp_path) == []

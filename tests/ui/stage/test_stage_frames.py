"""What the three frames show at each moment of a story, and what they keep hidden."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from fake_services import fake_services, tell_story, two_people
from fake_story import FakeStory
from markup import Html
from PIL import Image

from demo.progress import Progress, Watcher
from demo.session import guessing, photo_intake, story_jobs
from demo.session.forms import order
from demo.session.services import Services
from demo.session.visitors import Visitor
from demo.texts.languages import LANGUAGES
from demo.ui.comparison import columns
from demo.ui.fine_tune_result import STORY
from demo.ui.page import View
from demo.ui.photos import build_photos
from demo.ui.stage import frames


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = fake_services(tmp_path, FakeStory(0, steps=12), two_people(tmp_path))
    yield made
    made.jobs.close()
    made.visitors.forget_all()


@pytest.fixture
def visitor(services: Services) -> Visitor:
    visitor = services.visitors.open("a", None).visitor
    photo_intake.welcome(services, visitor)
    return visitor


def look(services: Services, visitor: Visitor, key: str = "en") -> View:
    job = None if visitor.desk.job is None else services.jobs.get(visitor.desk.job)
    return View(visitor, visitor.desk, job, language=LANGUAGES[key])


def sides(html: str) -> list[int]:
    """Widths of the pictures that a piece of HTML holds."""
    found = []
    for image in Html(html).images:
        data = (image["src"] or "").split(",", 1)[1]
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            found.append(picture.width)
    return found


def test_of_hidden_photos_no_more_than_colours_leaves_the_machine(services: Services, visitor: Visitor) -> None:
    assert sides(frames.photos_frame(look(services, visitor))) == [frames.MOSAIC] * 6
    with gr.Blocks():
        panel = build_photos(services)
    shown = panel.facet.draw(look(services, visitor))[panel.photos]
    assert sides(shown) == []
    tell_story(services, visitor)
    compared = visitor.desk.compared
    assert compared is not None
    view = look(services, visitor)
    assert "photos" not in [column.kind for column in columns(view, compared.report, compared.source)]
    guessing.guess(services, visitor, 0)
    view = look(services, visitor)
    assert min(sides(frames.photos_frame(view))) > frames.MOSAIC
    assert columns(view, compared.report, compared.source)[0].kind == "photos"


def test_before_the_story_two_frames_wait(services: Services, visitor: Visitor) -> None:
    view = look(services, visitor)
    assert sides(frames.file_frame(view)) == sides(frames.drawn_frame(view)) == []
    assert frames.gauges(view) == ""


def test_after_the_story_the_file_is_a_picture_and_the_attacks_choice_is_first(
    services: Services, visitor: Visitor
) -> None:
    tell_story(services, visitor)
    view = look(services, visitor)
    assert len(sides(frames.file_frame(view))) == 1
    assert "no word inside" in Html(frames.file_frame(view)).words
    assert "layers" in Html(frames.file_frame(view)).words
    assert len(sides(frames.drawn_frame(view))) == 6
    attacked = visitor.desk.attacked
    assert attacked is not None
    made = attacked.reconstruction
    first = Html(frames.drawn_frame(view)).images[0]["src"]
    assert first == Html(frames.framed("wall", [made.pictures[made.best]], [""])).images[0]["src"]


def test_pictures_in_the_making_stand_in_the_third_frame_with_their_measures(
    services: Services, visitor: Visitor
) -> None:
    seen: list[tuple[list[int], str]] = []
    made = order(services, {"base": services.default_base})
    work = story_jobs.story(services, visitor, made)

    def spied(watcher: Watcher) -> None:
        def report(progress: Progress) -> None:
            watcher.tell(progress)
            if "encoder" in progress.stage and progress.pictures:
                view = look(services, visitor)
                seen.append((sides(frames.drawn_frame(view)), Html(frames.gauges(view)).words))

        work(Watcher(report, watcher.stop))

    story_jobs.begin(services, visitor, STORY, spied)
    while services.jobs.busy(visitor.id):
        time.sleep(0.01)
    assert len(seen) == 10
    assert all(len(pictures) == 4 for pictures, _ in seen)
    assert "/ 1,001" in seen[-1][1]
    assert "4 / 4" in seen[-1][1]


def test_after_the_verdict_the_measures_are_its_own(services: Services, visitor: Visitor) -> None:
    tell_story(services, visitor)
    compared = visitor.desk.compared
    assert compared is not None
    found = compared.report.verdict.found
    assert found is not None
    assert found.reconstruction is not None
    words = Html(frames.gauges(look(services, visitor))).words
    assert f"{found.reconstruction.distance:.2f}" in words
    assert f"{found.reconstruction.place} / 1,001" in words
    assert f"/ {found.pictures}" in words
    before = frames.gauges_stamp(look(services, visitor))
    visitor.change(compared=None)
    assert frames.gauges_stamp(look(services, visitor)) != before


def test_the_measures_are_those_of_the_pictures_that_are_shown(services: Services, visitor: Visitor) -> None:
    made = order(services, {"base": services.default_base, "method": "class_prompt"})
    story_jobs.begin(services, visitor, STORY, story_jobs.story(services, visitor, made))
    while services.jobs.busy(visitor.id):
        time.sleep(0.01)
    compared = visitor.desk.compared
    assert compared is not None
    ours, lead = compared.report.measured("class_prompt"), compared.report.measured("encoder")
    assert ours is not None
    assert lead is not None
    assert round(ours.distance, 2) != round(lead.distance, 2)
    assert f"{ours.distance:.2f}" in Html(frames.gauges(look(services, visitor))).words
    assert compared.report.measured("no such arm") is None


def test_results_of_another_person_are_not_on_the_stage(services: Services, visitor: Visitor) -> None:
    photo_intake.load_person(visitor, services.people[0])
    tell_story(services, visitor)
    photo_intake.load_person(visitor, services.people[1])
    view = look(services, visitor)
    assert sides(frames.file_frame(view)) == sides(frames.drawn_frame(view)) == []


@pytest.mark.parametrize("key", LANGUAGES)
def test_every_frame_can_be_said_in_every_language(services: Services, visitor: Visitor, key: str) -> None:
    tell_story(services, visitor)
    view = look(services, visitor, key)
    for draw in (frames.photos_frame, frames.file_frame, frames.drawn_frame, frames.gauges):
        html = Html(draw(view))
        assert html.words
        assert all(image.get("alt") for image in html.images)

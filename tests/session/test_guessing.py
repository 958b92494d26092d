"""The line-up on a visitor's desk, over a fake story."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_services import fake_services, tell_story, two_people
from fake_story import FakeStory

from demo.errors import SettingsError, WeightsError
from demo.session import guessing, photo_intake
from demo.session.classroom import Classroom
from demo.session.services import Services
from demo.session.visitors import Visitor

ANSWER = 2  # of fake_services.line_up


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = fake_services(tmp_path, FakeStory(0, steps=3), two_people(tmp_path))
    yield made
    made.jobs.close()
    made.visitors.forget_all()


@pytest.fixture
def visitor(services: Services) -> Visitor:
    services.visitors.greet = lambda visitor: photo_intake.welcome(services, visitor)
    page = services.visitors.open("a", None)
    photo_intake.welcome(services, page.visitor)
    return page.visitor


def test_whoever_comes_finds_somebody_who_is_hidden(visitor: Visitor) -> None:
    photos = visitor.desk.photos
    assert photos.hidden
    assert photos.person in ("Anouk", "Bela")
    assert not visitor.desk.used  # nobody would miss it


def test_nobody_is_put_in_place_of_what_a_visitor_has(services: Services, visitor: Visitor) -> None:
    photo_intake.load_person(visitor, services.people[0])
    before = visitor.desk.photos
    photo_intake.welcome(services, visitor)
    assert visitor.desk.photos is before
    assert not before.hidden


def test_another_person_is_another_one_and_takes_the_story_off(services: Services, visitor: Visitor) -> None:
    tell_story(services, visitor)
    before = visitor.desk.photos.person
    photo_intake.draw_person(services, visitor)
    desk = visitor.desk
    assert desk.photos.person != before
    assert (desk.tuned, desk.released, desk.attacked, desk.compared, desk.line_up) == (None,) * 5


def test_a_guess_is_counted_shows_the_photos_and_stands_in_the_report(services: Services, visitor: Visitor) -> None:
    tell_story(services, visitor)
    desk = visitor.desk
    assert desk.compared is not None
    assert json.loads(desk.compared.json.read_text())["line_up"]["right"] is None
    guessing.guess(services, visitor, ANSWER)
    desk = visitor.desk
    assert desk.line_up is not None
    assert desk.line_up.right
    assert not desk.photos.hidden
    assert (services.tally.count().right, services.tally.count().all) == (1, 1)
    assert desk.compared is not None
    assert json.loads(desk.compared.json.read_text())["line_up"]["right"] is True
    assert "human measure" in desk.compared.html.read_text()


def test_nobody_guesses_twice(services: Services, visitor: Visitor) -> None:
    tell_story(services, visitor)
    guessing.guess(services, visitor, 0)
    with pytest.raises(SettingsError, match="picked already"):
        guessing.guess(services, visitor, ANSWER)
    assert services.tally.count().all == 1
    assert services.tally.count().right == 0


def test_who_has_been_shown_the_photos_is_counted_apart(services: Services, visitor: Visitor) -> None:
    tell_story(services, visitor)
    guessing.reveal(visitor)
    guessing.guess(services, visitor, ANSWER)
    counted = services.tally.count()
    assert (counted.all, counted.seen_right, counted.seen_all) == (0, 1, 1)


def test_who_brings_the_photos_knows_the_person(services: Services, visitor: Visitor) -> None:
    photo_intake.load_person(visitor, services.people[0])
    tell_story(services, visitor)
    assert visitor.desk.line_up is not None
    assert visitor.desk.line_up.seen


def test_skipping_shows_the_photos_and_counts_nothing(services: Services, visitor: Visitor) -> None:
    tell_story(services, visitor)
    guessing.skip(visitor)
    assert visitor.desk.line_up is None
    assert not visitor.desk.photos.hidden
    assert services.tally.count().all == 0


def test_without_a_line_up_there_is_nothing_to_guess(services: Services, visitor: Visitor) -> None:
    with pytest.raises(SettingsError, match="no line-up yet"):
        guessing.guess(services, visitor, 0)


def test_without_strangers_the_story_is_told_without_a_line_up(services: Services, visitor: Visitor) -> None:
    def none(*_: object, **__: object) -> None:
        raise WeightsError("The strangers are not there.", "Restore them.")

    services = replace(services, line_up=none)  # type: ignore[arg-type]
    tell_story(services, visitor)
    assert visitor.desk.line_up is None
    assert visitor.desk.compared is not None
    assert visitor.desk.compared.report.line_up is None
    assert "The strangers are not there. Restore them." in visitor.desk.compared.report.notes


def test_a_pupil_gets_the_person_of_the_seat(services: Services) -> None:
    services = replace(services, classroom=Classroom(2, services.plan))
    names = []
    for key in "xyz":
        visitor = services.visitors.open(key, None).visitor
        photo_intake.welcome(services, visitor)
        names.append(visitor.desk.photos.person)
    assert names == ["Anouk", "Bela", "Anouk"]


def test_who_has_been_shown_all_the_people_is_counted_apart(services: Services, visitor: Visitor) -> None:
    tell_story(services, visitor)
    guessing.meet(visitor)
    guessing.guess(services, visitor, ANSWER)
    assert (services.tally.count().all, services.tally.count().seen_all) == (0, 1)
    photo_intake.draw_person(services, visitor)  # hidden again, and known by sight all the same
    tell_story(services, visitor)
    assert visitor.desk.line_up is not None
    assert visitor.desk.line_up.seen


def test_nobody_whom_everybody_has_seen_is_drawn_by_lot(services: Services) -> None:
    services = replace(services, for_show=1)
    for key in "xyz":
        visitor = services.visitors.open(key, None).visitor
        photo_intake.draw_person(services, visitor)
        assert visitor.desk.photos.person == "Bela"

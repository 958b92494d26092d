"""Photos in: uploads, a camera or a fictional person, onto the visitor's desk. Raw files are deleted at once."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from demo.errors import DemoError, WeightsError
from demo.photos.ingest import BadPhotoError
from demo.photos.split import MOST_PHOTOS
from demo.session.desk import Group, Photos, Shot
from demo.session.services import ExamplePerson, Services
from demo.session.story_jobs import check_idle
from demo.session.uploads import discard_upload
from demo.session.visitors import Visitor
from demo.texts.en import ENGLISH
from demo.texts.errors import said
from demo.texts.language import Language

SIDE = 512  # pixels: the largest base's; smaller bases get it shrunk
MOST_LINES = 4  # of what is wrong with the photos of one upload; the rest are named together
MOST_FACES = 6  # to choose from: the largest


def add(
    services: Services, visitor: Visitor, uploads: Sequence[tuple[Path, str]], language: Language = ENGLISH
) -> list[str]:
    """Read uploads and delete their files, whatever comes of it.

    Args:
        uploads: path and own name of each.

    Returns:
        what is wrong with those that cannot be used, for the visitor.
    """
    problems: list[tuple[str, str]] = []  # name and what is wrong
    surplus: list[str] = []
    try:
        for path, name in uploads:
            try:
                have = _own(visitor)
                if len(have.shots) + len(have.groups) >= MOST_PHOTOS:
                    surplus.append(name)
                    continue
                found = _read(services, path, name)
            except DemoError as error:
                problems.append((name, said(error, language)))
                continue
            finally:
                discard_upload(path)
            with visitor.lock:
                have = _own(visitor)
                shots, groups = have.shots, have.groups
                if isinstance(found, Shot):
                    shots += (found,)
                else:
                    groups += (found,)
                visitor.change(photos=Photos(shots, groups))
    finally:
        for path, _ in uploads:
            discard_upload(path)
    return _grouped(problems, surplus, language)


def choose(visitor: Visitor, face: int | None) -> None:
    """Settle the first photo of several people: take one face, or None for none."""
    with visitor.lock:
        have = visitor.desk.photos
        if not have.groups:
            return
        group, rest = have.groups[0], have.groups[1:]
        taken = () if face is None else (Shot(group.name, group.faces[face]),)
        visitor.change(photos=Photos(have.shots + taken, rest))


def load_person(visitor: Visitor, person: ExamplePerson, *, hidden: bool = False) -> None:
    """Put a fictional person's pictures in place of all photos.

    Args:
        hidden: whether the visitor is not to see them yet.
    """
    shots = tuple(Shot(path.name, picture) for path, picture in zip(person.pictures, person.load(), strict=True))
    visitor.change(photos=Photos(shots, person=person.name, hidden=hidden))


def draw_person(services: Services, visitor: Visitor) -> None:
    """Put somebody else among the fictional people on the desk, by lot and hidden, and take the last one's story off.

    Raises:
        SettingsError: a job of the visitor waits or runs.
        WeightsError: there are no fictional people.
    """
    if not services.people:
        raise WeightsError("There are no fictional people.", services.people_missing or "Bring photos of your own.")
    with visitor.lock:
        check_idle(services, visitor)
        unseen = services.people[services.for_show :]
        others = [person for person in unseen if person.name != visitor.desk.photos.person]
        load_person(visitor, secrets.choice(others or unseen), hidden=True)
        visitor.clear_story()


def welcome(services: Services, visitor: Visitor) -> None:
    """For whoever comes with nothing, somebody is there already: in a class the person of the pupil's seat."""
    with visitor.lock:
        desk = visitor.desk
        if not services.people or desk.job is not None or desk.used or desk.photos.shots or desk.photos.groups:
            return
        if services.classroom is None:
            draw_person(services, visitor)
        else:
            load_person(visitor, services.people[services.classroom.seat(visitor.id).person], hidden=True)


def remove_all(services: Services, visitor: Visitor, language: Language = ENGLISH) -> str:
    """Take all photos off the desk, those that results keep among them, and the comparison that shows them.

    Returns:
        what has gone and what remains, for the visitor.

    Raises:
        SettingsError: a job of the visitor waits or runs, which may keep the photos and put them back.
    """
    with visitor.lock:
        check_idle(services, visitor)
        desk, swept = visitor.desk, visitor.desk.swept
        if swept is not None and swept.terms.photos.person is None:
            kept = {name: replace(getattr(swept, name), photos=[]) for name in ("sweep", "begun")}
            swept = replace(swept, **kept)
        visitor.change(photos=Photos(), scored=None, compared=None, swept=swept)
        if desk.compared is not None:
            shutil.rmtree(desk.compared.html.parent, ignore_errors=True)  # the report may hold photos
    left = {"file": desk.released is not None, "drawn": desk.attacked is not None, "swept": swept is not None}
    gone = language.say("photos.removed" if desk.compared is None else "photos.removed, compared")
    remains = [language.say(f"photos.still.{what}") for what, there in left.items() if there]
    if not remains:
        return gone
    still = language.say("photos.still", what=language.joined(remains, "list.comma"))
    return language.joined((gone, still), "list.sentences")


def _own(visitor: Visitor) -> Photos:
    """The visitor's own photos: a fictional person's are not mixed with them."""
    have = visitor.desk.photos
    return have if have.person is None else Photos()


def _read(services: Services, path: Path, name: str) -> Shot | Group:
    try:
        return Shot(name, services.read_photo(path, name=name, side=SIDE).aligned)
    except BadPhotoError as bad:
        if bad.reason != "several_faces":
            raise
        # The file goes now, so every face is framed now.
        faces = range(min(len(bad.choices), MOST_FACES))
        return Group(name, tuple(services.read_photo(path, name=name, side=SIDE, face=face).aligned for face in faces))


def _grouped(problems: Sequence[tuple[str, str]], surplus: Sequence[str], language: Language) -> list[str]:
    """A line for each of the first problems, one for the others, and one for photos beyond the most."""
    lines, most = [text for _, text in problems[:MOST_LINES]], language.fixed(MOST_PHOTOS, 0)
    if others := [name for name, _ in problems[MOST_LINES:]]:
        lines.append(language.count("photos.more", len(others), names=_span(others, language)))
    if len(surplus) == 1:
        lines.append(language.say("photos.one too many", name=surplus[0], most=most))
    elif surplus:
        count = language.fixed(len(surplus), 0)
        lines.append(language.say("photos.too many", count=count, names=_span(surplus, language), most=most))
    return lines


def _span(names: Sequence[str], language: Language) -> str:
    """The names in short, in the order of the upload."""
    if len(names) < 3:
        return language.joined(names, "list.and")
    return language.say("photos.span", first=names[0], last=names[-1])

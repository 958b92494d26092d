"""Services over fakes: no model, no detector, a clock that stands still until it is moved."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from fake_shake import FakeShaker
from fake_story import FakeStory, face
from fake_sweep import PLAN, FakeSweep
from PIL import Image

from demo.line_up.line_up import LineUp
from demo.lora.files import LoraWeights, read_lora
from demo.models.bases import Base
from demo.photos.decode import BadPhotoError, decode
from demo.photos.ingest import Photo
from demo.progress import Measured, Progress, Watcher
from demo.session import story_jobs
from demo.session.forms import order
from demo.session.services import ExamplePerson, Services
from demo.session.visitors import Visitor, Visitors
from demo.ui.fine_tune_result import STORY
from demo.workflow.jobs import Jobs


def read_photo(source: Path, *, name: str, side: int = 512, face: int | None = None) -> Photo:
    """Decodes as the real one does; the file's name says how many faces are found."""
    picture = decode(source, name)
    if "landscape" in name:
        raise BadPhotoError("no_face", f"No face found in {name}.", "Use another.", name=name)
    faces = 2 if "two" in name else 1
    if faces > 1 and face is None:
        choices = (picture.resize((128, 128)),) * faces
        raise BadPhotoError("several_faces", f"{name} shows 2 faces.", "Choose one.", name=name, choices=choices)
    return Photo(name, picture.resize((side, side)), faces, detected=True)


def read_any(path: Path, base: Base, *, name: str = "") -> LoraWeights:
    """Reads as the real one does, and takes every file for every base: the fake files fit none."""
    return read_lora(path, name=name)


def measuring(watcher: Watcher, photos: Sequence[Image.Image]) -> Watcher:
    """Every picture is nearer than the one before."""
    looks = count(1)

    def measured(progress: Progress) -> Progress:
        if not progress.pictures or not photos:
            return progress
        look, many = next(looks), len(progress.pictures)
        return replace(progress, measured=Measured(0.4 + 0.5 / look, 1 + 300 // look, 1001, many, many))

    return replace(watcher, sees=True).retold(measured)


def line_up(photos: Sequence[Image.Image], *, seen: bool, avoid: Collection[int] = ()) -> LineUp:
    """The person is the third of six."""
    return LineUp((face(1), face(2), photos[0].resize((64, 64)), face(4), face(5), face(6)), 2, seen=seen)


def two_people(folder: Path) -> tuple[ExamplePerson, ...]:
    """Two fictional people with eight pictures each, whose files lie in a folder."""
    portrait = folder / "00.webp"
    face(0, 128).save(portrait)
    return tuple(ExamplePerson(name, (portrait,) * 8) for name in ("Anouk", "Bela"))


def tell_story(services: Services, visitor: Visitor) -> None:
    """What the stage's one button does, to its end."""
    made = order(services, {"base": services.default_base})
    story_jobs.begin(services, visitor, STORY, story_jobs.story(services, visitor, made))
    while services.jobs.busy(visitor.id):
        time.sleep(0.01)


class Clock:
    """Seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def fake_services(
    folder: Path,
    story: FakeStory,
    people: tuple[ExamplePerson, ...] = (),
    clock: Callable[[], float] | None = None,
    sweep: FakeSweep | None = None,
    shaker: FakeShaker | None = None,
) -> Services:
    """All that the tabs need, over fakes."""
    clock = clock or Clock()
    jobs = Jobs(clock=clock)
    return Services(
        story,
        sweep or FakeSweep(),
        PLAN,
        read_photo,
        jobs,
        Visitors(folder, jobs, clock=clock),
        people=people,
        read_file=read_any,
        shaker=shaker or FakeShaker(),
        measuring=measuring,
        line_up=line_up,
        estimate=lambda base, settings: f"Estimate: {settings.steps} steps with {base.key}.",
    )

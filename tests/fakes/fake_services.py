"""Services over fakes: no model, no detector, a clock that stands still until it is moved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fake_shake import FakeShaker
from fake_story import FakeStory
from fake_sweep import PLAN, FakeSweep

from demo.lora.files import LoraWeights, read_lora
from demo.models.bases import Base
from demo.photos.decode import BadPhotoError, decode
from demo.photos.ingest import Photo
from demo.session.services import ExamplePerson, Services
from demo.session.visitors import Visitors
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
        estimate=lambda base, settings: f"Estimate: {settings.steps} steps with {base.key}.",
    )

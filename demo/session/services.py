"""What the tabs need from the rest of the project, injected, so that a test can put fakes in."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from PIL import Image

from demo.attack.photo_count import PhotoCount
from demo.attack.registry import AttackSettings, Reconstruction
from demo.defences.base import Defence
from demo.errors import WeightsError
from demo.finetune.dreambooth import FineTuned
from demo.finetune.settings import LoraSettings
from demo.line_up.line_up import LineUp, line_up
from demo.line_up.tally import Tally
from demo.lora.files import LoraWeights
from demo.lora.fits import read_for
from demo.models.bases import BUNDLED, EXAMPLE, Base, known_bases
from demo.origin import drawn
from demo.photos.decode import decode
from demo.photos.ingest import Photo
from demo.preflight.check import told
from demo.progress import Watcher
from demo.report import LeakReport
from demo.session.classroom import Classroom
from demo.session.limits import Starts
from demo.session.live_measures import measuring
from demo.session.visitors import Visitors
from demo.shake.model import Experiment, Shake, ShakeArm
from demo.shake.people import Domain
from demo.sweep.model import Point, Sweep
from demo.workflow.jobs import Jobs
from demo.workflow.pipeline_cache import held


class Story(Protocol):
    """The part of :mod:`demo.workflow.story` that the app uses."""

    def tune(
        self,
        photos: Sequence[Image.Image],
        out: Path,
        *,
        base_key: str = ...,
        settings: LoraSettings | None = ...,
        defence: Defence | None = ...,
        gate: bool = ...,
        seed: int = ...,
        watcher: Watcher = ...,
    ) -> FineTuned:
        """Fine-tune and write the file; beside it its model card, and the ledger if there is a defence."""

    def open_lora(self, path: Path, *, base_key: str = ...) -> LoraWeights:
        """Read and check a file for a base."""

    def count_photos(self, released: LoraWeights, *, base_key: str = ...) -> PhotoCount | None:
        """How many photos a file was made from, by its spectrum."""

    def attack(
        self,
        released: LoraWeights,
        name: str | None = ...,
        *,
        base_key: str = ...,
        settings: AttackSettings | None = ...,
        watcher: Watcher = ...,
    ) -> Reconstruction:
        """Attack a file."""

    def compare(
        self,
        released: LoraWeights,
        trigger: str | None,
        photos: Sequence[Image.Image],
        *,
        base_key: str = ...,
        settings: AttackSettings | None = ...,
        reconstruction: Reconstruction | None = ...,
        metrics: Sequence[str] = ...,
        extra: Mapping[str, object] | None = ...,
        notes: Sequence[str] = ...,
        watcher: Watcher = ...,
    ) -> LeakReport:
        """Attack, controls and metrics side by side."""


class RunSweep(Protocol):
    """:func:`demo.sweep.run.sweep`."""

    def __call__(
        self,
        photos: Sequence[Image.Image],
        *,
        plan: Sequence[Defence] | None = ...,
        base_key: str = ...,
        settings: LoraSettings | None = ...,
        attack: AttackSettings | None = ...,
        seed: int = ...,
        done: Sequence[Point] = ...,
        begun: Sweep | None = ...,
        folder: Path | None = ...,
        watcher: Watcher = ...,
        keep: Callable[[Point], None] | None = ...,
    ) -> Sweep:
        """Try a plan of defences on one person."""


class Shaker(Protocol):
    """People and experiments; a test puts a fake in."""

    def names(self, base_key: str) -> Sequence[str]:
        """The planted people whose pictures a base was trained on; none of a base from elsewhere."""

    def domain(self, name: str, base_key: str) -> Domain:
        """One of them, with all pictures."""

    def run(
        self,
        experiment: Experiment,
        *,
        base_key: str,
        keep: Callable[[ShakeArm], None] | None = ...,
        watcher: Watcher = ...,
    ) -> Shake:
        """The experiment on one person."""

    def write(self, out: Path, made: Shake) -> tuple[Path, ...]:
        """Files to download."""


class ReadPhoto(Protocol):
    """:func:`demo.photos.ingest.read_photo`."""

    def __call__(self, source: Path, *, name: str, side: int = ..., face: int | None = ...) -> Photo:
        """Read one photo and frame its face."""


class ReadFile(Protocol):
    """:func:`demo.lora.fits.read_for`."""

    def __call__(self, path: Path, base: Base, *, name: str = ...) -> LoraWeights:
        """Read a LoRA file and check that a base has its layers."""


class MakeLineUp(Protocol):
    """:func:`demo.line_up.line_up.line_up`."""

    def __call__(self, photos: Sequence[Image.Image], *, seen: bool, avoid: Collection[int] = ...) -> LineUp:
        """One of the photos among strangers who look alike."""


@dataclass(frozen=True)
class ExamplePerson:
    """A fictional person: generated pictures of nobody."""

    name: str
    pictures: tuple[Path, ...]

    def load(self) -> list[Image.Image]:
        """The pictures; they are aligned already. All visitors share them."""
        return list(_decoded(self.pictures))


@lru_cache(maxsize=64)
def _decoded(paths: tuple[Path, ...]) -> tuple[Image.Image, ...]:
    """Pictures that ship: once in memory, whoever looks at them."""
    return tuple(drawn(decode(path, path.name)) for path in paths)


def find_people(folder: Path) -> list[ExamplePerson]:
    """The example people under ``weights/people``.

    Raises:
        WeightsError: the listing or a picture is missing or damaged.
    """
    listing = folder / "people.json"
    remedy = "Generate the people with: python -m demo.train people"
    try:
        entries = json.loads(listing.read_text(encoding="utf-8"))["examples"]
        people = [
            ExamplePerson(entry["name"], tuple(sorted((folder / entry["folder"]).glob("*.webp")))) for entry in entries
        ]
    except FileNotFoundError as error:
        raise WeightsError("The fictional example people are not there.", remedy) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{listing.name} of the example people is damaged.", remedy) from error
    empty = [person.name for person in people if not person.pictures]
    if empty:
        raise WeightsError(f"There are no pictures of {', '.join(empty)}.", remedy)
    return people


def estimate_here(base: Base, settings: LoraSettings) -> str:
    """:func:`demo.preflight.check.told`, with what is in memory already counted as free."""
    return told(base, settings, held=held(base.key))


@dataclass(frozen=True)
class Services:
    """All that the tabs are given."""

    story: Story
    sweep: RunSweep
    plan: Sequence[Defence]  # what a sweep offers
    read_photo: ReadPhoto
    jobs: Jobs
    visitors: Visitors
    shaker: Shaker
    people: Sequence[ExamplePerson] = ()
    people_missing: str = ""  # why there are none
    for_show: int = 0  # so many of the people, from the first, everybody has seen: none of them is drawn by lot
    read_file: ReadFile = read_for
    bases: Mapping[str, Base] = field(default_factory=known_bases)
    estimate: Callable[[Base, LoraSettings], str] = estimate_here  # of fine-tuning, in words
    default_base: str = BUNDLED
    measuring: Callable[[Watcher, Sequence[Image.Image]], Watcher] = measuring  # live, against a visitor's photos
    line_up: MakeLineUp = line_up
    classroom: Classroom | None = None  # where each page is a pupil's
    tally: Tally = field(default_factory=Tally)  # of this run of the app: counts, and nothing else
    starts: Starts = field(default_factory=Starts)  # how much a visitor may start

    @property
    def example(self) -> Path | None:
        """A LoRA file of the default base for whoever has none; None where none comes with it."""
        path = self.bases[self.default_base].folder / EXAMPLE
        return path if path.is_file() else None

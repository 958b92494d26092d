"""What a visitor has on the desk: values that are replaced as a whole, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path

from PIL import Image

from demo.attack.photo_count import PhotoCount
from demo.attack.registry import AttackSettings, Reconstruction
from demo.finetune.settings import LoraSettings
from demo.line_up.line_up import LineUp
from demo.lora.files import LoraWeights
from demo.lora.ledger import Ledger
from demo.lora.metadata.leak import Finding
from demo.photos.same_person import Likeness, likeness
from demo.report import LeakReport
from demo.shake.model import Shake
from demo.sweep.model import Sweep

NUMBERS = count(1)


def new_number() -> int:
    """A number that no other value on any desk has."""
    return next(NUMBERS)


@dataclass(frozen=True, eq=False)
class Shot:
    """One aligned photo."""

    name: str
    aligned: Image.Image

    @cached_property
    def likeness(self) -> Likeness | None:
        """What tells whether the photos show one person; it goes with the photo."""
        return likeness(self.aligned)


@dataclass(frozen=True, eq=False)
class Group:
    """A photo of several people, until one is chosen: each one's face, aligned."""

    name: str
    faces: tuple[Image.Image, ...]


@dataclass(frozen=True)
class PhotoSource:
    """Which photos a result is of: equal where they are the same photos. A fictional person's always are."""

    number: int | None  # of the Photos; None: a fictional person's
    person: str | None = None


@dataclass(frozen=True, eq=False)
class Photos:
    """The visitor's photos. ``number`` is unlike any other's: pages tell by it what is new."""

    shots: tuple[Shot, ...] = ()
    groups: tuple[Group, ...] = ()
    person: str | None = None  # the fictional person that the photos are of
    hidden: bool = False  # whether the visitor has not been shown them: whoever has not seen them can be asked
    number: int = field(default_factory=new_number)

    @property
    def source(self) -> PhotoSource:
        """By which results remember them."""
        return PhotoSource(self.number if self.person is None else None, self.person)


@dataclass(frozen=True, eq=False)
class Scored:
    """Photos that the visitor's own file is compared with."""

    photos: tuple[Image.Image, ...]
    note: str  # on what else they were used for


@dataclass(frozen=True, eq=False)
class Released:
    """A LoRA file, as it would be shared, and beside it what only its maker knows."""

    path: Path
    name: str
    base_key: str
    lora: LoraWeights
    size: int  # bytes
    trigger: str | None = None  # the maker's secret; None: not made here
    settings: LoraSettings | None = None
    steps: int = 0
    stopped: bool = False
    source: PhotoSource | None = None  # the photos that it was made from; None: not known here
    ledger: Ledger | None = None  # of the defence; None: none was used, or not known here
    job: str | None = None  # id of the job that made it
    said: tuple[Finding, ...] = ()  # by the file itself
    example: bool = False  # it is the one that comes with the project
    counted: PhotoCount | None = None  # by the spectrum of its matrices
    noise: str | None = None  # what to say of updates that draw nothing but noise
    number: int = field(default_factory=new_number)


@dataclass(frozen=True, eq=False)
class Refused:
    """An uploaded file that cannot be attacked. Its header speaks all the same."""

    path: Path
    name: str
    problem: str  # why it is refused
    said: tuple[Finding, ...]
    metadata: Mapping[str, str]
    number: int = field(default_factory=new_number)


@dataclass(frozen=True, eq=False)
class Cleaned:
    """A copy of a file that says nothing by itself."""

    of: Released | Refused
    path: Path
    left_out: tuple[str, ...] = ()  # embeddings under the words that call the person
    number: int = field(default_factory=new_number)


@dataclass(frozen=True, eq=False)
class Attacked:
    """What the attack drew from one file."""

    released: Released
    reconstruction: Reconstruction
    settings: AttackSettings
    number: int = field(default_factory=new_number)


@dataclass(frozen=True, eq=False)
class Compared:
    """A report and its files."""

    report: LeakReport
    source: PhotoSource  # the photos that it compares with
    json: Path
    html: Path
    include_photos: bool = False  # in the report
    number: int = field(default_factory=new_number)


@dataclass(frozen=True)
class Terms:
    """What all points of one sweep have in common: with other terms it cannot go on."""

    photos: PhotoSource
    base_key: str
    lora: LoraSettings
    attack: AttackSettings
    seed: int | None  # as given; None: a random one


@dataclass(frozen=True, eq=False)
class Swept:
    """A sweep as far as it went."""

    sweep: Sweep
    begun: Sweep  # before the first point: chance alone
    terms: Terms
    seed: int  # the trigger follows from it: a secret
    running: bool
    files: tuple[Path, ...] = ()  # to download; none while it runs
    number: int = field(default_factory=new_number)


@dataclass(frozen=True)
class ShakeTerms:
    """What all arms of one experiment have in common: with other terms it cannot go on."""

    person: str
    base_key: str
    common: tuple[tuple[str, str], ...]  # settings, as text
    seed: int | None  # as given; None: a random one


@dataclass(frozen=True, eq=False)
class Shook:
    """An experiment of the Shake tab as far as it went."""

    shake: Shake | None  # None: the model before has not been attacked yet
    terms: ShakeTerms
    seed: int
    running: bool
    files: tuple[Path, ...] = ()  # to download; none while it runs
    number: int = field(default_factory=new_number)


@dataclass(frozen=True, eq=False)
class Desk:
    """All that a visitor has."""

    photos: Photos = field(default_factory=Photos)
    tuned: Released | None = None
    scored: Scored | None = None  # None: no own file, or the photos have been removed
    released: Released | None = None  # the file under attack: the own one, or an uploaded one
    refused: Refused | None = None  # the last upload, if it cannot be attacked: the file before stays
    cleaned: Cleaned | None = None  # of the refused file, else of the one under attack
    attacked: Attacked | None = None
    line_up: LineUp | None = None  # to guess whom the attack drew
    no_line_up: str = ""  # why there could be none
    met: bool = False  # whether the visitor has been shown the fictional people, among whom the hidden one is
    compared: Compared | None = None
    swept: Swept | None = None
    shook: Shook | None = None
    job: str | None = None  # id of the running or last job
    tab: str | None = None  # that the story has come to

    @property
    def used(self) -> bool:
        """Whether there is anything that somebody would miss."""
        photos = self.photos.shots and not self.photos.hidden  # those were drawn by lot, not brought
        return bool(photos or self.released or self.refused or self.swept or self.shook)

    @property
    def uploaded(self) -> bool:
        """Whether the file under attack is one that was uploaded."""
        return self.released is not None and self.released is not self.tuned

    @property
    def kept(self) -> Scored | None:
        """Photos to compare the file under attack with that were kept for that; an uploaded file has none."""
        return None if self.uploaded else self.scored

    def older(self, source: PhotoSource | None) -> bool:
        """Whether a result is of other photos than those that are loaded now."""
        return source is not None and source != self.photos.source

    def files(self) -> list[Path]:
        """All files that something on the desk refers to."""
        released = [file.path for file in (self.tuned, self.released, self.refused, self.cleaned) if file is not None]
        reports = [self.compared.json, self.compared.html] if self.compared is not None else []
        runs = [run.files for run in (self.swept, self.shook) if run is not None]
        return released + reports + [path for files in runs for path in files]

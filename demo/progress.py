"""What long work tells whoever watches it, and how it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event, local

from PIL import Image

from demo.errors import Stopped


@dataclass(frozen=True)
class Measured:
    """Pictures held against a person's photos, in the making or at the end. Nobody who draws them gets to see it."""

    distance: float  # by dlib's recogniser to the photos: in the making the mean of the pictures, at the end the median
    place: int  # of the person among strangers, by all pictures together; 1 is best
    among: int  # strangers and the person
    faces: int  # pictures that show a face
    pictures: int


@dataclass(frozen=True)
class Progress:
    """One moment of a long job."""

    stage: str
    step: int
    total: int
    loss: float | None = None
    eta_s: float | None = None  # seconds to the end of this stage
    pictures: tuple[Image.Image, ...] = ()  # live samples, or pictures in the making
    spent: str | None = None  # what a defence has spent so far, in words
    measured: Measured | None = None  # the pictures; None: there are none, or nobody measured them


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Watcher:
    """Who watches long work: is told how it goes, and can stop it.

    Attributes:
        report: is called with the progress; None: nobody listens.
        stop: is set from outside to stop the work; None: nobody can.
        sees: whether pictures in the making are worth decoding for it.
    """

    report: Report | None = None
    stop: Event | None = None
    sees: bool = False

    @property
    def listens(self) -> bool:
        """Whether it is worth while to make something, such as a live sample, only to tell of it."""
        return self.report is not None

    @property
    def stopped(self) -> bool:
        """Whether the work is to end."""
        return self.stop is not None and self.stop.is_set()

    def tell(self, progress: Progress) -> None:
        """Say how the work goes."""
        if self.report is not None:
            self.report(progress)

    def check(self) -> None:
        """End the work if it is to end.

        Raises:
            Stopped: the watcher stopped it.
        """
        if self.stopped:
            raise Stopped

    def retold(self, change: Callable[[Progress], Progress]) -> Watcher:
        """The same watcher for a part of the work, whose progress is changed before it is told."""
        report = self.report
        return self if report is None else replace(self, report=lambda progress: report(change(progress)))

    def named(self, name: str) -> Watcher:
        """The same watcher for a part of the work: its stages begin with that name."""
        return self.retold(lambda progress: replace(progress, stage=f"{name}: {progress.stage}"))


UNWATCHED = Watcher()  # nobody listens, nobody stops it


class _Here(local):
    watcher: Watcher = UNWATCHED


_here = _Here()


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """What is begun inside, on this thread, is watched too: loading, which is cached, takes no arguments of a job."""
    before = _here.watcher
    _here.watcher = watcher
    try:
        yield
    finally:
        _here.watcher = before


def watcher_here() -> Watcher:
    """What :func:`watched` was given on this thread."""
    return _here.watcher

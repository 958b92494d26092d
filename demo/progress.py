"""What long work tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, local

from PIL import Image


@dataclass(frozen=True)
class Progress:
    """One moment of a long job."""

    stage: str
    step: int
    total: int
    loss: float | None = None
    eta_s: float | None = None  # seconds to the end of this stage
    picture: Image.Image | None = None  # a live sample
    spent: str | None = None  # what a defence has spent so far, in words


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """A report that nobody reads."""


class _Listening(local):
    report: Report | None = None
    stop: Event | None = None


_listening = _Listening()


@contextmanager
def telling(report: Report | None, stop: Event | None) -> Iterator[None]:
    """What is begun inside, on this thread, tells ``report``: loading, which is cached, takes no arguments of a job."""
    before = listener()
    _listening.report, _listening.stop = report, stop
    try:
        yield
    finally:
        _listening.report, _listening.stop = before


def listener() -> tuple[Report | None, Event | None]:
    """What :func:`telling` was given on this thread."""
    return _listening.report, _listening.stop

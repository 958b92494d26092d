"""A job as whoever watches it sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PIL import Image

from demo.errors import DemoError
from demo.progress import Measured, Progress

State = Literal["waiting", "running", "done", "failed", "stopped"]

ACTIVE: frozenset[State] = frozenset({"waiting", "running"})


@dataclass(frozen=True)
class Snapshot:
    """A job at one moment."""

    id: str
    title: str
    state: State
    place: int | None  # in line: 1 is next; None unless waiting
    progress: Progress | None  # the latest, without its pictures
    losses: tuple[tuple[int, float], ...]  # (step, mean loss up to there), at most losses.MAX_POINTS
    pictures: tuple[Image.Image, ...]  # the last live samples, or pictures in the making
    picture_step: int | None
    picture_stage: str | None
    measured: tuple[Measured, ...]  # of the stage of the last pictures, at most MAX_POINTS
    result: object | None
    error: DemoError | None
    seconds: float  # run time so far
    cut: bool = False  # stopped because it ran long and others waited
    sample: Image.Image | None = None  # the last live sample of training, also when other pictures came after it
    sample_step: int | None = None
    wait_s: float | None = None  # about so long until it begins, seconds; None: not known, or not waiting

    @property
    def active(self) -> bool:
        """Whether the job waits or runs."""
        return self.state in ACTIVE

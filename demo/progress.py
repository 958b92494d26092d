"""What long work tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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

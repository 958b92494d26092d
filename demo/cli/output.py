"""What the commands write: lines for people on stderr, JSON for programs on stdout, pictures."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from demo.progress import Progress

if TYPE_CHECKING:
    from PIL import Image

PAUSE_S = 5.0  # shortest time between two lines of one stage


def say(text: str) -> None:
    """A line for people."""
    print(text, file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """Without line breaks."""
    return " ".join(text.split())


class Narrator:
    """Progress in lines: each new stage, and now and then how far it is."""

    def __init__(self) -> None:
        self._stage, self._told = "", 0.0

    def __call__(self, progress: Progress) -> None:
        """Tell of ``progress``, or not yet."""
        now = time.monotonic()
        if progress.stage == self._stage and now - self._told < PAUSE_S:
            return
        self._stage, self._told = progress.stage, now
        loss = "" if progress.loss is None else f", loss {progress.loss:.3f}"
        left = "" if progress.eta_s is None else f", {progress.eta_s:.0f} s left"
        spent = "" if progress.spent is None else f"; {progress.spent}"
        say(f"{progress.stage}: {progress.step} of {progress.total}{loss}{left}{spent}")


def write_pictures(out: Path, name: str, pictures: Sequence[Image.Image]) -> list[Path]:
    """Write ``name-0.png``, ``name-1.png``, ... as they were drawn, marked as such and without other metadata."""
    from demo.origin import drawn, write_picture

    paths = [out / f"{name}-{index}.png" for index in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        write_picture(path, drawn(picture))
    return paths


def peak_memory_mb() -> float:
    """The largest resident memory of this process so far, in MB."""
    from demo.hardware.devices import peak_memory

    return round(peak_memory() / 1e6, 1)


def print_json(values: Mapping[str, object]) -> None:
    """One strict JSON object in one line: the last of stdout. In ASCII, which every console's encoding has."""
    print(json.dumps(values, allow_nan=False), flush=True)

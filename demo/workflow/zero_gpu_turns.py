"""Long work on ZeroGPU, in turns: each goes on where the last one ended, and what is done is kept if one is lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from demo.errors import GpuError
from demo.finetune.class_images import BATCH, stored
from demo.finetune.resume import TrainingState
from demo.hardware.zero_gpu import START_S, TURN_S, zero_gpu
from demo.models.bases import Base
from demo.models.hub import fetch
from demo.preflight.check import check_drawing
from demo.progress import UNWATCHED, Watcher, watcher_here
from demo.workflow.pipeline_cache import held

TRIES = 2  # of a turn, before what there is already is taken for the end

log = logging.getLogger(__name__)


def drawing_seconds(base: Base, pictures: int) -> float:
    """What to ask of ZeroGPU for so many pictures: generous for half an H200, which draws one of 512 pixels in 1 s."""
    return START_S + 2.0 * pictures * (base.side / 512) ** 2 * base.sampling_steps / 25


def fetch_first(base: Base) -> None:
    """Download a base before a turn on ZeroGPU begins, which would be over before the files are there.

    Elsewhere nothing: loading does it.

    Raises:
        WeightsError: it cannot be had.
        Stopped: the job was stopped meanwhile.
    """
    if zero_gpu() and not base.bundled and not Path(base.source).is_dir():
        fetch(base.source, base.revision, watcher=watcher_here())


def prepare_drawing(base: Base, pictures: int, steps: int | None) -> None:
    """What comes before a base is drawn with: whether this machine can, and on ZeroGPU the download.

    Raises:
        PreflightError: see :func:`demo.preflight.check.check_drawing`.
        WeightsError, Stopped: see :func:`fetch_first`.
    """
    check_drawing(base, pictures, steps, held=held(base.key))
    fetch_first(base)


def draw_class_images(turn: Callable[[float, float], object], base: Base, count: int) -> None:
    """See to it that a base's class images are there. Elsewhere than on ZeroGPU nothing: fine-tuning does it.

    Args:
        turn: ``turn(limit, seconds to ask for)`` draws some, at least one batch, and writes them.

    Raises:
        GpuError, Stopped: those drawn before are kept.
    """
    while zero_gpu() and not stored(base, count):
        seconds = max(drawing_seconds(base, BATCH), min(TURN_S, drawing_seconds(base, count)))
        turn(seconds - START_S, seconds)


def take_turns(
    turn: Callable[[TrainingState | None, float | None, float], TrainingState],
    steps: int,
    *,
    watcher: Watcher = UNWATCHED,
) -> TrainingState:
    """A fine-tuning of so many steps: at one go, on ZeroGPU in parts.

    Args:
        turn: ``turn(part before, limit, seconds to ask for)``.

    Returns:
        the last part; one that has not ended where a stop, or the loss of the GPU, came before.

    Raises:
        GpuError: not one part could be had.
    """
    part, turn_s, failed = None, TURN_S, 0
    while part is None or not (part.ended or watcher.stopped):
        limit_s = turn_s - START_S if zero_gpu() else None
        try:
            part = turn(part, limit_s, turn_s)
        except GpuError as error:
            failed += 1
            if part is None:
                raise
            if failed == TRIES:
                log.warning("Fine-tuning ends after %d of %d steps: %s", len(part.losses), steps, error)
                return part
            continue
        failed = 0
        left_s = part.seconds / max(1, len(part.losses)) * (steps - len(part.losses))
        turn_s = min(TURN_S, 2 * START_S + left_s)  # less is granted sooner
    return part

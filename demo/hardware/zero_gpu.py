"""Where work for a GPU runs: here, or on a Space with ZeroGPU hardware in a process that is lent one for a while.

There the main process has no GPU. Work is a function at the top of a module; its arguments and its result are pickled
(tensors have to be on the CPU), nothing that it changes is seen in the main process, and it has so many seconds and no
more. What is reported comes back as it happens. Written for spaces 0.51; elsewhere that package is not needed.
"""

from __future__ import annotations

import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, TypeVar

from demo.errors import DemoError, DeviceMemoryError, GpuError, Stopped
from demo.progress import UNWATCHED, Progress, Watcher, watched

T = TypeVar("T")
TURN_S = (
    60.0  # what is asked for at a time where work can go on in another turn: ZeroGPU's own default, had by everybody
)
START_S = 15.0  # of each turn: the process, the weights
LONGEST_S = 120.0  # who asks for more than a visitor may have is refused at once

log = logging.getLogger(__name__)

_lent = False  # whether this is the process that has the GPU


def zero_gpu() -> bool:
    """Whether this is the main process of a Space with ZeroGPU hardware, which must not touch a GPU."""
    return not _lent and os.environ.get("SPACES_ZERO_GPU", "").lower() in {"1", "t", "true"}


def lent() -> bool:
    """Whether this process was lent a GPU by ZeroGPU: a large one, and every second of it counts."""
    return _lent


def prepare() -> None:
    """To be called first of all by the app's main thread: ZeroGPU wants to know its functions before the launch."""
    if zero_gpu():
        _turns()


def on_gpu(work: Callable[..., T], *arguments: Any, seconds: float, watcher: Watcher = UNWATCHED) -> T:
    """``work(*arguments, watcher=watcher)``, where the GPU is.

    Args:
        work: a function at the top of a module.
        seconds: how long it may take, start included. Only ZeroGPU asks: less is granted sooner.

    Raises:
        GpuError: ZeroGPU lends none, or has taken it away.
        DeviceMemoryError: see :func:`remedied`.
        DemoError, Stopped: whatever the work raises.
    """
    if not zero_gpu():
        with remedied():
            return work(*arguments, watcher=watcher)
    end: _End | None = None
    with tempfile.TemporaryDirectory(prefix="lora-leak-turn-") as folder:
        signal = Path(folder) / "stop"
        turn = _turns()(_Call(work, arguments, math.ceil(min(seconds, LONGEST_S)), str(signal), watcher.sees))
        try:
            for found in turn:
                if isinstance(found, _End):
                    end = found
                    continue  # to its own end, so that the process is free for the next turn
                if watcher.stopped:
                    signal.touch()
                watcher.tell(found)
        except (DemoError, Stopped):
            raise
        except Exception as error:
            raise _refused(error) from error
        finally:
            turn.close()
    if end is None:
        raise GpuError("The GPU gave no result.", "Try again.")
    if end.error is not None:
        raise end.error
    return end.value  # type: ignore[no-any-return]


@contextmanager
def remedied() -> Iterator[None]:
    """Work inside that finds a device's memory full raises an error that says what to do.

    Raises:
        DeviceMemoryError: the memory did not suffice.
    """
    import torch  # not before ZeroGPU's package, which app.py has this module import

    try:
        yield
    except torch.OutOfMemoryError as error:
        log.exception("A device's memory is full.")
        raise DeviceMemoryError from error


@dataclass(frozen=True)
class _Call:
    """All that goes to the process with the GPU."""

    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    seconds: int
    signal: str  # a file that says "stop" once it is there
    sees: bool = False  # whether the watcher wants pictures in the making


@dataclass(frozen=True)
class _End:
    """What comes back last."""

    value: Any = None
    error: Exception | None = None  # ZeroGPU itself would pass on no more than the name of its class


class _Signal(Event):
    """A stop event that another process can set: no event can be pickled."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = Path(path)

    def is_set(self) -> bool:
        """Whether either process has set it."""
        return super().is_set() or self._path.exists()


@cache
def _turns() -> Callable[[_Call], Any]:
    try:
        import spaces
    except ImportError as error:
        raise GpuError("This Space has ZeroGPU hardware, but not the package 'spaces'.", "Install it.") from error
    return spaces.GPU(duration=lambda call: call.seconds)(_turn)  # type: ignore[no-any-return]


def _turn(call: _Call) -> Iterator[Progress | _End]:
    """In the process that is lent a GPU: run the work in a thread, and hand on what it reports."""
    global _lent  # noqa: PLW0603
    _lent = True
    told: SimpleQueue[Progress | _End | BaseException] = SimpleQueue()
    stop = _Signal(call.signal)
    watcher = Watcher(told.put, stop, call.sees)

    def run() -> None:
        try:
            with watched(watcher), remedied():  # of loading, too
                told.put(_End(call.work(*call.arguments, watcher=watcher)))
        except (DemoError, Stopped) as error:
            error.__traceback__ = error.__cause__ = error.__context__ = None
            told.put(_End(error=error))
        except BaseException as error:
            told.put(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            found = told.get()
            if isinstance(found, BaseException):
                raise found  # ZeroGPU writes it to the log
            yield found
            if isinstance(found, _End):
                return
    finally:
        stop.set()
        thread.join()


def _refused(error: Exception) -> GpuError:
    """What ZeroGPU says, which it does by Gradio's own exception: with a title and a message."""
    title, message = str(getattr(error, "title", "")), str(getattr(error, "message", error))
    if "quota" in title or "credits" in title:
        return GpuError(f"There is no GPU time left: {message}", "Try again later, or log in to Hugging Face.")
    if "duration" in title:
        return GpuError(f"Such a long turn on the GPU is not granted: {message}", "Ask for fewer steps or pictures.")
    if "aborted" in message:
        return GpuError("The GPU was taken away before the work was done.", "Ask for fewer steps or pictures.")
    if title.startswith("ZeroGPU") and "worker" not in title:
        return GpuError(f"No GPU was available: {message}", "Try again later; reload the page first.")
    return GpuError(f"The work on the GPU failed: {message}.", "Try again; the log of the app says what it was.")

"""The private folder of one run of the app. Those of runs that died (kill -9 tidies nothing up) are found and deleted.

A run holds a lock on its folder, which the system lets go when the process ends, however it ends: so two apps may run
at once, and neither takes the other's folder for a dead one's. Where folders cannot be locked (Windows), the name tells
the process.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Timer
from types import FrameType

from demo.errors import OutputError
from demo.files import ROOM

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PREFIX = "lora-leak-"
UNREADY = f".{PREFIX}"  # until it is locked
GRACE_S = 15.0  # from SIGTERM until the process ends, whatever it does
UNREADY_S = 600.0  # older ones belong to nobody

_held: dict[Path, int] = {}  # folders of this process -> what holds their locks


def parent_folder() -> Path:
    """Where the folders of all runs lie, as the environment has it before a run sets GRADIO_TEMP_DIR to its own."""
    return Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())


def claim(inside: Path) -> Path:
    """A new folder that is this run's alone, mode 0700, after those of dead runs have been deleted.

    Raises:
        OutputError: none can be made there.
    """
    try:
        inside.mkdir(parents=True, exist_ok=True)
        discard_dead(inside)
        made = Path(tempfile.mkdtemp(prefix=f"{UNREADY}{os.getpid()}-", dir=inside))
        lock = _lock(made)
        folder = inside / made.name.removeprefix(".")
        made.rename(folder)
    except OSError as error:
        raise OutputError(f"Cannot make a folder in {inside}: {error.strerror or error}.", ROOM) from error
    if lock is not None:
        _held[folder] = lock
    return folder


def end_with(folder: Path, grace_s: float = GRACE_S) -> None:
    """Have SIGTERM end this process, and the folder go with it. To be called in the main thread.

    The signal becomes a SystemExit, which whatever runs just then may swallow (Python does so where an object is being
    deleted). So the process ends without more ado after ``grace_s`` seconds.
    """

    def at_last() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    def end(number: int, frame: FrameType | None) -> None:
        timer = Timer(grace_s, at_last)
        timer.daemon = True
        timer.start()
        sys.exit(0)

    atexit.register(release, folder)
    signal.signal(signal.SIGTERM, end)


def release(folder: Path) -> None:
    """Delete a folder that was claimed; nothing if it has gone."""
    shutil.rmtree(folder, ignore_errors=True)
    lock = _held.pop(folder, None)
    if lock is not None:
        os.close(lock)


def discard_dead(inside: Path) -> list[Path]:
    """Delete the folders of runs that have ended. What cannot be deleted stays, such as another user's.

    Returns:
        those that have gone.
    """
    gone = []
    for folder in [*inside.glob(f"{PREFIX}*"), *inside.glob(f"{UNREADY}*")]:
        with suppress(OSError):  # gone meanwhile, or not ours
            if folder.is_symlink() or not folder.is_dir() or folder in _held:
                continue
            if folder.name.startswith(UNREADY) and time.time() - folder.lstat().st_mtime < UNREADY_S:
                continue
            lock = _lock(folder)
            if lock is None and (fcntl is not None or _alive(folder)):
                continue
            try:
                shutil.rmtree(folder)
                gone.append(folder)
            finally:
                if lock is not None:
                    os.close(lock)
    return gone


def _lock(folder: Path) -> int | None:
    """What holds the lock from now on; None: somebody else has it, or there are no locks here.

    Raises:
        OSError: it cannot be opened.
    """
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _alive(folder: Path) -> bool:
    """Whether the process in the folder's name runs, and ran when the folder was made."""
    import psutil

    found = re.match(rf"{PREFIX}(\d+)-", folder.name)
    if found is None:
        return True  # nobody knows
    try:
        return bool(psutil.Process(int(found.group(1))).create_time() <= folder.stat().st_ctime + 1)
    except psutil.Error:
        return False

"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from demo.errors import OutputError

ROOM = "Choose a folder that exists, is writable and has room."
UMASK = os.umask(0)  # asked once, for asking sets it: threads that write meanwhile would go by another
os.umask(UMASK)


def write_atomically(path: Path, write: Callable[[Path], Any]) -> Path:
    """Call ``write`` with a temporary name beside ``path``, then rename it to ``path``.

    Args:
        path: final name; missing parent folders are made.
        write: writes the whole content to the path it is given.

    Raises:
        OutputError: the folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-", suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from error
    partial = Path(name)
    try:
        write(partial)
        partial.chmod(0o666 & ~UMASK)  # mkstemp's own mode is for the owner alone
        partial.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write ``text`` as UTF-8, whole or not at all.

    A file's name need not be UTF-8. What of it is not is written as ``\\udcff``, which JSON reads as the same name.
    """
    return write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8", errors="backslashreplace"))


def check_folder(
    folder: Path, files: Iterable[str] = (), folders: Iterable[str] = (), *, room: float = 0, make: bool = False
) -> None:
    """Find out before any work whether results can be written into ``folder``.

    Args:
        folder: need not be there yet.
        files: names of what is to be written there: none of them may be a folder.
        folders: names of folders that are to be written into: none of them may be a file.
        room: bytes that the disk must have free.
        make: leave the folder behind.

    Raises:
        OutputError: they cannot.
    """
    try:
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        home = folder
        while not home.exists() and not home.is_symlink() and home != home.parent:
            home = home.parent
        handle, name = tempfile.mkstemp(dir=home, prefix=".part-")
        os.close(handle)
        Path(name).unlink()
        free = shutil.disk_usage(home).free
    except OSError as error:
        raise OutputError(f"Cannot write into {folder}: {error.strerror or error}.", ROOM) from error
    for name in files:
        if (folder / name).is_dir():
            raise OutputError(f"{folder / name} is a folder: no file can be written there.", "Choose another folder.")
    for name in folders:
        if (folder / name).exists() and not (folder / name).is_dir():
            raise OutputError(f"{folder / name} is no folder: nothing fits into it.", "Choose another folder.")
    if free < room:
        have, need = (f"{size / 2**20:.0f} MB" for size in (free, room))
        raise OutputError(f"{folder} has {have} free, and the results take about {need}.", ROOM)


def check_file(path: Path) -> None:
    """Find out before any work whether a file can be written.

    Raises:
        OutputError: it cannot.
    """
    check_folder(path.parent, [path.name])


def write_tensors(path: Path, tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> Path:
    """Write a safetensors file, whole or not at all. Tensors are made contiguous first."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    def save(partial: Path) -> None:
        try:
            save_file(ready, partial, metadata=dict(metadata or {}))
        except SafetensorError as error:  # such as a full disk, which it does not report as an OSError
            raise OSError(str(error)) from error

    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return write_atomically(path, save)


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"Cannot write {path}: {error.strerror or error}.", ROOM)

"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from demo.errors import OutputError

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
    """Write ``text`` as UTF-8, whole or not at all."""
    return write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))


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
    return OutputError(
        f"Cannot write {path}: {error.strerror or error}.", "Choose a folder that exists, is writable and has room."
    )

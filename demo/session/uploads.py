"""Files that a browser sent: taken from the web server's folder of uploads and nowhere else, and none stays there."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from demo.errors import SettingsError
from demo.photos.ingest import discard

DIGEST = re.compile(r"[0-9a-f]{64}")  # Gradio's folder of one upload is named by what is in the file
KEPT = "visitor-"  # how the folders begin that are not Gradio's


class NoUploadError(SettingsError):
    """A request names a file that is no upload: it is neither read nor deleted."""

    def __init__(self) -> None:
        super().__init__("This is not a file that was uploaded here.", "Choose the file, and it is uploaded.")


def uploaded(file: Any, root: Path) -> tuple[Path, str]:
    """Path and own name of an upload, from what the browser says of it.

    Handlers that get their files unprocessed have to ask this first. Gradio itself checks the path in some components
    and not in others (an Image's may lack the mark that it goes by), and whatever a handler gets, it deletes.

    Args:
        file: Gradio's description of the file, as the request has it.
        root: Gradio's folder of uploads.

    Raises:
        NoUploadError: the path is not one that an upload has.
    """
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str) or "\0" in path:
        raise NoUploadError
    found, root = Path(path).resolve(), root.resolve()
    if found.parent.parent != root or not DIGEST.fullmatch(found.parent.name) or found.is_dir():
        raise NoUploadError
    name = file.get("orig_name")
    return found, name if isinstance(name, str) and name else found.name


def discard_upload(path: Path) -> None:
    """Delete an uploaded file, and the folder that Gradio made for it alone."""
    discard(path)
    with suppress(OSError):  # not empty: the same file was uploaded twice under two names
        path.parent.rmdir()


def discard_strays(root: Path, age_s: float) -> None:
    """Delete uploads that no handler came for: of pages that were closed meanwhile, and connections that broke off.

    Args:
        root: Gradio's folder of uploads, in which the visitors' own folders lie, too.
        age_s: seconds since the last byte came, from which on nobody comes for it.
    """
    limit = time.time() - age_s
    for path in root.iterdir():
        if path.name.startswith(KEPT):
            continue
        with suppress(OSError):  # gone meanwhile
            if max(inner.lstat().st_mtime for inner in (path, *path.rglob("*"))) > limit:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()

"""Where Gradio puts what a browser sends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from demo.session import uploads


def uploaded(file: Any) -> tuple[Path, str]:
    """Path and own name of an upload: :func:`demo.session.uploads.uploaded` on Gradio's folder.

    Raises:
        NoUploadError: the path is not one that an upload has.
    """
    return uploads.uploaded(file, Path(get_upload_folder()))

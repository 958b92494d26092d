"""The app over fake services, served on this machine for as long as a test module takes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gradio import Blocks

from demo.session.modes import MODES
from demo.session.services import Services


@contextmanager
def served(folder: Path, services: Services, mode: str = "lab") -> Iterator[tuple[str, Blocks]]:
    """The app's address and its blocks.

    Args:
        folder: of Gradio's files.
        services: closed at the end.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        from demo.ui.assembly import build_app, launch_options
        from demo.ui.launch import launch

        options = launch_options(MODES[mode], prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Gradio's way to say that an argument is in the wrong place
            blocks = build_app(services, MODES[mode])
            _, url, _ = launch(blocks, **options)
        yield url, blocks
        services.jobs.close()
        blocks.close()
        services.visitors.forget_all()

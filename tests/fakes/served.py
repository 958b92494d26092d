"""The app over fake services, served on this machine for as long as a test module takes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from gradio import Blocks
from gradio_client import Client

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


def show(url: str, client: Client) -> None:
    """Have the page of a client's session show what there is, as a browser's does by itself."""
    config = httpx.get(f"{url}config").json()
    kinds = {component["id"]: component["props"].get("elem_id") for component in config["components"]}
    (pulse,) = (
        call["id"]
        for call in config["dependencies"]
        if any(event == "change" and kinds.get(block) == "pulse" for block, event in call["targets"])
    )
    asked = {"data": [], "fn_index": pulse, "session_hash": client.session_hash}
    httpx.post(f"{url}gradio_api/run/predict", json=asked, timeout=30).raise_for_status()

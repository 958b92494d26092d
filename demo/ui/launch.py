"""The launch on a machine that is busy, or behind a proxy: Gradio's own checks give up after three or five seconds."""

from __future__ import annotations

import os
import time
from threading import Thread
from typing import Any

import gradio as gr
from gradio.exceptions import ServerFailedToStartError
from gradio.http_server import Server

LOCAL = ("localhost", "127.0.0.1", "::1")
PATIENCE_S = 300.0  # until the server has to stand
LOOK_S = 0.02


def launch(demo: gr.Blocks, **options: Any) -> Any:
    """``demo.launch``, which starts on a busy machine and behind a proxy, too.

    Gradio looks at its own page before it goes on, and ends the app if no answer came in three seconds ("When localhost
    is not accessible, a shareable link must be created"). Just before, it has called the same server without a limit,
    so that this second look says nothing new: it is left out. Gradio gives the server's thread five seconds to start;
    it gets :data:`PATIENCE_S`. A proxy of the environment is not asked for this machine's own addresses.

    Args:
        options: of ``Blocks.launch``, see :func:`demo.ui.assembly.launch_options`.

    Raises:
        OSError: no port is free.
    """
    _without_proxy()
    Server.run_in_thread = _run_in_thread
    return demo.launch(**{"_frontend": False, **options})  # by its name: on ZeroGPU it is `spaces`' own


def _without_proxy() -> None:
    """Have Gradio's calls to its own server go there directly."""
    for name in ("no_proxy", "NO_PROXY"):
        known = [host.strip() for host in os.environ.get(name, "").split(",") if host.strip()]
        os.environ[name] = ",".join([*known, *(host for host in LOCAL if host not in known)])


def _run_in_thread(server: Any) -> None:
    """``Server.run_in_thread`` with more patience, and less with a server that has ended already.

    Raises:
        ServerFailedToStartError: it ended, or did not start in time. Gradio tries the next port, if it may.
    """
    server.thread = Thread(target=server.run, daemon=True)
    if server.reloader:  # on a Space
        server.watch_thread = Thread(target=server.watch, daemon=True)
        server.watch_thread.start()
    server.thread.start()
    limit = time.monotonic() + PATIENCE_S
    while not server.started:
        if not server.thread.is_alive() or time.monotonic() > limit:
            raise ServerFailedToStartError("The server did not start. Is the port free?")
        time.sleep(LOOK_S)

"""The app starts where Gradio's own checks give up."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Iterator
from threading import Event

import gradio as gr
import httpx
import pytest
import uvicorn
from gradio import networking
from gradio.exceptions import ServerFailedToStartError
from gradio.http_server import Server

from demo.ui import launch as launching
from demo.ui.launch import _run_in_thread, launch


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[gr.Blocks]:
    monkeypatch.setattr(Server, "run_in_thread", Server.run_in_thread)  # put back afterwards
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "")
    with gr.Blocks(analytics_enabled=False) as made:
        gr.Markdown("here")
    yield made
    made.close()


def started(demo: gr.Blocks) -> str:
    _, url, _ = launch(demo, prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", ssr_mode=False)
    return url


def test_a_page_that_does_not_answer_in_three_seconds(demo: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networking, "url_ok", lambda url: False)  # as beside another program that has all the cores
    with pytest.raises(ValueError, match="localhost is not accessible"):
        demo.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", ssr_mode=False)
    demo.close()
    assert httpx.get(started(demo)).status_code == 200


def test_a_server_that_takes_longer_than_five_seconds(demo: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    startup = uvicorn.Server.startup

    async def slow(server: uvicorn.Server, sockets: object = None) -> None:
        time.sleep(5.5)
        await startup(server, sockets)  # type: ignore[arg-type]

    monkeypatch.setattr(uvicorn.Server, "startup", slow)
    assert httpx.get(started(demo)).status_code == 200


def test_behind_a_proxy_that_knows_nothing_of_this_machine(demo: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.org")
    assert httpx.get(started(demo)).status_code == 200
    assert os.environ["no_proxy"] == "example.org,localhost,127.0.0.1,::1"


class FakeServer:
    reloader, started = None, False

    def __init__(self) -> None:
        self.ended = Event()

    def run(self) -> None:
        self.ended.wait(5)


def test_a_server_that_ended_is_not_waited_for() -> None:
    server = FakeServer()
    server.ended.set()  # as when its port was taken meanwhile
    began = time.monotonic()
    with pytest.raises(ServerFailedToStartError):
        _run_in_thread(server)
    assert time.monotonic() - began < 2


def test_patience_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "PATIENCE_S", 0.1)
    server = FakeServer()
    with pytest.raises(ServerFailedToStartError):
        _run_in_thread(server)
    server.ended.set()


def test_gradio_still_knows_the_option() -> None:
    assert "_frontend" in inspect.signature(gr.Blocks.launch).parameters

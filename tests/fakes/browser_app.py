"""What all browser tests share: the app over a fake story, in any mode, and Debian's Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
PATIENCE_MS = 60_000
START_S = 180.0  # a machine that trains beside the tests is slow

Visit = Callable[..., "Page"]


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[str], str]]:
    """Starts the app in a mode, once for a module: mode -> address."""
    running: dict[str, tuple[subprocess.Popen[bytes], str]] = {}

    def served(mode: str) -> str:
        if mode not in running:
            running[mode] = _start(mode)
        return running[mode][1]

    yield served
    for process, _ in running.values():
        process.terminate()
        process.wait(20)


def _start(mode: str) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "tests/fakes/fake_app.py"), str(port), "0.02", "fake", mode]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/"
    deadline = time.monotonic() + START_S
    while True:
        assert process.poll() is None, "the app ended"
        assert time.monotonic() < deadline, "the app does not answer"
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return process, address
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser, serve: Callable[[str], str]) -> Iterator[Visit]:
    """Opens the app as a new visitor, and holds that nothing is fetched from elsewhere and no script fails."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def note(message: Any) -> None:
        if message.type == "error":
            faults.append(message.text)

    def opened(
        width: int = 1280,
        scheme: Any = "light",
        context: BrowserContext | None = None,
        mode: str = "lab",
        path: str = "",
        ready: str = "#photos .ll-note",
        **options: Any,
    ) -> Page:
        url = serve(mode)
        if context is None:
            context = browser.new_context(viewport={"width": width, "height": 850}, color_scheme=scheme, **options)
            contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else faults.append(r.url))
        page.goto(url + path)
        page.locator(ready).first.wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def shoot(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep a screenshot in the folder LORA_LEAK_SHOTS, where there is one."""
    if folder := os.environ.get("LORA_LEAK_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=whole)

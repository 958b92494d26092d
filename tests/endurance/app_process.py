"""The app in a process of its own, on a free port, with a temporary folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
from gradio_client import Client

ROOT = Path(__file__).parents[2]
START_S = 600.0  # a busy machine takes long
SUPERVISED = (
    "import sys, logging; logging.basicConfig(level=logging.INFO); from demo.session.supervise import *;"
    # each kill comes before an app has lived long enough to count as well
    "sys.exit(supervise([sys.executable, 'app.py'], patience=Patience(first_s=0.5, longest_s=2, deaths=1000)))"
)
PERSON = "Anton Upplund"  # one of weights/people
ENDED = ("done", "failed", "stopped")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class AppProcess:
    """Use it in a ``with``: at the end it is stopped, and its folder deleted.

    Args:
        supervised: whether a supervisor starts it.
        environment: more of it.
        root: the project's folder, or that of a copy.
        arguments: of the app.
    """

    def __init__(
        self,
        *,
        supervised: bool = False,
        environment: Mapping[str, str] | None = None,
        root: Path = ROOT,
        arguments: Sequence[str] = (),
    ) -> None:
        self.port, self.supervised, self.root, self._arguments = free_port(), supervised, root, arguments
        self.url = f"http://127.0.0.1:{self.port}/"
        self.folder = Path(tempfile.mkdtemp(prefix="endurance-"))
        self.log = self.folder / "app.log"
        (self.folder / "temp").mkdir()
        given = {"GRADIO_TEMP_DIR": str(self.folder / "temp"), "GRADIO_SERVER_PORT": str(self.port)}
        self._environment = {**os.environ, **given, **(environment or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> AppProcess:
        command = (
            [sys.executable, "-c", SUPERVISED] if self.supervised else [sys.executable, "app.py", *self._arguments]
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.root, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            for process in [*psutil.Process(self.process.pid).children(recursive=True), self.process]:
                process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-2000:]

    def wait(self) -> float:
        """Until it answers; seconds. Raises a RuntimeError if it ended or does not."""
        began = time.monotonic()
        while time.monotonic() - began < START_S:
            assert self.process is not None
            if self.process.poll() is not None:
                raise RuntimeError(f"The app ended:\n{self.said()}")
            try:
                httpx.get(f"{self.url}config", timeout=30).raise_for_status()
                return time.monotonic() - began
            except httpx.HTTPError:
                time.sleep(0.2)
        raise RuntimeError(f"The app does not answer:\n{self.said()}")

    def app_pid(self) -> int:
        """Of the app itself."""
        assert self.process is not None
        if not self.supervised:
            return self.process.pid
        return next(child.pid for child in psutil.Process(self.process.pid).children())

    def memory(self) -> float:
        """Resident, MB."""
        try:
            return round(float(psutil.Process(self.app_pid()).memory_info().rss) / 1e6, 1)
        except (psutil.Error, StopIteration):
            return 0.0

    def disk(self) -> int:
        """Bytes in its temporary folder."""
        total = 0
        for path in (self.folder / "temp").rglob("*"):
            try:
                total += path.stat().st_size if path.is_file() else 0
            except OSError:  # gone meanwhile
                continue
        return total

    def runs(self) -> list[Path]:
        """The private folders that are there."""
        return sorted((self.folder / "temp").glob("*lora-leak-*"))

    def halves(self) -> list[Path]:
        """Files that were begun and not finished."""
        return sorted((self.folder / "temp").rglob(".part-*"))

    def client(self) -> Client:
        return Client(self.url, verbose=False, httpx_kwargs={"timeout": 120})


def begin(client: Client, steps: int = 10, **more: Any) -> None:
    """A short story of a fictional person."""
    client.predict(PERSON, api_name="/load_person")
    client.predict(steps=steps, samples=1, api_name="/run_story", **more)


def ended(client: Client, patience_s: float) -> dict[str, Any]:
    """The status of a session's job at its end; of a lost one the state is None, of one that takes too long 'late'."""
    limit = time.monotonic() + patience_s
    while time.monotonic() < limit:
        status: dict[str, Any] = client.predict(api_name="/status")
        if status["state"] in (*ENDED, None):
            return status
        time.sleep(2)
    return {"state": "late", "error": None, "headline": None}

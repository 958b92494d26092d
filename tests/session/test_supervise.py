from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from demo.session.supervise import SUPERVISED, KeepsDyingError, Patience, supervise, supervise_app

ROOT = Path(__file__).parents[2]
FAST = Patience(first_s=0.05, longest_s=0.1, steady_s=60, deaths=4, grace_s=1)
SUPERVISOR = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from demo.session.supervise import Patience, supervise
patience = Patience(first_s=0.05, longest_s=0.1, steady_s=60, deaths=40, grace_s=1)
sys.exit(supervise([sys.executable, "-c", sys.argv[2], sys.argv[1]], inside=Path(sys.argv[1]), patience=patience))
"""
APP = f"""
import atexit, os, signal, subprocess, sys, time
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from demo.session.run_folder import claim, release
from demo.session.supervise import supervise_app
assert supervise_app() is None
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
inside = Path(sys.argv[1])
folder = claim(inside)
atexit.register(release, folder)
helper = subprocess.Popen(["sleep", "300"])
(folder / "face.png").write_bytes(b"secret")
with open(inside / "runs", "a") as runs:
    runs.write(f"{{os.getpid()}} {{helper.pid}} {{folder}}\\n")
time.sleep(300)
"""
STUBBORN = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
open(sys.argv[1] + "/runs", "a").write(f"{os.getpid()} {os.getpid()} -\\n")
time.sleep(300)
"""


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def until(wanted: object, seconds: float = 30.0) -> None:
    assert callable(wanted)
    limit = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < limit
        time.sleep(0.02)


class Watched:
    """A supervisor in a process of its own."""

    def __init__(self, inside: Path, app: str = APP) -> None:
        self.inside = inside
        self.process = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(inside), app])

    def runs(self) -> list[tuple[int, int, Path]]:
        path = self.inside / "runs"
        lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return [(int(pid), int(helper), Path(folder)) for pid, helper, folder in lines]

    def run(self, number: int) -> tuple[int, int, Path]:
        until(lambda: len(self.runs()) >= number)
        return self.runs()[number - 1]


def test_an_app_that_is_killed_comes_back_and_leaves_nothing(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    try:
        for number in (1, 2, 3):
            pid, helper, folder = watched.run(number)
            until((folder / "face.png").exists)
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid, helper=helper, folder=folder: gone(pid) and gone(helper) and not folder.exists())
        pid, helper, folder = watched.run(4)
        watched.process.send_signal(signal.SIGTERM)
        assert watched.process.wait(20) == 128 + signal.SIGTERM
        assert gone(pid)
        assert gone(helper)
        assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    finally:
        watched.process.kill()
        watched.process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="by the system's own signal")
def test_no_app_outlives_its_supervisor(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    pid, helper, folder = watched.run(1)
    watched.process.kill()
    watched.process.wait()
    until(lambda: gone(pid) and not folder.exists())
    psutil.Process(helper).kill()  # it is told nothing by anybody: the app has no such helpers


def test_a_signal_in_vain_is_followed_by_a_kill(tmp_path: Path) -> None:
    watched = Watched(tmp_path, STUBBORN)
    pid, _, _ = watched.run(1)
    began = time.monotonic()
    watched.process.send_signal(signal.SIGINT)
    assert watched.process.wait(20) == 128 + signal.SIGINT
    assert time.monotonic() - began >= 0.9
    assert gone(pid)


def test_it_gives_up_with_clear_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(KeepsDyingError, match="died 4 times in a row, each time within 60 s of its start") as caught:
        supervise([sys.executable, "-c", "raise SystemExit(3)"], inside=tmp_path, patience=FAST)
    assert "exit status 3" in caught.value.problem
    assert "start it alone" in caught.value.remedy
    assert caplog.text.count("started again") == 3
    with pytest.raises(KeepsDyingError, match=r"SIGKILL \(was memory short\?\)"):
        supervise([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], inside=tmp_path, patience=FAST)


def test_a_run_that_lasted_is_no_failed_start(tmp_path: Path) -> None:
    count = tmp_path / "count"
    code = (
        f"open({str(count)!r}, 'a').write('x'); import sys; sys.exit(0 if len(open({str(count)!r}).read()) > 7 else 1)"
    )
    assert supervise([sys.executable, "-c", code], inside=tmp_path, patience=Patience(0.01, 0.01, 0.0, 2, 1)) == 0
    assert count.read_text() == "x" * 8


def test_an_app_with_a_supervisor_is_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SUPERVISED, "1")
    assert supervise_app() is None

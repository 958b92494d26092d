from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.errors import OutputError
from demo.session import run_folder
from demo.session.run_folder import claim, discard_dead, release

ROOT = Path(__file__).parents[2]
OTHER = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from demo.session.run_folder import claim
folder = claim(Path(sys.argv[1]))
(folder / "face.png").write_bytes(b"secret")
print(folder, flush=True)
time.sleep(60)
"""


def other_run(inside: Path) -> tuple[subprocess.Popen[str], Path]:
    other = subprocess.Popen([sys.executable, "-c", OTHER, str(inside)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    return other, Path(other.stdout.readline().strip())


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    folder = claim(tmp_path / "new")
    assert folder.parent == tmp_path / "new"
    assert folder.name.startswith("lora-leak-")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert discard_dead(folder.parent) == []  # neither by this process
    release(folder)
    assert list((tmp_path / "new").iterdir()) == []
    release(folder)


def test_two_runs_at_once_and_one_that_was_killed(tmp_path: Path) -> None:
    other, theirs = other_run(tmp_path)
    try:
        ours = claim(tmp_path)
        assert (theirs / "face.png").exists()  # it lives
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert (theirs / "face.png").exists()  # nothing tidied up
        assert discard_dead(tmp_path) == [theirs]
        assert ours.exists()
        release(ours)
    finally:
        other.kill()
        other.wait()
        assert other.stdout is not None
        other.stdout.close()


def test_a_start_deletes_what_dead_runs_left_and_nothing_else(tmp_path: Path) -> None:
    old = tmp_path / "lora-leak-17-abcdef"  # of any version: nobody holds it
    (old / "visitor-1").mkdir(parents=True)
    (old / "visitor-1" / "report.html").write_text("secret")
    elsewhere = tmp_path / "mine"
    elsewhere.mkdir()
    (tmp_path / "lora-leak-link").symlink_to(elsewhere)
    (tmp_path / "lora-leak-file").write_text("a file")
    unready, stale = tmp_path / ".lora-leak-18-x", tmp_path / ".lora-leak-19-x"
    for folder in (unready, stale):
        folder.mkdir()
    os.utime(stale, (time.time() - 3600,) * 2)
    made = claim(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        made.name, "mine", "lora-leak-link", "lora-leak-file", ".lora-leak-18-x"
    }  # fmt: skip
    release(made)


def test_without_locks_the_name_tells_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder, "fcntl", None)  # Windows
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, strange = tmp_path / f"lora-leak-{ended.pid}-x", tmp_path / "lora-leak-x"
    dead.mkdir()
    strange.mkdir()
    made = claim(tmp_path)
    assert not dead.exists()
    assert strange.exists()
    assert discard_dead(tmp_path) == []
    release(made)
    assert not made.exists()


def test_a_signal_that_is_swallowed_ends_the_process_all_the_same(tmp_path: Path) -> None:
    code = OTHER.replace(
        "time.sleep(60)",
        """
from demo.session.run_folder import end_with
end_with(folder, 0.5)
print("ready", flush=True)
while True:
    try:
        time.sleep(60)
    except SystemExit:
        pass
""",
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    with other.stdout:
        lines = [other.stdout.readline() for _ in range(2)]
    assert lines[1] == "ready\n"
    other.terminate()
    assert other.wait(30) == 0
    assert list(tmp_path.iterdir()) == []


def test_nowhere_to_make_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Cannot make a folder in"):
        claim(tmp_path / "file")

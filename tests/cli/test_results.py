"""The folder of results: tried before the work, never the photos' own, and nobody's photo in it is deleted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demo.cli import main, results
from demo.cli.leak import find_photos
from demo.errors import OutputError
from demo.files import check_folder
from demo.report.write import FORMAT

SAID = {"format": FORMAT, "arms": [{"key": "dreambooth", "pictures": 2}, {"key": "encoder", "pictures": 1}]}


def fails(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line of an error of exit code 2."""
    assert main([str(argument) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.splitlines()[-1]


def put(folder: Path, *names: str, report: object = None) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        Image.new("RGB", (16, 16)).save(folder / name)
    if report is not None:
        (folder / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_only_what_an_earlier_report_lists_is_deleted(tmp_path: Path) -> None:
    ours = {"dreambooth-0.png", "dreambooth-1.png", "reconstruction-0.png"}
    theirs = {"dreambooth-2.png", "dreambooth-2019.png", "reconstruction-1.png", "me.png"}
    put(tmp_path, *ours, *theirs, report=SAID)
    (tmp_path / "report.html").write_text("x", encoding="utf-8")
    results.clear_results(tmp_path)
    assert left(tmp_path) == theirs


@pytest.mark.parametrize(
    "report",
    [
        None,
        {"format": "another program's", "arms": SAID["arms"]},
        {"arms": SAID["arms"]},
        ["lora-leak"],
        {"format": "lora-leak-report/1"},
        {"format": FORMAT, "arms": [{"key": "../me", "pictures": 1}, {"key": "dreambooth", "pictures": "many"}]},
    ],
)
def test_without_a_report_of_ours_no_picture_is_deleted(tmp_path: Path, report: object) -> None:
    names = ("dreambooth-0.png", "dreambooth-2019.png", "reconstruction-0.png")
    put(tmp_path, *names, report=report)
    results.clear_results(tmp_path)
    assert set(names) <= left(tmp_path)
    assert results.written_earlier(tmp_path) <= {"report.json", "report.html"}


def test_a_picture_or_report_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    put(tmp_path, "dreambooth-1.png")
    results.check_pictures(tmp_path, 1, 64)
    with pytest.raises(OutputError, match=r"dreambooth-1\.png is there already"):
        results.check_pictures(tmp_path, 2, 64)
    put(tmp_path, report=SAID)
    results.check_pictures(tmp_path, 2, 64)  # an earlier run's
    results.check_out(tmp_path, results.REPORT)
    put(tmp_path, report={"mine": 1})
    with pytest.raises(OutputError, match=r"report\.json is there already"):
        results.check_out(tmp_path, results.REPORT)


def test_a_folder_of_photos_takes_no_pictures(tmp_path: Path, capsys: Any) -> None:
    photos = tmp_path / "mia"
    put(photos, "0.png", "1.png", "2.png")
    (tmp_path / "link").symlink_to(photos)
    for command in ("leak", "defend"):
        for out in (photos, tmp_path / "link", photos / ".." / "mia"):
            assert "holds the photos" in fails(capsys, command, "--photos", photos, "--out", out)
    assert left(photos) == {"0.png", "1.png", "2.png"}


def test_pictures_of_an_earlier_run_are_not_read_as_photos(tmp_path: Path, capsys: Any) -> None:
    put(tmp_path, "0.png", "1.png", "2.png", "dreambooth-0.png", "dreambooth-1.png", "dreambooth-7.png", report=SAID)
    assert [path.name for path in find_photos(tmp_path)] == ["0.png", "1.png", "2.png", "dreambooth-7.png"]
    told = capsys.readouterr().err
    assert "Left out, written by an earlier run: dreambooth-0.png, dreambooth-1.png, report.json." in told


def test_results_below_the_photos_are_not_read(tmp_path: Path, capsys: Any) -> None:
    put(tmp_path, "0.png", "1.png", "2.png")
    put(tmp_path / "out", "dreambooth-0.png", report=SAID)
    assert len(find_photos(tmp_path)) == 3
    assert "the subfolder 'out' holds results of an earlier run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("leak", "lora.safetensors"),
        ("leak", "lora.card.md"),
        ("leak", "report.html"),
        ("defend", "defend.csv"),
        ("attack", "report.json"),
        ("shake", "shake.json"),
        ("audit", "audit.json"),
    ],
)
def test_a_folder_in_a_result_s_place_is_found_before_the_work(
    tmp_path: Path, capsys: Any, command: str, name: str
) -> None:
    (tmp_path / "out" / name).mkdir(parents=True)
    options = {"attack": ["x.safetensors"], "shake": ["--prompt", "x"], "audit": []}
    words = options.get(command, ["--photos", tmp_path / "gone"])
    assert f"{name} is a folder" in fails(capsys, command, *words, "--out", tmp_path / "out")


@pytest.mark.parametrize(("command", "name"), [("defend", "points"), ("shake", "arms")])
def test_a_file_in_a_folder_s_place_is_found_before_the_work(
    tmp_path: Path, capsys: Any, command: str, name: str
) -> None:
    (tmp_path / name).write_bytes(b"")
    words = ["--prompt", "x"] if command == "shake" else ["--photos", tmp_path / "gone"]
    assert f"{name} is no folder" in fails(capsys, command, *words, "--out", tmp_path)


def test_the_place_of_a_clean_copy_is_tried_first(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "file").write_bytes(b"")
    attack = ["attack", "gone.safetensors", "--out", tmp_path / "out", "--clean"]
    assert "copy is a folder" in fails(capsys, *attack, tmp_path / "copy")
    assert "Cannot write into" in fails(capsys, *attack, tmp_path / "file" / "c.safetensors")
    assert "gone.safetensors" in fails(capsys, *attack, tmp_path / "new" / "c.safetensors")
    assert not (tmp_path / "new").exists()


def test_a_disk_without_room_is_found_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(2**30, 2**30 - 2**20, 2**20))
    check_folder(tmp_path, room=2**20)
    with pytest.raises(OutputError, match="has 1 MB free, and the results take about 3 MB"):
        check_folder(tmp_path, room=3 * 2**20)
    with pytest.raises(OutputError, match="MB free"):
        results.check_pictures(tmp_path, 8, 512)
    results.check_pictures(tmp_path, 1, 16)


def test_a_folder_that_is_only_tried_is_not_made(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")
    assert left(tmp_path) == set()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="Cannot write into"):
        check_folder(tmp_path / "file" / "b")

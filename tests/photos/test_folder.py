"""A folder as people have it: every photo is found whatever it is called, and all else is named."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from PIL import Image

from demo.photos import decode  # registers HEIF with Pillow
from demo.photos.folder import MOST_LOOKED_AT, folder_photos, holds_results, kind_of

KINDS = {"JPEG": ".jfif", "PNG": ".JPE", "WEBP": "", "HEIF": ".HIF", "AVIF": ".avif"}
VIDEO = b"\0\0\0\x14ftypqt  \0\0\0\0qt  "
RESULT = '{\n "format": "lora-leak-report/1",\n "arms": []}'


def photo(path: Path, kind: str = "JPEG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), "grey").save(path, kind)
    return path


def told(folder: Path, **options: object) -> tuple[list[str], list[str]]:
    """Names of the photos, and the lines about the rest."""
    lines: list[str] = []
    found = folder_photos(folder, tell=lines.append, **options)  # type: ignore[arg-type]
    return [path.name for path in found], lines


def refused(folder: Path) -> str:
    with pytest.raises(decode.BadPhotoError) as caught:
        folder_photos(folder)
    assert caught.value.reason == "missing"
    assert str(folder.parent) not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("kind", "suffix"), KINDS.items())
def test_a_photo_is_told_by_its_bytes(tmp_path: Path, kind: str, suffix: str) -> None:
    names = [f"a{suffix}", f"b{suffix.upper()}", "c", "d.png", "e.txt", "f.jpg.download"]
    for name in names:
        photo(tmp_path / name, kind)
    assert told(tmp_path) == (names, [])


def test_what_is_left_out_is_named_for_what_it_is(tmp_path: Path) -> None:
    photo(tmp_path / "me.jpg")
    photo(tmp_path / "moving.jpg", "GIF")
    (tmp_path / "clip.mov").write_bytes(VIDEO)
    (tmp_path / "clip2.jpg").write_bytes(VIDEO)
    (tmp_path / "notes.txt").write_text("hello\n", encoding="utf-8")
    (tmp_path / "nothing.jpg").write_bytes(b"")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    names, lines = told(tmp_path)
    assert names == ["me.jpg"]
    assert sorted(lines) == [
        "Left out, a GIF: moving.jpg.",
        "Left out, a link to something that is not there: gone.jpg.",
        "Left out, a text: notes.txt.",
        "Left out, a video: clip.mov, clip2.jpg.",
        "Left out, empty: nothing.jpg.",
        "Left out, no ordinary file: pipe.jpg.",
    ]


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo(tmp_path / "a.jpg")
    photo(tmp_path / "b.jpg")
    plain = Path.open

    def denied(path: Path, *args: object, **options: object) -> object:
        if path.name == "b.jpg":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return plain(path, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", denied)
    assert told(tmp_path) == (["a.jpg"], ["Left out, cannot be read (Permission denied): b.jpg."])


def test_many_of_one_kind_are_counted(tmp_path: Path) -> None:
    photo(tmp_path / "me.jpg")
    for number in range(9):
        (tmp_path / f"{number}.mov").write_bytes(VIDEO)
    assert told(tmp_path)[1] == ["Left out, a video: 0.mov, 1.mov, 2.mov, 3.mov and 5 more."]


def test_what_systems_put_there_is_silent(tmp_path: Path) -> None:
    photo(tmp_path / "me.jpg")
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", ".directory"):
        (tmp_path / name).write_bytes(b"\0\1")
    (tmp_path / "._me.jpg").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    photo(tmp_path / "__MACOSX" / "._x.jpg")
    photo(tmp_path / ".thumbnails" / "me.jpg")
    assert told(tmp_path) == (["me.jpg"], [])


def test_a_hidden_photo_and_one_in_the_cloud_are_named(tmp_path: Path) -> None:
    photo(tmp_path / "me.jpg")
    photo(tmp_path / ".you.jpg")
    (tmp_path / ".IMG_1.HEIC.icloud").write_bytes(b"bplist00")
    assert sorted(told(tmp_path)[1]) == [
        "Left out, hidden: .you.jpg.",
        "Left out, in iCloud and not on this machine: download it first: IMG_1.HEIC.",
    ]


def test_subfolders_that_hold_pictures_are_hinted_at(tmp_path: Path) -> None:
    photo(tmp_path / "me.jpg")
    for number in range(7):
        photo(tmp_path / "mia" / f"{number}")
    photo(tmp_path / "trip" / "day 1" / "x.HIF", "HEIF")
    (tmp_path / "empty").mkdir()
    names, lines = told(tmp_path)
    assert names == ["me.jpg"]
    assert lines == [
        "Not read: the subfolder 'mia' holds 7 pictures; name it instead if they are meant.",
        "Not read: the subfolder 'trip/day 1' holds 1 picture; name it instead if they are meant.",
    ]


def test_of_a_very_full_subfolder_only_some_are_looked_at(tmp_path: Path) -> None:
    data = photo(tmp_path / "me.jpg").read_bytes()
    (tmp_path / "all").mkdir()
    for number in range(MOST_LOOKED_AT + 1):
        (tmp_path / "all" / f"{number}.jpg").write_bytes(data)
    assert f"holds {MOST_LOOKED_AT} or more pictures" in told(tmp_path)[1][0]


def test_results_of_an_earlier_run_are_no_photos(tmp_path: Path) -> None:
    photo(tmp_path / "me.jpg")
    photo(tmp_path / "dreambooth-0.png", "PNG")
    photo(tmp_path / "out" / "dreambooth-0.png", "PNG")
    (tmp_path / "out" / "report.json").write_text(RESULT, encoding="utf-8")
    assert told(tmp_path, results={"dreambooth-0.png"}) == (
        ["me.jpg"],
        [
            "Left out, written by an earlier run: dreambooth-0.png.",
            "Not read: the subfolder 'out' holds results of an earlier run; they are no photos.",
        ],
    )
    assert holds_results(tmp_path / "out")
    assert not holds_results(tmp_path)


def test_a_folder_without_photos_says_what_it_holds(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    assert "No photo in the folder mine: it is empty. Put JPEG" in refused(folder)
    (folder / "clip.mov").write_bytes(VIDEO)
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "more").mkdir()
    text = refused(folder)
    assert "it holds clip.mov (a video), 1 hidden file, a subfolder without pictures." in text
    photo(folder / "mia" / "1.jpg")
    text = refused(folder)
    assert text.endswith("the subfolder 'mia' holds 1 picture. Name the subfolder instead.")


def test_what_is_no_folder_says_what_it_is(tmp_path: Path) -> None:
    assert "me.jpg is a single photo, not a folder. Name the folder" in refused(photo(tmp_path / "me.jpg"))
    archive = tmp_path / "photos.zip"
    archive.write_bytes(b"PK\3\4" + bytes(40))
    assert "photos.zip is a ZIP archive, not a folder. Unpack it" in refused(archive)
    empty = tmp_path / "photos"
    empty.write_bytes(b"")
    assert "photos is a file, empty, not a folder." in refused(empty)
    assert "Cannot list the folder gone: No such file" in refused(tmp_path / "gone")


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    name = os.fsdecode(b"m\xffe.jpg")
    photo(tmp_path / "plain").rename(tmp_path / name)
    (tmp_path / os.fsdecode(b"\xfe.mov")).write_bytes(VIDEO)
    assert told(tmp_path) == ([name], ["Left out, a video: ?.mov."])


def test_kind_of_a_photo(tmp_path: Path) -> None:
    assert kind_of(photo(tmp_path / "x")) == "photo"

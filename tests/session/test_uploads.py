from __future__ import annotations

import os
from pathlib import Path

import pytest

from demo.session.uploads import NoUploadError, discard_strays, discard_upload
from demo.ui.uploads import uploaded

DIGEST = "0a" * 32


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "uploads"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(root))
    (root / DIGEST).mkdir(parents=True)
    (root / DIGEST / "me.jpg").write_bytes(b"photo")
    return root


def test_an_upload_is_taken_and_deleted_with_its_folder(root: Path) -> None:
    path, name = uploaded({"path": str(root / DIGEST / "me.jpg"), "orig_name": "My face.jpg"})
    assert (path.read_bytes(), name) == (b"photo", "My face.jpg")
    assert uploaded({"path": str(path)})[1] == uploaded({"path": str(path), "orig_name": 5})[1] == "me.jpg"
    discard_upload(path)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    "path",
    [
        "{root}/{digest}/../../secret/note.txt",
        "{root}/../secret/note.txt",
        "{root}/visitor-1/lora.safetensors",
        "{root}/{digest}/link",
        "{root}/{digest}/inner/note.txt",
        "{root}/{digest}",
        "{root}/{digest}/folder",
        "{root}/me.jpg",
        "me.jpg",
        "/etc/passwd",
        "https://example.org/me.jpg",
        "a\0b",
        "",
        None,
        5,
    ],
)
def test_no_other_file_is(root: Path, path: object) -> None:
    secret = root.parent / "secret"
    secret.mkdir()
    (secret / "note.txt").write_text("secret")
    (root / "visitor-1").mkdir()
    (root / "visitor-1" / "lora.safetensors").write_bytes(b"mine")
    (root / DIGEST / "folder").mkdir()
    (root / DIGEST / "link").symlink_to(secret / "note.txt")
    named = path.format(root=root, digest=DIGEST) if isinstance(path, str) else path
    with pytest.raises(NoUploadError, match="not a file that was uploaded"):
        uploaded({"path": named})


@pytest.mark.parametrize("file", [None, "me.jpg", [], {}, {"url": "x"}])
def test_nor_what_is_no_file_at_all(root: Path, file: object) -> None:
    with pytest.raises(NoUploadError):
        uploaded(file)


def test_what_nobody_came_for_goes_and_visitors_folders_stay(root: Path) -> None:
    partial, young, mine = root / "tmpabc", root / ("0b" * 32) / "new.jpg", root / "visitor-1" / "lora.safetensors"
    for path in (partial, young, mine):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    for path in (partial, mine, mine.parent, root / DIGEST / "me.jpg", root / DIGEST):
        os.utime(path, (1, 1))
    os.utime(young.parent, (1, 1))  # the folder is old, what came into it is not
    discard_strays(root, age_s=600)
    assert sorted(path.name for path in root.iterdir()) == ["0b" * 32, "visitor-1"]
    assert young.exists()
    assert mine.exists()

"""An encoder goes to the Hub under its checksum, and the manifest says where."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from demo.attack.manifest import read, record
from demo.errors import OutputError, WeightsError
from demo.models.bases import BUNDLED
from demo.train.__main__ import main
from demo.train.publish import publish

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeApi:
    """``HfApi`` as far as it is used."""

    def __init__(self, broken: Exception | None = None) -> None:
        self.made: list[tuple[str, bool]] = []
        self.files: dict[tuple[str, str], bytes] = {}
        self._broken = broken

    def create_repo(self, repo_id: str, *, private: bool | None = None, exist_ok: bool = False) -> None:
        assert exist_ok
        self.made.append((repo_id, bool(private)))

    def upload_file(self, *, path_or_fileobj: Path, path_in_repo: str, repo_id: str, commit_message: str) -> object:
        if self._broken:
            raise self._broken
        self.files[repo_id, path_in_repo] = path_or_fileobj.read_bytes()
        return SimpleNamespace(oid=COMMIT)


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("demo.paths.WEIGHTS", tmp_path)
    path = tmp_path / BUNDLED / "encoder.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"an encoder")
    return path


def test_upload_and_entry(encoder: Path, tmp_path: Path) -> None:
    before, api = record(encoder, BUNDLED), FakeApi()
    entry = publish(encoder, BUNDLED, "user/repo", private=True, api=api)
    assert api.made == [("user/repo", True)]
    assert api.files == {("user/repo", f"{BUNDLED}/encoder.safetensors"): b"an encoder"}
    assert entry == before.model_copy(update={"repo": "user/repo", "revision": COMMIT})
    assert read(tmp_path / "manifest.json").encoders == {BUNDLED: entry}


def test_what_is_not_verified_is_not_published(encoder: Path) -> None:
    api = FakeApi()
    with pytest.raises(WeightsError, match="by checksum only"):
        publish(encoder, BUNDLED, "user/repo", api=api)
    record(encoder, BUNDLED)
    encoder.write_bytes(b"an intrudr")
    with pytest.raises(WeightsError, match="replaced"):
        publish(encoder, BUNDLED, "user/repo", api=api)
    encoder.unlink()
    with pytest.raises(WeightsError, match="no weight encoder"):
        publish(encoder, BUNDLED, "user/repo", api=api)
    assert not api.made
    assert not api.files


def test_a_refusal_leaves_the_manifest_alone(encoder: Path, tmp_path: Path) -> None:
    before = record(encoder, BUNDLED)
    with pytest.raises(OutputError, match=r"403 Forbidden.*hf auth login"):
        publish(encoder, BUNDLED, "user/repo", api=FakeApi(PermissionError("403 Forbidden")))
    assert read(tmp_path / "manifest.json").encoders == {BUNDLED: before}


def test_the_command_line(encoder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    api = FakeApi()
    monkeypatch.setattr("demo.train.publish.HfApi", lambda: api)
    monkeypatch.setattr("demo.attack.by_encoder.encoder_path", lambda base: encoder)
    assert main(["publish", "--base", BUNDLED, "--repo", "user/repo"]) == 2
    assert "by checksum only" in capsys.readouterr().err
    record(encoder, BUNDLED)
    assert main(["publish", "--base", BUNDLED, "--repo", "user/repo"]) == 0
    assert COMMIT in capsys.readouterr().out
    assert list(api.files) == [("user/repo", f"{BUNDLED}/encoder.safetensors")]

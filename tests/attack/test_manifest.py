"""No checksum, no load; and what comes from the Hub is verified before it takes its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from demo.attack import manifest
from demo.attack.by_encoder import bundled_encoder, encoder_path
from demo.attack.weight_encoder import EncoderSettings, load_encoder, save_encoder
from demo.errors import WeightsError
from demo.finetune.settings import LoraSettings
from demo.models.bases import BASES
from demo.models.fingerprints import fingerprint
from demo.paths import WEIGHTS
from demo.train.encoder import new_encoder

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONTENT = b"an encoder"


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("demo.paths.WEIGHTS", tmp_path)
    for name in ("LORA_LEAK_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def hub(content: bytes, calls: list[dict[str, str]]) -> manifest.Download:
    def download(**asked: str) -> str:
        calls.append(asked)
        return str(put(Path(asked["local_dir"]) / asked["filename"], content))

    return download


def published(weights: Path) -> Path:
    """An encoder that the manifest knows from the Hub, and that is not here."""
    path = put(weights / "sd14" / "encoder.safetensors")
    manifest.record(path, "sd14", repo="user/repo", revision=COMMIT)
    path.unlink()
    path.parent.rmdir()
    return path


def test_what_ships_is_what_its_manifest_lists() -> None:
    listed = manifest.read(WEIGHTS / "manifest.json").encoders
    assert set(listed) == {path.parent.name for path in WEIGHTS.glob("*/encoder.safetensors")} != set()
    for key, entry in listed.items():
        assert entry.file == f"{key}/encoder.safetensors"
        assert manifest.verified(encoder_path(BASES[key])) == WEIGHTS / entry.file


def test_no_checksum_no_load(tiny_pipe, tiny_base, tmp_path: Path) -> None:
    lora = LoraSettings(unet_rank=4)
    path = tmp_path / "own" / "encoder.safetensors"
    save_encoder(path, new_encoder(tiny_pipe, tiny_base, lora, EncoderSettings()))
    beside = path.parent / "manifest.json"
    assert load_encoder(path, tiny_pipe.text_encoder).rank == 4
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # the size stays
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"damaged or was replaced.*Delete it and fetch it again"):
        load_encoder(path, tiny_pipe.text_encoder)
    content[-1] ^= 1
    path.write_bytes(content)
    load_encoder(path, tiny_pipe.text_encoder)
    other = path.with_name("other.safetensors")
    other.write_bytes(content)
    with pytest.raises(WeightsError, match=r"does not list other\.safetensors"):
        load_encoder(other, tiny_pipe.text_encoder)
    beside.write_text('{"encoders": {"own": {"file": "encoder.safetensors", "bytes": 3}}}')
    with pytest.raises(WeightsError, match="cannot be read"):
        load_encoder(path, tiny_pipe.text_encoder)
    beside.unlink()
    with pytest.raises(WeightsError, match="by checksum only"):
        load_encoder(path, tiny_pipe.text_encoder)


def test_a_folder_base_brings_its_encoder_and_its_manifest(tiny_pipe, tiny_base, tmp_path: Path) -> None:
    base = replace(tiny_base, source=str(tmp_path))
    path = encoder_path(base)
    assert path == tmp_path / "encoder.safetensors"
    fresh = new_encoder(tiny_pipe, tiny_base, LoraSettings(unet_rank=4), EncoderSettings())
    save_encoder(path, fresh, {"base": "whatever its user calls it"})
    before = fingerprint(base)
    assert bundled_encoder(base, tiny_pipe).rank == 4
    manifest.record(path, "another name")
    assert list(manifest.read(tmp_path / "manifest.json").encoders) == ["another name"]
    assert fingerprint(base) == before  # the encoder counts, what is said of it does not


def test_a_record_leaves_the_others_and_two_of_one_base_stand_side_by_side(tmp_path: Path) -> None:
    first, second = put(tmp_path / "a.safetensors"), put(tmp_path / "b.safetensors", b"another")
    manifest.record(first, "tiny")
    manifest.record(second, "tiny")
    assert {manifest.verified(first), manifest.verified(second)} == {first, second}
    put(second, b"trained anew")
    entry = manifest.record(second, "tiny")
    assert entry.bytes == len(b"trained anew")
    assert len(manifest.read(tmp_path / "manifest.json").encoders) == 2


def test_fetching_takes_the_pinned_commit_and_leaves_nothing_else(weights: Path) -> None:
    path, calls = published(weights), []
    assert manifest.verified(path, download=hub(CONTENT, calls)) == path
    assert path.read_bytes() == CONTENT
    (call,) = calls
    assert (call["repo_id"], call["filename"], call["revision"]) == ("user/repo", "sd14/encoder.safetensors", COMMIT)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    manifest.verified(path, download=hub(CONTENT, calls))
    assert len(calls) == 1
    assert not BASES["sd14"].bundled  # an encoder is not the base


def test_another_file_from_the_hub_is_refused_before_it_takes_its_place(weights: Path) -> None:
    path = published(weights)
    with pytest.raises(WeightsError, match="damaged or was replaced"):
        manifest.verified(path, download=hub(b"an intruder", []))
    assert not list(path.parent.iterdir())


def test_no_connection_and_no_permission_are_said(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = published(weights)

    def unreachable(**_: str) -> str:
        raise ConnectionError("no route")

    with pytest.raises(WeightsError, match="no route"):
        manifest.verified(path, download=unreachable)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE forbids"):
        manifest.verified(path, download=hub(CONTENT, []))


def test_what_is_nowhere_is_to_be_trained(weights: Path) -> None:
    with pytest.raises(WeightsError, match=r"demo\.train encoder"):
        manifest.verified(weights / "sd14" / "encoder.safetensors")
    local = put(weights / "tiny" / "encoder.safetensors")
    manifest.record(local, "tiny")
    local.unlink()
    with pytest.raises(WeightsError, match=r"demo\.train encoder"):
        manifest.verified(local, download=hub(CONTENT, []))

"""The Hub's cache in a folder of its own; nothing here asks the Hub."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

from demo.errors import Stopped, WeightsError
from demo.models import hub
from demo.models.bases import BASES
from demo.models.diffusers_folder import read_architecture
from demo.progress import Watcher

REVISION = "a" * 40


@pytest.fixture
def cache(tiny_folder: Path, tmp_path: Path) -> Path:
    """The cache as a download of the tiny base leaves it."""
    shutil.copytree(tiny_folder, tmp_path / "models--some--model" / "snapshots" / REVISION)
    return tmp_path


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LORA_LEAK_OFFLINE", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_what_is_in_the_cache_needs_no_hub(cache: Path, no_hub: None) -> None:
    folder = hub.fetch("some/model", REVISION, cache_dir=cache)
    assert folder.name == REVISION
    assert read_architecture(hub.fetch_configs("some/model", REVISION, cache_dir=cache)).side == 16


def test_offline_names_what_is_missing(cache: Path, no_hub: None) -> None:
    next(cache.rglob("unet/*.safetensors")).unlink()
    with pytest.raises(WeightsError, match=r"unet/diffusion_pytorch_model\.safetensors.*HF_HUB_OFFLINE"):
        hub.fetch("some/model", REVISION, cache_dir=cache)
    with pytest.raises(WeightsError, match="nothing of it is in the cache"):
        hub.fetch("some/other", REVISION, cache_dir=cache)


def test_a_download_tells_and_stops(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = next(cache.rglob("unet/*.safetensors"))
    content = lost.read_bytes()
    lost.unlink()
    stop = Event()
    asked: list[dict[str, Any]] = []

    def snapshot(source: str, *, tqdm_class: Any = None, local_files_only: bool = False, **options: Any) -> str:
        if not local_files_only:  # as huggingface_hub does: one bar for the network, one for the disk, one for files
            asked.append(options)
            named = {"unit": "B", "unit_scale": True, "initial": 0, "disable": None}
            other = tqdm_class(name=f"{hub.DISK}.transfer", total=9_000_000, **named)
            other.update(5_000_000)
            bar = tqdm_class(name=hub.DISK, total=0, **named)
            bar.total += 8_000_000
            bar.refresh()
            bar.update(4_000_000)
            bar.update(4_000_000)
            bar.set_description("done, in whatever words")
            lost.write_bytes(content)
        return str(lost.parents[1])

    monkeypatch.setattr(hub, "snapshot_download", snapshot)
    monkeypatch.setattr(hub, "PAUSE_S", 0.0)
    stop.set()
    with pytest.raises(Stopped):
        hub.fetch("some/model", REVISION, watcher=Watcher(stop=stop), cache_dir=cache)
    seen: list[tuple[int, int]] = []
    folder = hub.fetch(
        "some/model", REVISION, watcher=Watcher(lambda p: seen.append((p.step, p.total))), cache_dir=cache
    )
    assert folder == lost.parents[1]
    assert seen == [(4, 8), (8, 8)]
    assert not any("bin" in pattern or "ckpt" in pattern for pattern in asked[-1]["allow_patterns"])
    assert asked[-1]["revision"] == REVISION


@pytest.mark.parametrize("silent", [False, True])
def test_the_installed_library_names_its_bars_so(
    silent: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its own snapshot_download, with nothing but the network replaced."""
    size = 4_000_000
    listed = [RepoFile(path=f"unet/{n}.safetensors", size=size, oid="0" * 40) for n in range(2)]

    def download(*_: object, tqdm_class: Any, **__: object) -> str:
        bar = tqdm_class(total=size, initial=0, desc="a file")
        bar.update_transfer(size // 4)
        for _ in range(2):
            bar.update(size // 2)
        bar.set_postfix_str("fast")
        bar.set_transfer_postfix_str("fast")
        return ""

    monkeypatch.setattr("huggingface_hub.HfApi.list_repo_tree", lambda *_, **__: listed)
    monkeypatch.setattr(importlib.import_module("huggingface_hub._snapshot_download"), "hf_hub_download", download)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub, "PAUSE_S", 0.0)
    seen: list[tuple[int, int]] = []
    bar = hub._bar(Watcher(lambda told: seen.append((told.step, told.total))))
    if silent:
        disable_progress_bars()
    try:
        hub._snapshot("some/model", REVISION, hub.FILES, tmp_path, tqdm_class=bar)
    finally:
        enable_progress_bars()
    assert sorted(step for step, _ in seen) == [2, 4, 6, 8]
    assert seen[-1] == (8, 8)
    assert capfd.readouterr().err == ""


def test_what_the_hub_does_not_have_is_said(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot(*_: object, **options: object) -> str:
        raise OSError("no route to host\nand more")

    monkeypatch.setattr(hub, "snapshot_download", snapshot)
    with pytest.raises(WeightsError, match="no route to host") as caught:
        hub.fetch_configs("some/model", None)
    assert "more" not in caught.value.problem


def test_registered_models_are_pinned() -> None:
    for base in BASES.values():
        assert base.bundled or (base.revision is not None and len(base.revision) == 40)
        assert base.bundled or (base.architecture is not None and base.architecture.side == base.side)

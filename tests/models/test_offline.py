"""The same variables and the same values forbid downloads, whatever would be downloaded."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from huggingface_hub.constants import ENV_VARS_TRUE_VALUES

from demo.attack import manifest
from demo.errors import WeightsError
from demo.metrics import facenet
from demo.models import hub
from demo.models.networks import NetworkSource
from demo.models.offline import VARIABLES, offline

ROOT = Path(__file__).parents[2]
TRUE = [*sorted(ENV_VARS_TRUE_VALUES), "true", " yes ", "2"]
FALSE = ["", "0", "false", "No", " off "]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_the_variables_are_these() -> None:
    assert VARIABLES == ("LORA_LEAK_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    assert offline() is None


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", TRUE)
def test_whatever_the_hub_takes_for_true_is_true(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert offline() == name


@pytest.mark.parametrize("value", FALSE)
def test_what_is_false(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, value)
    assert offline() is None


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", ["1", "yes"])
def test_base_metrics_and_encoder_are_all_forbidden(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    asked: list[bool] = []

    def snapshot(*_: object, local_files_only: bool = False, **__: object) -> str:
        asked.append(local_files_only)
        raise hub.LocalEntryNotFoundError("nothing there")

    monkeypatch.setattr(hub, "snapshot_download", snapshot)
    for fetch in (hub.fetch, hub.fetch_configs):
        with pytest.raises(WeightsError, match=f"{name} is set, so nothing is downloaded.*Unset {name}"):
            fetch("some/model", None, cache_dir=tmp_path)
    assert asked == [True, True]  # the network was never asked
    for missing in (NetworkSource("A network", "nobody/nothing", "0" * 40).missing(), facenet.missing()):
        assert missing is not None
        assert f"{name} forbids downloads" in missing.reason
    entry = manifest.ManifestEntry(
        file="a/encoder.safetensors", sha256="0" * 64, bytes=1, repo="somebody/encoders", revision="0" * 40
    )
    with pytest.raises(WeightsError, match=f"{name} forbids"):
        manifest._fetch(entry, tmp_path / "encoder.safetensors", lambda **_: pytest.fail("it was asked for"))


def test_no_other_module_reads_the_variables() -> None:
    readers = set()
    for path in (ROOT / "demo").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {node.value for node in nodes if isinstance(node, ast.Constant)}
        called = {node.id for node in nodes if isinstance(node, ast.Name)}
        if set(VARIABLES) & names or "is_offline_mode" in called:
            readers.add(path.relative_to(ROOT).as_posix())
    assert readers == {"demo/models/offline.py", "demo/bench/story.py"}  # the latter sets it for a process of its own

from __future__ import annotations

from pathlib import Path

import pytest

from demo.errors import WeightsError
from demo.models import networks
from demo.models.networks import NetworkSource, torch_device
from demo.models.offline import VARIABLES, offline

HUB = NetworkSource("A network", "nobody/nothing", "0" * 40)


@pytest.mark.parametrize("name", ["LORA_LEAK_OFFLINE", "HF_HUB_OFFLINE"])
def test_either_variable_forbids_downloads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in VARIABLES:
        monkeypatch.delenv(each, raising=False)
    assert offline() is None
    assert HUB.missing() is None  # it may be downloaded
    monkeypatch.setenv(name, "1")
    missing = HUB.missing()
    assert missing is not None
    assert "nobody/nothing" in missing.reason
    assert name in missing.reason


def test_zero_means_online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LORA_LEAK_OFFLINE", "0")
    monkeypatch.setenv("HF_HUB_OFFLINE", "false")
    assert offline() is None


def test_a_folder_is_there_or_not_whatever_the_network(tmp_path: Path) -> None:
    source = NetworkSource("The bundled one", str(tmp_path))
    missing = source.missing()
    assert missing is not None
    assert "model.safetensors is missing" in missing.reason
    (tmp_path / "model.safetensors").touch()
    assert source.missing() is None


def test_whatever_a_loader_raises_becomes_one_error_with_a_remedy(tmp_path: Path) -> None:
    def loader(*_: object, **__: object) -> None:
        raise KeyError("some inner name")

    with pytest.raises(WeightsError, match=r"some inner name.*Restore"):
        NetworkSource("The bundled one", str(tmp_path)).load(loader)


def test_an_unreachable_hub_is_asked_once_in_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def loader(place: str, **_: object) -> str:
        calls.append(place)
        if len(calls) == 1:
            raise OSError("no route")
        return "a model"

    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(networks, "_failures", {})
    for _ in range(2):
        with pytest.raises(WeightsError, match="no route"):
            HUB.load(loader)
    assert len(calls) == 1
    monkeypatch.setattr(networks, "RETRY_S", 0.0)
    assert HUB.load(loader) == "a model"


def test_loaders_get_safetensors_only_the_pinned_commit_and_no_network_when_offline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LORA_LEAK_OFFLINE", "1")

    def loader(place: str, **options: object) -> dict[str, object]:
        return {"place": place, **options}

    assert HUB.load(loader, extra=3) == {
        "place": "nobody/nothing",
        "revision": "0" * 40,
        "use_safetensors": True,
        "local_files_only": True,
        "extra": 3,
    }
    assert NetworkSource("A folder", "here").load(loader, weights=False) == {"place": "here", "local_files_only": True}


def test_a_device_asked_for_is_taken() -> None:
    assert torch_device("cpu") == "cpu"
    assert torch_device("auto") in {"cpu", "cuda"}

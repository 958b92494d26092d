from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from demo import loaded


class Model(nn.Linear):
    """Knows where it is, as models of diffusers do; what would be on an accelerator is on the meta device."""

    @property
    def device(self) -> torch.device:
        return self.weight.device


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """What was loaded, each of 3 x 4 numbers."""
    made: list[tuple[str, bool]] = []

    def load(base: SimpleNamespace, device: str, *, precise: bool, placement: str, **_: object) -> SimpleNamespace:
        made.append((base.key, precise))
        at = "meta" if loaded.choose_device(device).type == "cuda" and placement == "whole" else "cpu"
        parts = {name: Model(2, 2, bias=False, device=at) for name in ("unet", "text_encoder", "vae")}
        return SimpleNamespace(**parts)

    monkeypatch.setattr(loaded, "_kept", {})
    monkeypatch.setattr(loaded, "find_base", lambda key: SimpleNamespace(key=key, bundled=key == "face64"))
    monkeypatch.setattr(loaded, "load_pipeline", load)
    monkeypatch.setattr(loaded, "placement_for", lambda base, device, *, precise, whole: "whole")
    return made


def test_a_base_is_loaded_once_and_two_are_kept_on_a_cpu(models: list[tuple[str, bool]]) -> None:
    first = loaded.pipeline("a", "cpu")
    assert loaded.pipeline("a", "cpu") is first
    loaded.pipeline("b", "cpu")
    assert loaded.pipeline("a", "cpu") is first
    assert loaded.pipeline("c", "cpu") is loaded.pipeline("c", "cpu")
    assert models == [("a", False), ("b", False), ("c", False)]
    assert (loaded.held("b"), loaded.held("a")) == (12 * 4, 0)
    loaded.forget()
    assert loaded.held("b") == 0


def test_an_accelerator_has_one_at_a_time(models: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten = []
    monkeypatch.setattr(loaded, "choose_device", lambda device: torch.device("cuda"))
    monkeypatch.setattr(loaded, "forget_encoders", lambda: forgotten.append(1))
    loaded.pipeline("a")
    precise = loaded.pipeline("a", precise=True)
    assert list(loaded._kept.values()) == [precise]
    assert models == [("a", False), ("a", True)]
    assert len(forgotten) == 2
    assert loaded.held("b") == 12 * 4  # a job with b has room for it: a goes first


def test_what_is_in_32_bits_anyway_is_not_loaded_twice(
    models: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loaded.pipeline("a", "cpu", precise=True) is loaded.pipeline("a", "cpu")
    monkeypatch.setattr(loaded, "choose_device", lambda device: torch.device("cuda"))
    assert loaded.pipeline("face64", precise=True) is loaded.pipeline("face64")
    assert models == [("a", False), ("face64", False)]


def test_what_lies_in_the_cpus_memory_is_not_trained_and_holds_nothing_of_the_accelerators(
    models: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaded, "choose_device", lambda device: torch.device("cuda"))
    monkeypatch.setattr(loaded, "placement_for", lambda *_, whole, **__: "whole" if whole else "offloaded")
    drawn = loaded.pipeline("a")
    assert loaded.held("a") == 0
    trained = loaded.pipeline("a", whole=True)
    assert trained is not drawn
    assert (trained.unet.device.type, loaded.held("a")) == ("meta", 12 * 4)
    assert loaded.pipeline("a") is loaded.pipeline("a", whole=True) is trained  # which draws as well
    assert list(loaded._kept.values()) == [trained]
    assert models == [("a", False)] * 2

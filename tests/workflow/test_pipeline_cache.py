from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from demo.models.bases import BUNDLED
from demo.workflow import pipeline_cache


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
        at = "meta" if pipeline_cache.choose_device(device).type == "cuda" and placement == "whole" else "cpu"
        parts = {name: Model(2, 2, bias=False, device=at) for name in ("unet", "text_encoder", "vae")}
        return SimpleNamespace(**parts)

    monkeypatch.setattr(pipeline_cache, "_kept", {})
    monkeypatch.setattr(pipeline_cache, "find_base", lambda key: SimpleNamespace(key=key, bundled=key == BUNDLED))
    monkeypatch.setattr(pipeline_cache, "load_pipeline", load)
    monkeypatch.setattr(pipeline_cache, "placement_for", lambda base, device, *, precise, whole: "whole")
    return made


def test_a_base_is_loaded_once_and_two_are_kept_on_a_cpu(models: list[tuple[str, bool]]) -> None:
    first = pipeline_cache.pipeline("a", "cpu")
    assert pipeline_cache.pipeline("a", "cpu") is first
    pipeline_cache.pipeline("b", "cpu")
    assert pipeline_cache.pipeline("a", "cpu") is first
    assert pipeline_cache.pipeline("c", "cpu") is pipeline_cache.pipeline("c", "cpu")
    assert models == [("a", False), ("b", False), ("c", False)]
    assert (pipeline_cache.held("b"), pipeline_cache.held("a")) == (12 * 4, 0)
    pipeline_cache.forget()
    assert pipeline_cache.held("b") == 0


def test_an_accelerator_has_one_at_a_time(models: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline_cache, "choose_device", lambda device: torch.device("cuda"))
    pipeline_cache.pipeline("a")
    precise = pipeline_cache.pipeline("a", precise=True)
    assert list(pipeline_cache._kept.values()) == [precise]
    assert models == [("a", False), ("a", True)]
    assert pipeline_cache.held("b") == 12 * 4  # a job with b has room for it: a goes first


def test_what_is_in_32_bits_anyway_is_not_loaded_twice(
    models: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pipeline_cache.pipeline("a", "cpu", precise=True) is pipeline_cache.pipeline("a", "cpu")
    monkeypatch.setattr(pipeline_cache, "choose_device", lambda device: torch.device("cuda"))
    assert pipeline_cache.pipeline(BUNDLED, precise=True) is pipeline_cache.pipeline(BUNDLED)
    assert models == [("a", False), (BUNDLED, False)]


def test_what_lies_in_the_cpus_memory_is_not_trained_and_holds_nothing_of_the_accelerators(
    models: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_cache, "choose_device", lambda device: torch.device("cuda"))
    monkeypatch.setattr(pipeline_cache, "placement_for", lambda *_, whole, **__: "whole" if whole else "offloaded")
    drawn = pipeline_cache.pipeline("a")
    assert pipeline_cache.held("a") == 0
    trained = pipeline_cache.pipeline("a", whole=True)
    assert trained is not drawn
    assert (trained.unet.device.type, pipeline_cache.held("a")) == ("meta", 12 * 4)
    assert pipeline_cache.pipeline("a") is pipeline_cache.pipeline("a", whole=True) is trained  # which draws as well
    assert list(pipeline_cache._kept.values()) == [trained]
    assert models == [("a", False)] * 2

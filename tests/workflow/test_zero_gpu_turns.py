"""Turns on ZeroGPU without one: what is asked for, what goes on where, what comes before the first."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from demo.errors import GpuError, PreflightError
from demo.finetune import class_images
from demo.finetune.class_images import draw_class_latents, draw_some, stored
from demo.finetune.settings import LoraSettings
from demo.hardware.zero_gpu import START_S, TURN_S
from demo.models.bases import BASES, BUNDLED
from demo.preflight import check
from demo.preflight.shaking import check_shaking
from demo.progress import UNWATCHED
from demo.shake.model import ShakeSettings
from demo.workflow import pipeline_cache, story, zero_gpu_turns


@pytest.fixture
def zero_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")


def part(steps: int, *, ended: bool = False) -> Any:
    return SimpleNamespace(losses=[0.0] * steps, ended=ended, seconds=steps * 1.0)


def test_a_lost_turn_is_tried_again_with_what_there_is(zero_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    lost, said = GpuError("The GPU was taken away.", "Try again."), list[tuple[Any, float]]()
    answers = [part(40), lost, part(70), lost, part(100, ended=True)]

    def lend(begun: Any, limit_s: float, seconds: float) -> Any:
        said.append((begun and len(begun.losses), seconds))
        answer = answers.pop(0)
        if isinstance(answer, GpuError):
            raise answer
        assert limit_s == seconds - START_S
        return answer

    assert len(zero_gpu_turns.take_turns(lend, 100, watcher=UNWATCHED).losses) == 100
    assert said == [(None, TURN_S), (40, TURN_S), (40, TURN_S), (70, 2 * START_S + 30), (70, 2 * START_S + 30)]
    answers[:] = [lost]
    with pytest.raises(GpuError):
        zero_gpu_turns.take_turns(lend, 100, watcher=UNWATCHED)
    answers[:] = [part(40), lost, lost]
    assert zero_gpu_turns.take_turns(lend, 100, watcher=UNWATCHED).ended is False


def test_class_images_are_written_batch_by_batch(tiny_pipe, tiny_base, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path)
    monkeypatch.setattr(class_images, "BATCH", 4)
    whole, calls = draw_class_latents(tiny_pipe, tiny_base, 10), 0
    while not stored(tiny_base, 10):
        draw_some(tiny_pipe, tiny_base, 10, deadline=0.0)
        calls += 1
    assert calls == 3
    found = class_images.class_latents(tiny_pipe, tiny_base, 10)
    assert torch.equal(found, whole.half().float())
    assert len(class_images.class_latents(tiny_pipe, tiny_base, 13)) == 13  # half a batch is drawn anew


def test_class_images_have_turns_of_their_own(zero_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    there, asked = [0], list[float]()

    def lend(limit_s: float, seconds: float) -> None:
        there[0] += 70
        asked.append(seconds)
        assert limit_s == seconds - START_S > 0

    monkeypatch.setattr(zero_gpu_turns, "stored", lambda base, count: there[0] >= count)
    zero_gpu_turns.draw_class_images(lend, BASES["sd14"], 200)
    assert asked == [TURN_S] * 3
    monkeypatch.delenv("SPACES_ZERO_GPU")
    there[0] = 0
    zero_gpu_turns.draw_class_images(lend, BASES["sd14"], 200)  # fine-tuning draws them
    assert len(asked) == 3


def test_a_base_is_fetched_before_the_first_turn(zero_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(zero_gpu_turns, "fetch", lambda source, revision, **_: done.append(source))
    monkeypatch.setattr(story, "on_gpu", lambda *_, **__: done.append("turn") or part(1, ended=True))
    monkeypatch.setattr(story, "finished", lambda *_: None)
    base = BASES["sd14"]
    story.tune([], None, base_key=base.key, settings=LoraSettings(steps=1))
    assert done == [base.source, "turn"]
    done.clear()
    zero_gpu_turns.prepare_drawing(base, 8, None)
    zero_gpu_turns.fetch_first(BASES[BUNDLED])
    monkeypatch.delenv("SPACES_ZERO_GPU")
    zero_gpu_turns.fetch_first(base)  # loading does it
    assert done == [base.source]


def test_a_turns_time_begins_before_its_models_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(story, "pipeline", lambda *_, **__: time.sleep(0.3))
    monkeypatch.setattr(story, "fine_tune_part", lambda *_, **options: seen.update(options))
    began = time.monotonic()
    story.on_pipeline(story.fine_tune_part, BUNDLED, {}, limit_s=45.0, seconds=60.0, watcher=UNWATCHED)
    assert 45.0 <= seen["deadline"] - began < 45.3


def test_a_lent_gpu_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "lent", lambda: True)
    monkeypatch.setattr(check, "choose_device", lambda *_: torch.device("cuda"))
    monkeypatch.setattr(check, "estimate_drawing", lambda *_, **__: pytest.fail("measured"))
    assert check.placement_for(BASES["sd14"]) == "whole"


def test_arms_longer_than_a_turn_are_refused(zero_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PreflightError, match="120 s") as caught:
        check_shaking(BASES["sd14"], ShakeSettings(), [])
    assert BUNDLED in caught.value.remedy
    check_shaking(BASES[BUNDLED], ShakeSettings(), [])


def test_what_no_machine_can_draw_is_refused_before_it_is_fetched(pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a base is drawn with: the attack, the comparison, a sweep."""
    from demo.sweep.run import sweep

    weak = check.Device("cpu", "a Space", 16e9, 1e9, 2)
    monkeypatch.setattr(check, "find_device", lambda *_: weak)
    monkeypatch.setattr(pipeline_cache, "load_pipeline", lambda *_, **__: pytest.fail("a model was loaded"))
    released = SimpleNamespace(tensors={}, metadata={})
    for run in (
        lambda: story.attack(released, base_key="sd14"),
        lambda: story.compare(released, None, pictures, base_key="sd14"),
        lambda: story.compare(released, None, pictures, base_key="sd14", reconstruction=SimpleNamespace()),
        lambda: sweep(pictures, base_key="sd14"),
    ):
        with pytest.raises(PreflightError, match="RAM"):
            run()


def test_a_file_is_checked_against_a_base_without_its_weights(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    from demo.errors import LoraFileError
    from demo.lora.files import LoraWeights, write_lora

    monkeypatch.setattr(pipeline_cache, "load_pipeline", lambda *_, **__: pytest.fail("a model was loaded"))
    layer = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k"
    tensors = {f"{layer}.lora_A.weight": torch.ones(2, 768), f"{layer}.lora_B.weight": torch.ones(1280, 2)}
    path = write_lora(tmp_path / "lora.safetensors", LoraWeights(tensors=tensors, alphas={layer: 2.0}))
    assert story.open_lora(path, base_key="sd14").modules() == [layer]
    with pytest.raises(LoraFileError, match="1024"):
        story.open_lora(path, base_key="sd21")

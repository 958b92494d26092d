"""The story on a Space with ZeroGPU, by a fake of its package: other processes do the work, and all comes back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from fake_spaces import FakeSpaces, GradioError
from PIL import Image

from demo.attack.registry import AttackSettings
from demo.attack.weight_encoder import EncoderSettings, save_encoder
from demo.defences.registry import choose
from demo.errors import GpuError, PhotoError
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.hardware import zero_gpu
from demo.lora.files import read_lora
from demo.models.bases import BASES
from demo.progress import Progress, Watcher
from demo.session.shake_service import ModelShaker
from demo.shake.model import Experiment, ShakeSettings
from demo.shake.people import Domain
from demo.sweep.run import sweep
from demo.train.encoder import new_encoder
from demo.workflow import story
from demo.workflow import zero_gpu_turns as turns

QUICK = LoraSettings(steps=3, batch=2, class_batch=1, class_images=2, sample_every=0, unet_rank=4, text_rank=2)
FEW = AttackSettings(samples=2, steps=2)


@pytest.fixture
def tiny(tiny_pipe, tiny_base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    made = new_encoder(tiny_pipe, tiny_base, QUICK, EncoderSettings())
    encoder = save_encoder(tmp_path / "encoder.safetensors", made)
    monkeypatch.setattr("demo.attack.by_encoder.encoder_path", lambda base: encoder)
    monkeypatch.setitem(BASES, "tiny", tiny_base)
    monkeypatch.setattr(story, "pipeline", lambda *_, **__: tiny_pipe)
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")


@pytest.fixture
def spaces(tiny: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSpaces]:
    fake = FakeSpaces()
    monkeypatch.setitem(sys.modules, "spaces", fake)  # type: ignore[arg-type]
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    zero_gpu._turns.cache_clear()
    yield fake
    zero_gpu._turns.cache_clear()


def same(one: list[Image.Image], other: list[Image.Image]) -> bool:
    """To rounding: sums differ in the last bit with their place in memory."""
    pairs = zip(one, other, strict=True)
    return all(np.abs(np.asarray(a, float) - np.asarray(b, float)).mean() < 0.5 for a, b in pairs)


def test_the_story_is_the_same_in_turns_as_at_one_go(spaces: FakeSpaces, pictures, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(turns, "START_S", turns.TURN_S)  # no time but for one step a turn
    told: list[Progress] = []
    path = tmp_path / "turns.safetensors"
    joined = story.tune(pictures, path, base_key="tiny", settings=QUICK, seed=5, watcher=Watcher(told.append))
    assert len(spaces.asked) == 1 + QUICK.steps  # the class images first
    assert all(0 < seconds <= turns.TURN_S for seconds in spaces.asked[1:])
    assert [p.step for p in told if p.stage == "fine-tune"] == [1, 2, 3]
    released = story.open_lora(path, base_key="tiny")
    compared = {"base_key": "tiny", "settings": FEW, "metrics": ["dlib_distance"]}
    report = story.compare(released, joined.trigger, pictures, **compared)
    assert len(spaces.asked) == QUICK.steps + 3
    assert any("another person" in note for note in report.notes)

    monkeypatch.delenv("SPACES_ZERO_GPU")
    whole = story.tune(pictures, tmp_path / "whole.safetensors", base_key="tiny", settings=QUICK, seed=5)
    assert whole.losses == pytest.approx(joined.losses, rel=1e-4)
    assert whole.trigger == joined.trigger
    here = read_lora(tmp_path / "whole.safetensors").tensors
    for name, tensor in here.items():
        assert (released.tensors[name] - tensor).norm() < 1e-2 * tensor.norm()
    alone = story.compare(released, whole.trigger, pictures, **compared)
    assert len(spaces.asked) == QUICK.steps + 3
    assert all(same(a.pictures, b.pictures) for a, b in zip(report.arms, alone.arms, strict=True))


def test_a_stop_keeps_what_was_trained(spaces: FakeSpaces, pictures) -> None:
    stop = Event()
    settings = QUICK.model_copy(update={"steps": 500})

    def halt(progress: Progress) -> None:
        if progress.stage == "fine-tune":
            stop.set()

    made = story.tune(pictures, None, base_key="tiny", settings=settings, watcher=Watcher(halt, stop))
    assert made.stopped
    assert made.steps < 100
    assert len(spaces.asked) == 2


def test_the_gpu_lost_on_the_way_keeps_what_was_trained(spaces: FakeSpaces, pictures, monkeypatch) -> None:
    monkeypatch.setattr(turns, "START_S", turns.TURN_S)

    def lose(progress: Progress) -> None:
        if progress.stage.endswith("fine-tune") and progress.step == 2:
            spaces.refuse = GradioError("ZeroGPU quota exceeded", "60s requested vs. 3s left")

    made = story.tune(pictures, None, base_key="tiny", settings=QUICK, watcher=Watcher(lose))
    assert (made.steps, made.stopped, made.cut) == (2, True, True)
    assert len(spaces.asked) == 1 + 2 + turns.TRIES
    spaces.refuse = None
    found = sweep(
        pictures, plan=[choose("none")], base_key="tiny", settings=QUICK, attack=FEW, metrics=[], watcher=Watcher(lose)
    )
    assert not found.points  # half a fine-tuning is none to compare with
    assert any("The GPU was gone after 2 steps" in note for note in found.notes)


def test_errors_are_those_of_one_process(spaces: FakeSpaces) -> None:
    with pytest.raises(PhotoError, match="no photos"):
        story.tune([], None, base_key="tiny", settings=QUICK)
    spaces.refuse = GradioError("ZeroGPU quota exceeded", "60s requested vs. 3s left")
    with pytest.raises(GpuError, match="3s left"):
        story.tune([], None, base_key="tiny", settings=QUICK)


def test_a_sweep_in_turns(spaces: FakeSpaces, pictures) -> None:
    found = sweep(
        pictures, plan=[choose("none")], base_key="tiny", settings=QUICK, attack=FEW, metrics=["dlib_distance"]
    )
    assert [point.key for point in found.points] == ["none"]
    assert len(found.chance_pictures) == 2 * FEW.samples
    assert len(spaces.asked) == 4  # chance, class images, fine-tuning, the arms


def test_a_shake_is_one_arm_a_turn(spaces: FakeSpaces, pictures, monkeypatch) -> None:
    domain = Domain("Nobody Known", "a photo of nobody known", pictures[:3], pictures[3:], publishable=True)
    settings = ShakeSettings(size=2, steps=1, generations=3, clique=2, edge=1.0)
    monkeypatch.setattr(
        "demo.session.shake_service.check_shaking", lambda *_, **__: None
    )  # refuses bases that are not bundled
    kept: list[str] = []
    experiment = Experiment(domain, settings, seed=1)
    turns = ModelShaker().run(experiment, base_key="tiny", keep=lambda arm: kept.append(arm.key))
    assert kept == ["before", "lora-8-sp", "lora-8-ood"]
    assert len(spaces.asked) == len(kept) + 1
    monkeypatch.delenv("SPACES_ZERO_GPU")
    whole = ModelShaker().run(experiment, base_key="tiny")
    for a, b in zip((turns.before, *turns.arms), (whole.before, *whole.arms), strict=True):
        assert a.key == b.key
        torch.testing.assert_close(a.scores_members, b.scores_members, rtol=1e-3, atol=1e-4)
    assert same(list(turns.synthetic), list(whole.synthetic))

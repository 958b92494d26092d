"""Fine-tuning in parts gives the numbers of fine-tuning at one go, also across processes."""

from __future__ import annotations

import pickle
from pathlib import Path
from threading import Event

import pytest
import torch

from demo.defences.accounting import photo_epsilon
from demo.defences.base import Defence
from demo.defences.registry import DEFENCES as REGISTRY
from demo.defences.registry import choose
from demo.finetune import class_images
from demo.finetune.dreambooth import FineTuned, fine_tune, fine_tune_part, finished
from demo.finetune.resume import TrainingState
from demo.finetune.settings import LoraSettings
from demo.finetune.step import PlainStep
from demo.progress import Progress, Watcher

QUICK = LoraSettings(
    steps=5, batch=2, class_batch=1, class_images=4, lr=1e-2, lr_schedule="cosine", sample_every=2, unet_rank=4
)
DEFENCES: dict[str, Defence] = {
    "none": choose("none"),
    "dpdm": choose("dpdm", noise_multiplier=2.0, noise_seed=7),
    "dpgm": choose("dpgm", noise_seed=7),
    "mp_lora": choose("mp_lora"),
    "smp_lora": choose("smp_lora"),
    "truncate": choose("truncate"),
    "int8": choose("int8"),
    "gaussian": choose("gaussian", noise_seed=7),
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")


def step_by_step(pipe, base, pictures, defence: Defence, **options) -> tuple[FineTuned, int]:
    part, parts = None, 0
    while part is None or not part.ended:
        torch.manual_seed(1000 + parts)  # whatever the other process was at before
        part = fine_tune_part(pipe, base, pictures, QUICK, defence=defence, seed=3, begun=part, deadline=0.0, **options)
        part = pickle.loads(pickle.dumps(part))
        parts += 1
    return finished(part, len(pictures), QUICK, defence), parts


def test_every_defence_is_tried() -> None:
    assert DEFENCES.keys() == REGISTRY.keys()


@pytest.mark.parametrize("defence", DEFENCES.values(), ids=DEFENCES)
def test_parts_are_the_whole(tiny_pipe, tiny_base, pictures, defence: Defence) -> None:
    whole = fine_tune(tiny_pipe, tiny_base, pictures, QUICK, defence=defence, seed=3)
    joined, parts = step_by_step(tiny_pipe, tiny_base, pictures, defence)
    assert parts == QUICK.steps
    assert joined.losses == pytest.approx(
        whole.losses, rel=1e-4, abs=1e-6
    )  # sums differ in the last bit with their place
    assert joined.trigger == whole.trigger
    assert joined.steps == whole.steps == QUICK.steps
    assert joined.ledger == whole.ledger
    for name, tensor in whole.lora.tensors.items():
        assert (joined.lora.tensors[name] - tensor).norm() < 1e-2 * tensor.norm()


def test_forgetting_the_state_would_be_seen(tiny_pipe, tiny_base, pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fine_tune(tiny_pipe, tiny_base, pictures, QUICK, seed=3)
    monkeypatch.setattr(PlainStep, "load_state_dict", lambda *_: None)
    joined, _ = step_by_step(tiny_pipe, tiny_base, pictures, choose("none"))
    assert joined.losses[0] == pytest.approx(whole.losses[0], rel=1e-4)
    assert joined.losses[1:] != pytest.approx(whole.losses[1:], rel=1e-2)


def test_steps_are_counted_on_and_a_stop_ends_it(tiny_pipe, tiny_base, pictures) -> None:
    told: list[Progress] = []
    step_by_step(tiny_pipe, tiny_base, pictures, choose("none"), watcher=Watcher(told.append))
    assert [p.step for p in told if p.stage == "fine-tune"] == [1, 2, 3, 4, 5]
    stop = Event()
    stop.set()
    part: TrainingState = fine_tune_part(
        tiny_pipe, tiny_base, pictures, QUICK, seed=3, deadline=0.0, watcher=Watcher(stop=stop)
    )
    assert part.ended
    assert finished(part, 5, QUICK).stopped


def test_a_spent_budget_ends_it(tiny_pipe, tiny_base, pictures) -> None:
    budget = photo_epsilon(2.0, QUICK.batch / len(pictures), 3, 1e-6)
    defence = choose("dpdm", noise_multiplier=2.0, epsilon=1.001 * budget, noise_seed=7)
    allowed = defence.steps(len(pictures), QUICK)
    assert allowed == 3
    joined, _ = step_by_step(tiny_pipe, tiny_base, pictures, defence)
    assert joined.steps == allowed

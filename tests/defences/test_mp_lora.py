"""MP-LoRA and SMP-LoRA: objectives, the attacker's part, the LoRA's part."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from defence_parts import problem_on
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.defences.mp_lora import AdversarialStep, MpLora, SmpLora
from demo.defences.registry import choose
from demo.errors import SettingsError
from demo.finetune import class_images
from demo.finetune.dreambooth import fine_tune
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask, PlainStep, Step
from demo.models.bases import Base
from demo.models.sampling import encode_pictures

SETTINGS = LoraSettings(
    unet_rank=2, text_rank=2, unet_alpha=2, text_alpha=2, steps=3, batch=3, class_batch=2, lr=1e-2, class_images=4,
    sample_every=0,
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path)


@pytest.fixture
def problem(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, pictures: list[Image.Image]
) -> Iterator[FineTuningTask]:
    torch.manual_seed(0)
    photos = encode_pictures(tiny_pipe, pictures)
    prior = torch.randn(5, *photos.shape[1:])
    # A rate of 0 leaves the gradients to be looked at.
    with problem_on(tiny_pipe, tiny_base, photos, prior, SETTINGS, spread=0.3, lr=0.0) as found:
        yield found


def test_objectives_are_the_published_ones() -> None:
    loss, gain = torch.tensor(0.8), torch.tensor(0.5)
    assert MpLora(strength=2.0).objective(loss, gain).item() == pytest.approx(0.8 - 2.0 * 0.5)
    assert SmpLora(strength=2.0, offset=3.0).objective(loss, gain).item() == pytest.approx(0.8 / (3 + 2 * 0.5 + 1e-5))
    assert (MpLora().strength, SmpLora().strength, SmpLora().offset) == (1.0, 1.0, 1.0)  # theirs
    assert math.isfinite(SmpLora(offset=0.0).objective(loss, torch.tensor(0.0)).item())


def gradients(step: Step, problem: FineTuningTask) -> tuple[float, list[torch.Tensor]]:
    loss = step()
    assert loss is not None
    return loss, [p.grad.clone() for p in problem.parameters if p.grad is not None]


def test_without_strength_mp_is_plain_dreambooth_draw_for_draw(problem: FineTuningTask) -> None:
    """On the half of the class images that is left to prior preservation."""
    assert problem.prior is not None
    plain_step = PlainStep(replace(problem, prior=problem.prior[:3]))
    quiet_step = AdversarialStep(MpLora(strength=0.0), problem)
    loud_step = AdversarialStep(MpLora(strength=1.0), problem)
    for _ in range(2):  # the second one has other draws
        loss, plain = gradients(plain_step, problem)
        same, quiet = gradients(quiet_step, problem)
        other, loud = gradients(loud_step, problem)
        assert same == pytest.approx(loss, rel=1e-5)
        assert other != pytest.approx(loss, rel=1e-2)
        assert len(plain) == len(quiet) == len(problem.parameters)
        assert all(torch.allclose(q, p, rtol=1e-3, atol=1e-6) for q, p in zip(quiet, plain, strict=True))
        assert not any(torch.allclose(q, p, rtol=1e-3, atol=1e-6) for q, p in zip(loud, plain, strict=True))


@pytest.mark.parametrize("kind", [MpLora, SmpLora])
def test_weights_really_move(kind, tiny_pipe, tiny_base, pictures) -> None:
    tuned = fine_tune(tiny_pipe, tiny_base, pictures, SETTINGS, defence=kind())
    assert tuned.steps == 3
    assert all(t.abs().max() > 0 for n, t in tuned.lora.tensors.items() if "lora_B" in n)


def test_the_lora_climbs_the_attackers_cross_entropy(problem: FineTuningTask) -> None:
    """The gradient with lambda = 2, less that without: minus twice the gradient of the cross-entropy on members."""
    free = replace(problem, settings=SETTINGS.model_copy(update={"max_grad_norm": 1e9}))

    def new_step(strength: float) -> AdversarialStep:
        torch.manual_seed(7)  # the same attacker each time
        step = AdversarialStep(MpLora(strength=strength), free)
        step.attacker.eval()  # no dropout
        return step

    _, without = gradients(new_step(0.0), problem)
    _, with_it = gradients(new_step(2.0), problem)
    step = new_step(2.0)
    members = step._pick(problem.photos)
    assert len(members) == 3
    problem.optimiser.zero_grad()
    step._cross_entropy(step.errors(members, members[:0]), 3).backward()
    for p, plain, loud in zip(problem.parameters, without, with_it, strict=True):
        assert p.grad is not None
        assert p.grad.abs().max() > 1e-6
        assert torch.allclose(loud - plain, -2 * p.grad, rtol=1e-2, atol=1e-2 * float(p.grad.abs().max()))


def test_the_attacker_learns_and_the_lora_stands_still_meanwhile(problem: FineTuningTask) -> None:
    step = AdversarialStep(MpLora(attacker_lr=1e-3), problem)
    step._strangers = 4 * step._strangers  # errors that can be told apart
    step.attacker.eval()
    lora = [p.detach().clone() for p in problem.parameters]

    def wrong() -> float:
        step._generator.manual_seed(5)
        with torch.no_grad():
            errors = step.errors(problem.photos, step._strangers)
            return step._cross_entropy(errors, len(problem.photos)).item()

    before = wrong()
    for _ in range(12):
        step._teach()
    assert wrong() < before - 0.05
    for p, old in zip(problem.parameters, lora, strict=True):
        assert p.grad is None
        assert torch.equal(p, old)


def test_non_members_are_never_trained_on(problem: FineTuningTask) -> None:
    step = AdversarialStep(MpLora(), problem)
    trained = step._loss._prior
    assert trained is not None
    assert problem.prior is not None
    assert len(trained) == 3
    assert len(step._strangers) == 2
    assert torch.equal(torch.cat([trained, step._strangers]), problem.prior)


def test_errors_are_the_loss_number_by_number(problem: FineTuningTask) -> None:
    step = AdversarialStep(MpLora(), problem)
    errors = step.errors(problem.photos, step._strangers)
    assert errors.shape == (7, problem.photos[0].numel())
    assert (errors >= 0).all()
    assert errors.requires_grad


@pytest.mark.parametrize("key", ["mp_lora", "smp_lora"])
def test_class_images_are_needed(key: str) -> None:
    with pytest.raises(SettingsError, match="Turn prior preservation on"):
        choose(key).check(5, SETTINGS.model_copy(update={"prior_weight": 0.0}))
    with pytest.raises(SettingsError, match="two class images"):
        choose(key).check(5, SETTINGS.model_copy(update={"class_images": 1}))
    choose(key).check(5, SETTINGS)


@pytest.mark.parametrize("key", ["mp_lora", "smp_lora"])
def test_ledger_says_what_it_was_made_for(key: str) -> None:
    ledger = choose(key, strength=0.5).ledger(5, SETTINGS, 3)
    assert ledger.guarantee == "none"
    assert ledger.photo_epsilon is None
    assert ledger.settings["strength"] == 0.5
    assert any("membership" in sentence for sentence in ledger.sentences)
    assert "0.5" in ledger.title

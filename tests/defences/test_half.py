"""A base in fp16, as old GPUs have it: small gradients survive, and an overflow spoils no weights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from defence_parts import problem_on
from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.defences.dpdm import Dpdm, DpStep
from demo.finetune import step
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask, PlainStep, descend, loss_scale
from demo.models.bases import Base

SETTINGS = LoraSettings(unet_rank=2, train_text_encoder=False, steps=3, batch=2, class_batch=2, class_images=4)


@pytest.fixture
def problem(tiny_pipe: StableDiffusionPipeline, tiny_base: Base) -> Iterator[FineTuningTask]:
    """The UNet in fp16, LoRA in fp32."""
    torch.manual_seed(0)
    shape = (tiny_pipe.unet.config.in_channels, 8, 8)
    tiny_pipe.unet.half()
    photos, prior = torch.randn(3, *shape), torch.randn(4, *shape)
    with problem_on(tiny_pipe, tiny_base, photos, prior, SETTINGS, spread=0.1) as found:
        yield found


def gradient(problem: FineTuningTask) -> Tensor:
    """Of the last step."""
    return torch.cat([p.grad.flatten() for p in problem.parameters if p.grad is not None])


@pytest.fixture
def unclipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda parameters, most: torch.ones(()))


@pytest.mark.usefixtures("unclipped")
def test_scaled_gradients_are_those_of_fp32_and_unscaled_ones_are_not(problem: FineTuningTask, monkeypatch) -> None:
    tiny = 1e-4  # far below a usual loss, to see what fp16 loses
    found = {}
    for name, scale in (("scaled", None), ("plain", 1.0)):
        if scale is not None:
            monkeypatch.setattr(step, "loss_scale", lambda problem: 1.0)
        loss = PlainStep(problem)._loss().sum() * tiny
        before = [p.detach().clone() for p in problem.parameters]
        descend(loss, problem)
        found[name] = gradient(problem)
        for p, was in zip(problem.parameters, before, strict=True):
            p.data = was
    problem.pipe.unet.float()
    descend(PlainStep(problem)._loss().sum() * tiny, problem)
    exact = gradient(problem)
    errors = {name: float((g - exact).norm() / exact.norm()) for name, g in found.items()}
    zeros = {name: float((g == 0).float().mean()) for name, g in found.items()}
    print(f"errors of fp16 gradients {errors}, share that is zero {zeros}")
    assert errors["scaled"] < 0.02
    assert errors["plain"] > 5 * errors["scaled"]
    assert zeros["plain"] > zeros["scaled"]


def test_only_fp16_is_scaled(problem: FineTuningTask) -> None:
    assert loss_scale(problem) == problem.photos[0].numel() > 1
    for dtype in (torch.float32, torch.bfloat16):
        problem.pipe.unet.to(dtype)
        assert loss_scale(problem) == 1


def test_an_overflow_leaves_the_weights_alone(problem: FineTuningTask) -> None:
    before = [p.detach().clone() for p in problem.parameters]
    loss = PlainStep(problem)._loss().sum() * 1e6
    assert torch.isfinite(loss)
    descend(loss, problem)
    assert not torch.isfinite(gradient(problem)).all()
    assert all(torch.equal(p, was) for p, was in zip(problem.parameters, before, strict=True))


def test_dp_sgd_in_fp16_has_the_gradients_of_fp32(problem: FineTuningTask) -> None:
    quiet = Dpdm(epsilon=None, noise_multiplier=1e-9, noise_seed=3)
    found = []
    for dtype in (torch.float16, torch.float32):
        problem.pipe.unet.to(dtype)
        step = DpStep(quiet, problem)
        step._backward(problem.photos)
        found.append((step.gradients.clone(), step._gradients.public.clone()))
        step.close()
    for half, full in zip(*found, strict=True):
        assert (half - full).norm() < 0.02 * full.norm()


def test_a_photo_that_overflows_adds_nothing(problem: FineTuningTask) -> None:
    step = DpStep(Dpdm(epsilon=None, noise_multiplier=1.0, noise_seed=3), problem)
    step._backward(problem.photos)
    step._gradients._private[1, 5] = torch.inf
    kept = step.gradients[[0, 2]].clone()
    step._gradients.unscale(2.0)
    step.close()
    assert (step.gradients[1] == 0).all()
    assert torch.equal(step.gradients[[0, 2]], kept / 2)

"""Extrapolated guidance against two whole models, one with the LoRA and one without."""

from __future__ import annotations

import pytest
import torch

from demo.attack.guidance import drawn_with
from demo.attack.registry import AttackSettings
from demo.finetune.batched_lora import BatchedLora
from demo.finetune.dreambooth import applied
from demo.lora.files import LoraWeights, expected_shapes
from demo.models.bases import BASES, BUNDLED

RANK, ALPHA = 3, 6.0


@pytest.fixture
def lora(tiny_pipe) -> LoraWeights:
    generator = torch.Generator().manual_seed(0)
    tensors, alphas = {}, {}
    for module, (out, into) in expected_shapes(tiny_pipe).items():
        tensors[f"{module}.lora_A.weight"] = 0.3 * torch.randn(RANK, into, generator=generator)
        tensors[f"{module}.lora_B.weight"] = 0.3 * torch.randn(out, RANK, generator=generator)
        alphas[module] = ALPHA
    return LoraWeights(tensors=tensors, alphas=alphas)


@pytest.fixture
def batch(tiny_pipe):
    """What diffusers hands to the UNet: the latents twice, the negative prompt's half first."""
    generator = torch.Generator().manual_seed(1)
    unet = tiny_pipe.unet
    x = torch.randn(2, unet.config.in_channels, 4, 4, generator=generator).repeat(2, 1, 1, 1)
    return x, torch.tensor(300), torch.randn(4, 5, unet.config.cross_attention_dim, generator=generator)


@torch.no_grad()
def predicted(pipe, batch):
    x, t, context = batch
    return pipe.unet(x, t, encoder_hidden_states=context).sample


def test_the_negative_half_is_the_public_models_and_the_other_the_tuned_ones(tiny_pipe, lora, batch) -> None:
    # In 64 bits: with updates of all layers 32-bit rounding shows.
    tiny_pipe.unet.double()
    lora = LoraWeights(tensors={key: tensor.double() for key, tensor in lora.tensors.items()}, alphas=lora.alphas)
    batch = (batch[0].double(), batch[1], batch[2].double())
    public = predicted(tiny_pipe, batch)
    with applied(tiny_pipe, lora.unet()):
        tuned = predicted(tiny_pipe, batch)
    with drawn_with(tiny_pipe, lora, guidance=2.0, extrapolate=True):
        both = predicted(tiny_pipe, batch)
    assert (tuned - public).abs().max() > 0.01  # the LoRA matters
    assert torch.allclose(both[:2], public[:2], atol=1e-5)
    assert torch.allclose(both[2:], tuned[2:], atol=1e-5)
    assert torch.equal(predicted(tiny_pipe, batch), public)  # nothing stays behind


@pytest.mark.parametrize(("guidance", "extrapolate"), [(2.0, False), (1.0, True)])
def test_without_it_and_without_guidance_the_lora_is_everywhere(tiny_pipe, lora, batch, guidance, extrapolate) -> None:
    with applied(tiny_pipe, lora.unet()):
        tuned = predicted(tiny_pipe, batch)
    with drawn_with(tiny_pipe, lora, guidance=guidance, extrapolate=extrapolate):
        assert torch.allclose(predicted(tiny_pipe, batch), tuned, atol=1e-5)


def test_many_people_at_once_are_guided_as_each_alone(tiny_pipe, lora, batch) -> None:
    targets = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2")  # linear layers: what the demo trains
    kept = {module: alpha for module, alpha in lora.alphas.items() if module.endswith(targets)}
    lora = LoraWeights(tensors={k: t for k, t in lora.tensors.items() if k.rsplit(".lora_", 1)[0] in kept}, alphas=kept)
    with drawn_with(tiny_pipe, lora, guidance=2.0, extrapolate=True):
        alone = predicted(tiny_pipe, batch)
    many = BatchedLora(tiny_pipe.unet, targets, people=1, rank=RANK, alpha=ALPHA)
    many.load({key.removeprefix("unet."): value[None] for key, value in lora.unet().tensors.items()})
    many.set_each(2)
    many.set_extrapolation(True)
    assert torch.allclose(predicted(tiny_pipe, batch), alone, atol=1e-5)
    many.remove()


def test_the_weight_belongs_to_the_way_of_guiding() -> None:
    base = BASES[BUNDLED]
    assert AttackSettings().weight(base) == base.extrapolation
    assert AttackSettings(extrapolate=False).weight(base) == base.guidance
    assert AttackSettings(guidance=4).weight(base) == 4


def test_a_report_names_what_was_really_used() -> None:
    said = AttackSettings(samples=3).said(BASES[BUNDLED])
    assert said["extrapolate"] is True
    assert (said["guidance"], said["steps"], said["fine_tuning_steps"]) == (3.0, 20, 200)
    assert said["tau"] == 1.0
    assert AttackSettings(extrapolate=False).said(BASES[BUNDLED])["guidance"] == 2.0

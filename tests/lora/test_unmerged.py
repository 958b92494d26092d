"""A weak LoRA on a base in 16 bits acts as it does on one in 32, and leaves nothing behind."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from demo.attack.guidance import drawn_with
from demo.finetune.dreambooth import applied
from demo.lora.files import LoraWeights, expected_shapes

RANK = 8


def weak(pipe: Any) -> LoraWeights:
    """As after a few steps: A as PEFT begins it, B still near zero."""
    generator = torch.Generator().manual_seed(3)
    tensors, alphas = {}, {}
    for module, (out, into) in expected_shapes(pipe).items():
        tensors[f"{module}.lora_A.weight"] = torch.randn(RANK, into, generator=generator) / into**0.5
        tensors[f"{module}.lora_B.weight"] = 1.5e-4 * torch.randn(out, RANK, generator=generator)
        alphas[module] = float(RANK)
    return LoraWeights(tensors=tensors, alphas=alphas)


def layers(pipe: Any, lora: LoraWeights) -> list[tuple[Any, str]]:
    found = []
    for module in lora.modules():
        part, path = module.split(".", 1)
        found.append((getattr(pipe, part).get_submodule(path), module))
    return found


@torch.no_grad()
def outputs(layer: Any) -> Tensor:
    """Of many random inputs, so that what rounding adds averages out."""
    size = (512, layer.in_channels, 2, 2) if isinstance(layer, nn.Conv2d) else (4096, layer.in_features)
    x = torch.randn(size, generator=torch.Generator().manual_seed(5)).to(torch.bfloat16)
    return layer(x.to(layer.weight.dtype)).double()


def share(found: Tensor, wanted: Tensor) -> float:
    """How much of a wanted change is in one that was found."""
    return float((found * wanted).sum() / wanted.square().sum())


@pytest.fixture
def pair(tiny_pipe: Any) -> tuple[Any, Any]:
    """The same weights in bf16 and in fp32."""
    half = copy.deepcopy(tiny_pipe)
    for part in (half.unet, half.text_encoder):
        part.to(torch.bfloat16)
    for part, source in ((tiny_pipe.unet, half.unet), (tiny_pipe.text_encoder, half.text_encoder)):
        part.load_state_dict(source.state_dict())
    return half, tiny_pipe


def test_a_weak_lora_is_not_lost_in_bf16(pair: tuple[Any, Any]) -> None:
    half, full = pair
    lora = weak(full)
    plain = [(outputs(a), outputs(b)) for (a, _), (b, _) in zip(layers(half, lora), layers(full, lora), strict=True)]
    with applied(half, lora), applied(full, lora):
        tuned = [
            (outputs(a), outputs(b)) for (a, _), (b, _) in zip(layers(half, lora), layers(full, lora), strict=True)
        ]
    changes = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(plain, tuned, strict=True)]
    found, wanted = (torch.cat([change[k].flatten() for change in changes]) for k in (0, 1))
    print(f"share of the change that is there: {share(found, wanted):.3f}")
    assert share(found, wanted) == pytest.approx(1, abs=0.05)
    merged = []  # as it would be with the weights changed in their own precision
    for (layer, module), (before, _) in zip(layers(half, lora), plain, strict=True):
        layer.weight.data += lora.delta(module).to(layer.weight).reshape(layer.weight.shape)
        merged.append((outputs(layer) - before).flatten())
    print(f"of the merged one: {share(torch.cat(merged), wanted):.3f}")
    assert share(torch.cat(merged), wanted) < 0.6


@pytest.mark.parametrize("second_half", [False, True])
def test_it_is_the_whole_model_that_is_tuned_and_plain_again(pair: tuple[Any, Any], second_half: bool) -> None:
    half, full = pair
    lora = LoraWeights(
        tensors={k: 200 * t if "_B" in k else t for k, t in weak(full).tensors.items()}, alphas=weak(full).alphas
    )
    generator = torch.Generator().manual_seed(6)  # not what other tests have left of the global one
    x = torch.randn(2, 4, 4, 4, generator=generator).repeat(2, 1, 1, 1)
    context = torch.randn(4, 5, 32, generator=generator)

    @torch.no_grad()
    def drawn(pipe: Any) -> Tensor:
        dtype = pipe.unet.dtype
        return pipe.unet(x.to(dtype), torch.tensor(300), encoder_hidden_states=context.to(dtype)).sample.float()

    before = {name: p.clone() for name, p in half.unet.named_parameters()}
    plain = drawn(half)
    with (
        drawn_with(half, lora, guidance=2.0, extrapolate=second_half),
        drawn_with(full, lora, guidance=2.0, extrapolate=second_half),
    ):
        tuned, wanted = drawn(half), drawn(full)
    assert (wanted - plain)[2:].norm() > 10 * (tuned - wanted).norm()
    if second_half:
        assert torch.allclose(tuned[:2], plain[:2], atol=0.05)
    assert torch.equal(drawn(half), plain)
    assert not any("forward" in vars(module) for part in (half.unet, half.text_encoder) for module in part.modules())
    assert all(torch.equal(before[name], p) for name, p in half.unet.named_parameters())

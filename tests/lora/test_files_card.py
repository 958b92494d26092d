from __future__ import annotations

import pytest
import torch

from demo.errors import SettingsError
from demo.lora.card import model_card
from demo.lora.describe import TOTAL, describe
from demo.lora.files import LoraWeights
from demo.models.bases import BUNDLED

MODULES = ("unet.mid_block.attn1.to_q", "text_encoder.encoder.layers.0.self_attn.q_proj")


def lora(modules: tuple[str, ...] = MODULES) -> LoraWeights:
    torch.manual_seed(0)
    tensors = {}
    for module in modules:
        tensors[f"{module}.lora_A.weight"] = torch.randn(4, 6)
        tensors[f"{module}.lora_B.weight"] = torch.randn(8, 4)
    secret = {"ss_tag_frequency": "zorblax", "ss_output_name": "/home/anna"}
    return LoraWeights(tensors=tensors, alphas=dict.fromkeys(modules, 27.0), metadata=secret)


def test_describe() -> None:
    subject = lora()
    rows = describe(subject)
    layers, totals = rows[:-3], rows[-3:]
    assert [(row.module, row.kind) for row in layers] == [(m, k) for m in sorted(MODULES) for k in "AB"]
    for row in layers:
        tensor = subject.tensors[f"{row.module}.lora_{row.kind}.weight"]
        assert row.shape == tuple(tensor.shape)
        assert row.rank == 4
        assert row.numbers == tensor.numel()
        assert row.norm == pytest.approx(float(tensor.norm()), rel=1e-5)
    assert [(row.module, row.kind, row.numbers) for row in totals] == [
        (TOTAL, "A", 48),
        (TOTAL, "B", 64),
        (TOTAL, "update", 112),
    ]
    update = torch.cat([subject.delta(module).flatten() for module in subject.modules()]).norm()
    assert totals[2].norm == pytest.approx(float(update), rel=1e-5)


def test_card_says_what_leaks() -> None:
    card = model_card(lora(), base="Stable Diffusion 1.4", licence="OpenRAIL", hub_id="a/b", file_name="p.safetensors")
    assert card.startswith("---\nlibrary_name: diffusers\nbase_model: a/b\n")
    for said in ("reconstruct the person's face", "training set", "how many photos", "consent", "text encoder"):
        assert said in card
    assert "2 layers of Stable Diffusion 1.4 (U-Net and text encoder), rank 4, 112 numbers" in card
    assert 'weight_name="p.safetensors", use_safetensors=True' in card
    assert "{" not in card


def test_card_gives_nothing_away() -> None:
    card = model_card(lora(MODULES[:1]), base=BUNDLED, licence="research", file_name="p.safetensors")
    assert "base_model" not in card
    assert "(U-Net), rank" in card
    assert "also adapts the text encoder" not in card
    for secret in ("zorblax", "anna", "/home", "mid_block"):
        assert secret not in card


@pytest.mark.parametrize(
    "changes",
    [
        {"base": "/home/anna/sd"},
        {"hub_id": "/home/anna/sd"},
        {"hub_id": "../sd"},
        {"hub_id": "a/b\nlicense: x"},
        {"file_name": "/home/anna/p.safetensors"},
        {"file_name": "p.bin"},
    ],
)
def test_card_refuses_paths(changes: dict[str, str]) -> None:
    options = {"base": BUNDLED, "licence": "research", "file_name": "p.safetensors"} | changes
    with pytest.raises(SettingsError) as caught:
        model_card(lora(), **options)
    assert "anna" not in str(caught.value)

"""Rank truncation: the best approximation, at the right scale."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from demo.defences.registry import choose
from demo.defences.truncate import Truncate
from demo.errors import SettingsError
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights, read_lora, write_lora

SHAPES = {
    "unet.mid_block.attn1.to_q": (30, 20, 6, 27.0),
    "text_encoder.encoder.layers.0.self_attn.q_proj": (9, 9, 4, 5.0),
}


def lora(dtype: torch.dtype = torch.float32) -> LoraWeights:
    generator = torch.Generator().manual_seed(0)
    tensors, alphas = {}, {}
    for module, (out, into, rank, alpha) in SHAPES.items():
        tensors[f"{module}.lora_A.weight"] = torch.randn(rank, into, generator=generator, dtype=dtype)
        tensors[f"{module}.lora_B.weight"] = torch.randn(out, rank, generator=generator, dtype=dtype)
        alphas[module] = alpha
    return LoraWeights(tensors=tensors, alphas=alphas)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_each_update_is_the_best_of_its_rank(rank: int) -> None:
    plain = lora(torch.float64)
    cut = Truncate(rank=rank).release(plain)
    for module, (out, into, _, _) in SHAPES.items():
        a, b = cut.matrices(module)
        assert a.shape == (rank, into)
        assert b.shape == (out, rank)
        u, s, vh = torch.linalg.svd(plain.delta(module).double())
        best = (u[:, :rank] * s[:rank]) @ vh[:rank]
        assert torch.allclose(cut.delta(module).double(), best, atol=1e-10)
        lost = (plain.delta(module) - cut.delta(module)).double().norm()
        assert lost.item() == pytest.approx(s[rank:].square().sum().sqrt().item(), rel=1e-8)
        assert s[rank] > 0.1  # there was something to lose


def test_a_rank_no_lower_than_its_own_changes_nothing() -> None:
    plain = lora()
    same = Truncate(rank=6).release(plain)
    assert same.alphas == pytest.approx(dict(plain.alphas))
    assert all(torch.equal(same.tensors[key], tensor) for key, tensor in plain.tensors.items())
    mixed = Truncate(rank=5).release(plain)  # the text encoder's layer has rank 4
    assert [len(mixed.matrices(module)[0]) for module in SHAPES] == [5, 4]


def test_an_update_of_zero_stays_zero() -> None:
    plain = lora()
    zero = LoraWeights(
        tensors={k: t * 0 if "lora_B" in k else t for k, t in plain.tensors.items()}, alphas=plain.alphas
    )
    cut = Truncate().release(zero)
    assert all(bool(torch.isfinite(t).all()) for t in cut.tensors.values())
    assert all(cut.delta(module).abs().max() == 0 for module in SHAPES)


def test_the_file_can_be_read_and_means_the_same(tmp_path: Path) -> None:
    cut = Truncate(rank=2).release(lora())
    back = read_lora(write_lora(tmp_path / "lora.safetensors", cut))
    assert all(torch.allclose(back.delta(module), cut.delta(module)) for module in SHAPES)
    assert back.alphas == pytest.approx({m: alpha / rank * 2 for m, (_, _, rank, alpha) in SHAPES.items()})


def test_ledger_and_label() -> None:
    defence = Truncate(rank=3)
    ledger = defence.ledger(5, LoraSettings(), 7)
    assert "3" in defence.label
    assert (ledger.guarantee, ledger.photo_epsilon, ledger.steps) == ("none", None, 7)
    assert len(ledger.sentences) > 1
    with pytest.raises(SettingsError, match="rank"):
        choose("truncate", rank=0)

"""Rounding to int8: how far, how many levels."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from demo.defences.quantise import Int8, rounded, step_size
from demo.defences.registry import choose
from demo.errors import SettingsError
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights, read_lora, write_lora

ROWS = torch.tensor([[0.01], [0.1], [1.0], [10.0], [0.0]])
X = torch.randn(5, 300, generator=torch.Generator().manual_seed(0)) * ROWS


@pytest.mark.parametrize("per", ["tensor", "row"])
def test_error_is_at_most_half_a_level_and_nearly_so_somewhere(per: str) -> None:
    step = step_size(X.double(), per)
    error = (rounded(X, per).double() - X.double()).abs()
    assert (error <= step / 2 * (1 + 1e-5)).all()
    assert (error > 0.45 * step)[3].any()


@pytest.mark.parametrize("per", ["tensor", "row"])
def test_numbers_lie_on_whole_levels(per: str) -> None:
    out = rounded(X, per)
    step = step_size(X.double(), per)
    levels = out.double()[:4] / step[:4] if per == "row" else out.double() / step
    assert torch.allclose(levels, levels.round(), atol=1e-4)
    assert levels.abs().max().round() == 127
    assert len(out[3].unique()) > 50
    assert len(out[3].unique()) <= 255
    assert torch.allclose(rounded(out, per), out, atol=0, rtol=1e-6)  # twice is once
    assert (out[4] == 0).all()


def test_rows_keep_small_rows_and_a_tensor_does_not() -> None:
    assert (rounded(X, "tensor")[0] == 0).all()
    assert len(rounded(X, "row")[0].unique()) > 50


def test_the_file_can_be_read_and_holds_the_levels(tmp_path: Path) -> None:
    module = "unet.mid_block.attn1.to_q"
    plain = LoraWeights(
        tensors={f"{module}.lora_A.weight": X, f"{module}.lora_B.weight": X.T.contiguous()}, alphas={module: 27.0}
    )
    out = Int8().release(plain)
    back = read_lora(write_lora(tmp_path / "lora.safetensors", out))
    assert torch.equal(back.tensors[f"{module}.lora_A.weight"], rounded(X, "tensor"))
    assert back.alphas == {module: 27.0}
    assert not torch.equal(back.delta(module), plain.delta(module))


def test_ledger() -> None:
    ledger = Int8(per="row").ledger(5, LoraSettings(), 7)
    assert (ledger.guarantee, ledger.photo_epsilon, ledger.person_epsilon) == ("none", None, None)
    assert ledger.settings == {"per": "row"}
    assert len(ledger.sentences) > 1
    with pytest.raises(SettingsError, match="per"):
        choose("int8", per="layer")

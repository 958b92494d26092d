"""Where a file's alphas come from: tensors, PEFT's settings, the rest of the header, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from demo.lora.files import LoraWeights, read_lora

NAME = "person.safetensors"
FIRST, SECOND = (f"unet.mid_block.attentions.0.transformer_blocks.0.attn{i}.to_q" for i in (1, 2))


def lora(
    folder: Path, metadata: dict[str, str], *, ranks: tuple[int, int] = (4, 4), alphas: tuple[float, ...] = ()
) -> LoraWeights:
    """Two layers in kohya's layout; alpha tensors of the first of them."""
    tensors: dict[str, torch.Tensor] = {}
    for module, rank in zip((FIRST, SECOND), ranks, strict=True):
        name = "lora_" + module.replace(".", "_")
        tensors[f"{name}.lora_down.weight"], tensors[f"{name}.lora_up.weight"] = (
            torch.ones(rank, 8),
            torch.ones(8, rank),
        )
    for module, alpha in zip((FIRST, SECOND), alphas, strict=False):
        tensors["lora_" + module.replace(".", "_") + ".alpha"] = torch.tensor(alpha)
    save_file(tensors, folder / NAME, metadata=metadata)
    return read_lora(folder / NAME)


@pytest.mark.parametrize(
    "metadata",
    [
        {"ss_network_alpha": "2.0", "ss_network_dim": "4"},
        {"ss_network_alpha": "2"},
        {"ss_network_alpha": " 2 ", "ss_network_dim": "None"},
        {"ss_network_alpha": "None", "lora_alpha": "2"},
        {"alpha": "2", "rank": "4"},
        {"lora_alpha": "2.0", "r": "4"},
        {"network_alpha": "2"},
        {"training": json.dumps({"lora_alpha": 2, "lora_rank": 4})},
        {"config": json.dumps({"network": {"network_alpha": 2, "network_dim": 4}})},
        {"config": json.dumps({"config": {"process": [{"network": {"linear_alpha": 2, "linear": 4}}]}})},
        {"Alpha": "2"},
        {"networkAlpha": "2", "networkDim": "4"},
        {"adapter_config": json.dumps({"peft_type": "LORA", "r": 4, "lora_alpha": 8, "alpha_pattern": {"to_q": 2}})},
        {"peft_config": json.dumps({"default": {"peft_type": "LORA", "r": 4, "lora_alpha": 1, "use_rslora": True}})},
        {"adapter_config.json": json.dumps({"r": 4, "lora_alpha": 1, "use_rslora": True})},
        {"lora_adapter_metadata": json.dumps({"r": 4, "lora_alpha": 2})},
        {"lora_adapter_metadata": json.dumps({"unet.r": 4, "unet.lora_alpha": 2}), "ss_network_alpha": "3"},
    ],
)
def test_the_header_counts_where_there_is_no_tensor(tmp_path: Path, metadata: dict[str, str]) -> None:
    found = lora(tmp_path, metadata)
    assert (found.scale(FIRST), found.scale(SECOND)) == (0.5, 0.5)
    assert found.assumption is None


@pytest.mark.parametrize(
    "metadata",
    [
        {"ss_network_alpha": "2.0", "ss_network_dim": "4"},
        {"lora_adapter_metadata": json.dumps({"unet.r": 4, "unet.lora_alpha": 2})},
        {"lora_adapter_metadata": json.dumps({"unet.r": 99, "unet.lora_alpha": 2})},
        {"lora_adapter_metadata": json.dumps({"unet.r": 4})},
    ],
)
def test_tensors_come_before_the_header(tmp_path: Path, metadata: dict[str, str]) -> None:
    found = lora(tmp_path, metadata, alphas=(8.0, 12.0))
    assert (found.scale(FIRST), found.scale(SECOND)) == (2, 3)
    assert found.assumption is None


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"ss_network_alpha": "None", "ss_network_dim": "4"},
        {"ss_network_alpha": ""},
        {"alpha": "nan"},
        {"lora_alpha": "inf"},
        {"alpha": "1e300"},
        {"alpha": "much"},
        {"x": "{", "y": '{"alpha": 2}', "z": "[1]"},
        {"lora_adapter_metadata": json.dumps({"text_encoder.r": 4, "text_encoder.lora_alpha": 2})},
    ],
)
def test_where_nothing_gives_it_scale_1_is_assumed_and_said(tmp_path: Path, metadata: dict[str, str]) -> None:
    found = lora(tmp_path, metadata)
    assert (found.scale(FIRST), found.scale(SECOND)) == (1, 1)
    assert found.assumption is not None
    assert found.assumption.startswith("The file gives no alpha, so scale 1 is assumed.")


def test_some_tensors_are_missing(tmp_path: Path) -> None:
    """As kohya's own loader and ComfyUI have it: the rank, so scale 1."""
    found = lora(tmp_path, {}, alphas=(8.0,))
    assert (found.scale(FIRST), found.scale(SECOND)) == (2, 1)
    assert (found.assumption or "").startswith(
        "The file gives no alpha for 1 of its 2 layers, so scale 1 is assumed th"
    )
    found = lora(tmp_path, {"ss_network_alpha": "2"}, alphas=(8.0,))
    assert (found.scale(FIRST), found.scale(SECOND)) == (2, 0.5)
    assert found.assumption is None


def test_a_header_that_speaks_of_another_rank_is_not_believed(tmp_path: Path) -> None:
    found = lora(tmp_path, {"ss_network_alpha": "2", "ss_network_dim": "4"}, ranks=(4, 8))
    assert (found.scale(FIRST), found.scale(SECOND)) == (0.5, 1)
    assert (found.assumption or "").startswith(
        "The header gives an alpha for rank 4 alone, and 1 of the 2 layers have another, so"
    )


@pytest.mark.parametrize(("key", "scale"), [("ss_network_alpha", 1), ("network_alpha", 1), ("lora_alpha", 0)])
def test_kohya_s_trainer_means_the_rank_by_0(tmp_path: Path, key: str, scale: float) -> None:
    assert lora(tmp_path, {key: "0"}).scale(FIRST) == scale


def test_an_alpha_in_8_bits(tmp_path: Path) -> None:
    name = "lora_" + FIRST.replace(".", "_")
    tensors: dict[str, Any] = {f"{name}.lora_down.weight": torch.ones(4, 8), f"{name}.lora_up.weight": torch.ones(8, 4)}
    tensors[f"{name}.alpha"] = torch.tensor(16.0).to(torch.float8_e4m3fn)
    save_file(tensors, tmp_path / NAME)
    assert read_lora(tmp_path / NAME).scale(FIRST) == 4

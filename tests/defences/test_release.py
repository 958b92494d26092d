"""What lies beside a released file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from demo.defences.release import card_path, write_card
from demo.lora.files import LoraWeights
from demo.models.bases import BASES, BUNDLED

MODULE = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k"
LORA = LoraWeights(
    tensors={f"{MODULE}.lora_A.weight": torch.ones(2, 8), f"{MODULE}.lora_B.weight": torch.ones(8, 2)},
    alphas={MODULE: 2.0},
    metadata={"trigger": "zorblax"},
)


def test_the_card_names_a_public_base_and_no_folder_of_the_users(tmp_path: Path) -> None:
    file = tmp_path / "lora.safetensors"
    for base in BASES.values():
        card = write_card(file, LORA, base).read_text(encoding="utf-8")
        assert base.title in card
        assert base.licence in card
        assert (f"base_model: {base.source}\n" in card) == (base.revision is not None)
    own = replace(
        BASES[BUNDLED], key="annas-face-1", title="annas-face (folder, 64 pixels)",
        source=str(tmp_path / "annas-face"), own_folder=str(tmp_path / "annas-face"),
    )  # fmt: skip
    card = write_card(file, LORA, own).read_text(encoding="utf-8")
    for secret in ("annas-face", str(tmp_path), "zorblax"):
        assert secret not in card
    assert "that is not public" in card
    assert [path.name for path in tmp_path.iterdir()] == [card_path(file).name] == ["lora.card.md"]

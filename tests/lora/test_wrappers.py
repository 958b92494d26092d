"""Names that trainers put around a model, and what is said where the names are not known."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from demo.errors import LoraFileError
from demo.lora.copies import clean_copy
from demo.lora.files import read_lora
from demo.lora.metadata.leak import scan

BLOCK = "mid_block.attentions.0.transformer_blocks.0"
UNET, OUT = f"unet.{BLOCK}.attn1.to_q", f"unet.{BLOCK}.attn1.to_out.0"
TEXT = "text_encoder.encoder.layers.0.self_attn.q_proj"
FLAT = f"{BLOCK}.attn1.to_q".replace(".", "_")
OWN = "text_model.encoder.layers.0.self_attn.q_proj"
AB = ("lora_A.weight", "lora_B.weight")
MIA = ("lora_A.mia.weight", "lora_B.mia.weight")
DOWN = ("lora_down.weight", "lora_up.weight")


def stored(folder: Path, name: str, parts: tuple[str, str] = AB, alpha: str = "", rank: int = 4) -> Path:
    tensors = {f"{name}.{parts[0]}": torch.ones(rank, 8), f"{name}.{parts[1]}": torch.ones(8, rank)}
    if alpha:
        tensors[f"{name}.{alpha}"] = torch.tensor(2.0)
    save_file(tensors, folder / "x.safetensors")
    return folder / "x.safetensors"


@pytest.mark.parametrize(
    ("name", "parts", "module"),
    [
        (f"base_model.model.unet.{BLOCK}.attn1.to_q", AB, UNET),
        (f"module.unet.{BLOCK}.attn1.to_q", AB, UNET),
        (f"model.unet.{BLOCK}.attn1.to_q", AB, UNET),
        (f"module.{BLOCK}.attn1.to_q", AB, UNET),
        (f"unet._orig_mod.{BLOCK}.attn1.to_q", AB, UNET),
        (f"_orig_mod.module.unet.{BLOCK}.attn1.to_q", AB, UNET),
        (f"unet.base_model.model.{BLOCK}.attn1.to_q", MIA, UNET),
        (f"lora_unet.{BLOCK}.attn1.to_q", DOWN, UNET),
        (f"lora_te.{OWN}", DOWN, TEXT),
        (f"text_encoder_1.{OWN}", AB, TEXT),
        (f"te.{OWN}", AB, TEXT),
        (f"module.text_encoder.{OWN}", AB, TEXT),
        (f"base_model.model.{OWN}", AB, TEXT),
        (f"lycoris_{FLAT}", DOWN, UNET),
        ("lycoris_encoder_layers_0_self_attn_q_proj", DOWN, TEXT),
        (f"lora_unet_{FLAT}", ("lora.down.weight", "lora.up.weight"), UNET),
        (f"lora_unet_{FLAT}", AB, UNET),
        (f"lora_unet_{FLAT}", MIA, UNET),
        (f"diffusion_model.{BLOCK}.attn1.to_q", MIA, UNET),
        (f"diffusion_model.{BLOCK}.attn1.to_q", DOWN, UNET),
        (f"text_encoders.clip_l.transformer.{OWN}", MIA, TEXT),
        (f"unet.{BLOCK}.attn1.to_out", DOWN, OUT),
        (f"unet.{BLOCK}.attn1.to_out", AB, OUT),
        (f"unet.{BLOCK}.attn1.to_out.0", AB, OUT),
    ],
)
def test_wrapped_names_are_read(tmp_path: Path, name: str, parts: tuple[str, str], module: str) -> None:
    lora = read_lora(stored(tmp_path, name, parts))
    assert lora.modules() == [module]
    assert torch.equal(lora.delta(module), torch.full((8, 8), 4.0))


@pytest.mark.parametrize("name", [f"diffusion_model.{BLOCK}.attn1.to_q", f"lora_unet_{FLAT}", UNET])
def test_the_name_of_an_adapter_is_found_and_taken_out_in_every_layout(tmp_path: Path, name: str) -> None:
    path = stored(tmp_path, name, MIA)
    assert [finding.value for finding in scan(path)] == ["mia"]
    copy = clean_copy(path, tmp_path / "y.safetensors").path
    assert b"mia" not in copy.read_bytes()
    assert read_lora(copy).modules() == [UNET]


@pytest.mark.parametrize("alpha", ["alpha", "lora.alpha", "lora_linear_layer.alpha", "lora_A.alpha", "lora_down.alpha"])
@pytest.mark.parametrize("name", [UNET, f"diffusion_model.{BLOCK}.attn1.to_q", f"lora_unet_{FLAT}"])
def test_alphas_behind_the_name_of_a_part(tmp_path: Path, name: str, alpha: str) -> None:
    lora = read_lora(stored(tmp_path, name, DOWN, alpha))
    assert (lora.scale(UNET), lora.assumption) == (0.5, None)
    copy = clean_copy(tmp_path / "x.safetensors", tmp_path / "y.safetensors").path
    assert read_lora(copy).scale(UNET) == 0.5


SHAPES = {UNET: (8, 8), f"unet.{BLOCK}.attn2.to_k": (8, 192)}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("elsewhere.to_q", "are in a layout that is not known here, such as elsewhere.to_q"),
        ("unet.elsewhere.to_q", "are in a layout that is not known here, such as unet.elsewhere.to_q"),
        (UNET.replace("blocks.0.attn", "blocks.1.attn"), "has more transformer blocks in one attention than Small"),
        (f"unet.{BLOCK}.attn2.to_k", "expected is Small (cross-attention width 192)"),
        (f"unet.{BLOCK}.attn1.to_v", "adapts layers that Small does not have"),
        ("unet.mid_block.resnets.0.conv1", "not attention or feed-forward layers of Small"),
    ],
)
def test_what_does_not_fit_is_told_why(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(LoraFileError) as caught:
        read_lora(stored(tmp_path, name), base_shapes=SHAPES, base_title="Small")
    assert said in caught.value.problem

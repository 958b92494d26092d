from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders.lora_conversion_utils import _maybe_map_sgm_blocks_to_diffusers
from transformers import CLIPTextConfig, CLIPTextModel

from demo.lora import kohya
from demo.lora.files import expected_shapes

# Where Stable Diffusion's original implementation has its transformers.
ORIGINAL = [f"input_blocks_{i}_1" for i in (1, 2, 4, 5, 7, 8)]
ORIGINAL += ["middle_block_1", *(f"output_blocks_{i}_1" for i in range(3, 12))]
LEAVES = [f"transformer_blocks_0_attn{i}_to_{leaf}" for i in (1, 2) for leaf in ("q", "k", "v", "out_0")]
LEAVES += ["transformer_blocks_0_ff_net_0_proj", "transformer_blocks_0_ff_net_2", "proj_in", "proj_out"]


@pytest.fixture(scope="module")
def shapes() -> dict[str, tuple[int, int]]:
    """Stable Diffusion 1.4's structure, with few channels."""
    with torch.device("meta"):
        unet = UNet2DConditionModel(
            block_out_channels=(8, 8, 8, 8), cross_attention_dim=16, attention_head_dim=2, norm_num_groups=4
        )
        config = CLIPTextConfig(
            vocab_size=9, hidden_size=16, intermediate_size=32, num_hidden_layers=12, num_attention_heads=2
        )
        return expected_shapes(SimpleNamespace(unet=unet, text_encoder=CLIPTextModel(config)))  # type: ignore[arg-type]


def test_the_structure_has_what_kohya_adapts(shapes: dict[str, tuple[int, int]]) -> None:
    assert len(shapes) == 192 + 72  # modules in an ordinary file of kohya's for Stable Diffusion 1.x


@pytest.mark.parametrize("given", [False, True])
def test_every_name_of_stable_diffusion(shapes: dict[str, tuple[int, int]], given: bool) -> None:
    known = kohya.names(shapes if given else ())
    for module in shapes:
        part, path = module.split(".", 1)
        flat = path.replace(".", "_")
        for name in [f"lora_unet_{flat}"] if part == "unet" else [f"lora_te_text_model_{flat}", f"lora_te1_{flat}"]:
            assert known[name] == module


def test_the_original_names_as_diffusers_reads_them(shapes: dict[str, tuple[int, int]]) -> None:
    known = kohya.names()
    names = [f"lora_unet_{place}_{leaf}" for place in ORIGINAL for leaf in LEAVES]
    found = {known[name] for name in names}
    assert found == {module for module in shapes if module.startswith("unet.")}
    for name in names:
        # diffusers' reader loses the order of its keys: one at a time. It names the blocks themselves later.
        (read,) = _maybe_map_sgm_blocks_to_diffusers({name: 0}, SimpleNamespace(layers_per_block=2))
        for old, new in (("input_block", "down_block"), ("middle_block", "mid_block"), ("output_block", "up_block")):
            read = read.replace(old, new)
        assert known[read] == known[name]


def test_the_bases_own_names_come_first() -> None:
    odd = "unet.down_blocks.0.attentions.0.transformer.blocks.0.attn1.to_q"
    name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    assert kohya.names()[name] == "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    assert kohya.names([odd])[name] == odd


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("lora_unet_mid_block_attentions_0_proj_in.alpha", "lora_unet_mid_block_attentions_0_proj_in"),
        ("lora_te1_encoder_layers_0_mlp_fc1.lora_up.weight", "lora_te1_encoder_layers_0_mlp_fc1"),
        ("lora_te2_encoder_layers_0_mlp_fc1.lora_up.weight", None),
        ("lora_unet_mid_block_attentions_0_proj_in.lora_up.bias", None),
        ("unet.mid_block.attentions.0.proj_in.lora.up.weight", None),
    ],
)
def test_which_keys_are_kohyas(key: str, name: str | None) -> None:
    match = kohya.KEY.match(key)
    assert (match["name"] if match else None) == name

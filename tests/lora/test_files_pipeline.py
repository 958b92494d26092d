from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderTiny, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from demo.lora.files import LoraWeights, expected_shapes, read_lora, write_lora

WIDTH = 32


@pytest.fixture(scope="module")
def base() -> StableDiffusionPipeline:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=8,
        norm_num_groups=8,
    )
    text = CLIPTextConfig(
        vocab_size=99, hidden_size=WIDTH, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4
    )
    return StableDiffusionPipeline(
        vae=AutoencoderTiny(
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1),
        ),
        text_encoder=CLIPTextModel(text).eval(),
        tokenizer=None,
        unet=unet.eval(),
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


@pytest.fixture
def pipe(base: StableDiffusionPipeline) -> StableDiffusionPipeline:
    return copy.deepcopy(base)


def random_lora(pipe: StableDiffusionPipeline) -> LoraWeights:
    """Every layer that may be adapted, with ranks and alphas that differ from layer to layer."""
    generator = torch.Generator().manual_seed(1)
    tensors: dict[str, Tensor] = {}
    alphas: dict[str, float] = {}
    for number, (module, (out, into)) in enumerate(expected_shapes(pipe).items()):
        rank = 2 + number % 3
        pixel = (1, 1) if "proj_in" in module or "proj_out" in module else ()  # a convolution, as in this U-Net
        tensors[f"{module}.lora_A.weight"] = torch.randn(rank, into, *pixel, generator=generator) * 0.3
        tensors[f"{module}.lora_B.weight"] = torch.randn(out, rank, *pixel, generator=generator) * 0.3
        alphas[module] = (1.0, 3.0, 0.7, 8.0)[number % 4]
    return LoraWeights(tensors=tensors, alphas=alphas)


@torch.no_grad()
def outputs(pipe: Any) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    latents, text = torch.randn(1, 4, 8, 8, generator=generator), torch.randn(1, 5, WIDTH, generator=generator)
    latents, text = latents.to(pipe.unet.dtype), text.to(pipe.unet.dtype)
    noise = pipe.unet(latents, torch.tensor([500]), encoder_hidden_states=text).sample
    return noise, pipe.text_encoder(torch.arange(7)[None]).last_hidden_state


@torch.no_grad()
def merge(pipe: Any, lora: LoraWeights) -> None:
    for module in lora.modules():
        part, path = module.split(".", 1)
        a, b = lora.matrices(module)
        weight = getattr(pipe, part).get_submodule(path).weight
        weight += (lora.alphas[module] / a.shape[0] * b @ a).reshape(weight.shape)


def assert_same(pipe: Any, merged: Any, plain: Any) -> None:
    for loaded, wanted, before in zip(outputs(pipe), outputs(merged), outputs(plain), strict=True):
        assert (loaded - wanted).abs().max() < 1e-5
        assert (loaded - before).abs().max() > 1e-2  # the LoRA does something


def test_expected_shapes(pipe: StableDiffusionPipeline) -> None:
    shapes = expected_shapes(pipe)
    block = "unet.down_blocks.0.attentions.0.transformer_blocks.0"
    assert shapes[f"{block}.attn1.to_q"] == (32, 32)
    assert shapes[f"{block}.attn2.to_k"] == (32, WIDTH)
    assert shapes[f"{block}.attn2.to_out.0"] == (32, 32)
    assert shapes["text_encoder.encoder.layers.1.self_attn.out_proj"] == (WIDTH, WIDTH)
    assert shapes[f"{block}.ff.net.0.proj"] == (256, 32)  # GEGLU: twice four times as wide
    assert shapes[f"{block}.ff.net.2"] == (32, 128)
    assert shapes["unet.mid_block.attentions.0.proj_in"] == (64, 64)  # a 1 x 1 convolution
    assert shapes["text_encoder.encoder.layers.0.mlp.fc2"] == (WIDTH, 37)
    # 1 + 1 + 2 transformers (down, mid, up) with 8 projections, 2 of the feed-forward, 1 in and 1 out; 2 text layers
    assert len(shapes) == 4 * 12 + 2 * 6
    pipe.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q"]))
    assert expected_shapes(pipe) == shapes


def test_loads_at_the_right_scale(pipe: StableDiffusionPipeline, base: Any, tmp_path: Path) -> None:
    lora = random_lora(pipe)
    path = write_lora(tmp_path / "person.safetensors", lora)
    pipe.load_lora_weights(str(tmp_path), weight_name=path.name, use_safetensors=True)
    merged = copy.deepcopy(base)
    merge(merged, lora)
    assert_same(pipe, merged, base)
    back = read_lora(path, base_shapes=expected_shapes(base))
    assert back.alphas == lora.alphas


def test_one_rank_and_the_unet_alone(pipe: Any, base: StableDiffusionPipeline, tmp_path: Path) -> None:
    lora = random_lora(pipe).unet()
    tensors = {key: t[:2] if "lora_A" in key else t[:, :2] for key, t in lora.tensors.items()}
    lora = LoraWeights(tensors=tensors, alphas=dict.fromkeys(lora.alphas, 27.0))
    path = write_lora(tmp_path / "person.safetensors", lora)
    pipe.load_lora_weights(str(tmp_path), weight_name=path.name, use_safetensors=True)
    merged: Any = copy.deepcopy(base)
    # In 64 bits: updates as large as these make the softmax so steep that 32-bit rounding shows.
    for each in (pipe.unet, pipe.text_encoder, merged.unet, merged.text_encoder):
        each.double()
    merge(
        merged, LoraWeights(tensors={key: tensor.double() for key, tensor in lora.tensors.items()}, alphas=lora.alphas)
    )
    assert (outputs(pipe)[0] - outputs(merged)[0]).abs().max() < 1e-8
    assert torch.equal(outputs(pipe)[1], outputs(merged)[1])


@pytest.mark.parametrize("with_metadata", [True, False])
def test_reads_what_diffusers_writes(
    pipe: Any, base: StableDiffusionPipeline, tmp_path: Path, with_metadata: bool
) -> None:
    torch.manual_seed(3)
    states: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for part, targets, alpha in (("unet", ["to_q", "to_v"], 27), ("text_encoder", ["q_proj", "v_proj"], 17)):
        model = getattr(pipe, part)
        config = LoraConfig(r=4, lora_alpha=alpha if with_metadata else 4, target_modules=targets)
        model.add_adapter(config, adapter_name="default")
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(parameter, std=0.2)
        states[f"{part}_lora_layers"] = get_peft_model_state_dict(model)
        metadata[f"{part}_lora_adapter_metadata"] = model.peft_config["default"].to_dict()
    pipe.save_lora_weights(str(tmp_path), **states, **(metadata if with_metadata else {}))
    lora = read_lora(tmp_path / "pytorch_lora_weights.safetensors", base_shapes=expected_shapes(base))
    assert lora.assumed is not with_metadata
    merged: Any = copy.deepcopy(base)
    merge(merged, lora)
    assert_same(pipe, merged, base)

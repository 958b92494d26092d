"""LoRA files as the public tools write them: each layout gives the same picture."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from diffusers.loaders.lora_conversion_utils import _convert_non_diffusers_lora_to_diffusers
from diffusers.utils import convert_state_dict_to_diffusers, convert_state_dict_to_kohya
from numpy.typing import NDArray
from peft import LoHaConfig, LoKrConfig, LoraConfig, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file
from torch import Tensor

from demo.attack.weight_encoder import EncoderSettings
from demo.errors import LoraFileError
from demo.finetune.dreambooth import applied
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights, expected_shapes, read_lora, write_lora
from demo.train.encoder import new_encoder

NAME = "pytorch_lora_weights.safetensors"
Write = Callable[[StableDiffusionPipeline, LoraWeights, Path], Path]


def truth(pipe: Any, seed: int = 0, rank: int = 2) -> LoraWeights:
    """A LoRA of every layer that files adapt, with ranks and alphas that differ from layer to layer."""
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    alphas: dict[str, float] = {}
    for number, (module, (out, into)) in enumerate(expected_shapes(pipe).items()):
        part, path = module.split(".", 1)
        pixel = (1, 1) if getattr(pipe, part).get_submodule(path).weight.ndim == 4 else ()
        r = rank + number % 3
        tensors[f"{module}.lora_A.weight"] = torch.randn(r, into, *pixel, generator=generator) * 0.3
        tensors[f"{module}.lora_B.weight"] = torch.randn(out, r, *pixel, generator=generator) * 0.3
        alphas[module] = (1.0, 3.0, 0.5, 8.0)[number % 4]
    return LoraWeights(tensors=tensors, alphas=alphas)


def picture(pipe: Any) -> NDArray[np.float32]:
    """What the whole pipeline draws, as numbers from 0 to 1: 8 bits would hide a wrong scale."""
    return pipe(
        "a photo of a person",
        height=16,
        width=16,
        num_inference_steps=3,
        guidance_scale=2.0,
        generator=torch.Generator().manual_seed(5),
        output_type="np",
    ).images


def folded(lora: LoraWeights) -> dict[str, Tensor]:
    """The scale in B, for layouts that have no alpha."""
    return {
        key: tensor * lora.scale(key.removesuffix(".lora_B.weight")) if "lora_B" in key else tensor
        for key, tensor in lora.tensors.items()
    }


def parts(lora: LoraWeights, part: str) -> tuple[dict[str, int], dict[str, float]]:
    own = [module for module in lora.modules() if module.startswith(part)]
    ranks = {module.removeprefix(part): lora.matrices(module)[0].shape[0] for module in own}
    return ranks, {module.removeprefix(part): lora.alphas[module] for module in own}


def config(lora: LoraWeights, part: str) -> LoraConfig:
    ranks, alphas = parts(lora, part)
    patterns = {"rank_pattern": ranks, "alpha_pattern": alphas}
    return LoraConfig(r=7, lora_alpha=11, target_modules=sorted(ranks), **patterns)


def fill(model: Any, lora: LoraWeights, part: str) -> None:
    """Put the truth's numbers into PEFT's layers."""
    left = {key for key in lora.tensors if key.startswith(part)}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".lora_" in name:
                key = part + name.removeprefix("base_model.model.").replace(".default.", ".")
                parameter.copy_(lora.tensors[key])
                left.remove(key)
    assert not left


def diffusers_new(pipe: Any, lora: LoraWeights, folder: Path) -> Path:
    states: dict[str, Any] = {}
    for part in ("unet", "text_encoder"):
        model = getattr(pipe, part)
        model.add_adapter(config(lora, f"{part}."), adapter_name="default")
        fill(model, lora, f"{part}.")
        states[f"{part}_lora_layers"] = get_peft_model_state_dict(model)
        states[f"{part}_lora_adapter_metadata"] = model.peft_config["default"].to_dict()
    pipe.save_lora_weights(str(folder), **states)
    return folder / NAME


def diffusers_old(pipe: Any, lora: LoraWeights, folder: Path) -> Path:
    """As the training scripts do: names converted first, then save_lora_weights, which writes them as they are."""
    states: dict[str, Any] = {}
    for part in ("unet", "text_encoder"):
        own = {key.removeprefix(f"{part}."): t for key, t in folded(lora).items() if key.startswith(f"{part}.")}
        states[f"{part}_lora_layers"] = convert_state_dict_to_diffusers(own)
    assert any(key.endswith("to_q.lora.down.weight") for key in states["unet_lora_layers"])
    assert any("lora_linear_layer" in key for key in states["text_encoder_lora_layers"])
    pipe.save_lora_weights(str(folder), **states)
    return folder / NAME


def diffusers_oldest(pipe: Any, lora: LoraWeights, folder: Path) -> Path:
    """What diffusers' own reader makes of kohya's file: names with processors."""
    plain = LoraWeights(tensors=folded(lora), alphas={m: float(lora.matrices(m)[0].shape[0]) for m in lora.modules()})
    state, _ = _convert_non_diffusers_lora_to_diffusers(kohya_tensors(plain))
    assert any("attn1.processor.to_q_lora.down" in key for key in state)
    save_file({key: tensor.contiguous() for key, tensor in state.items()}, folder / NAME)
    return folder / NAME


def peft(pipe: Any, lora: LoraWeights, folder: Path) -> Path:
    """One component a file; its settings lie beside it."""
    model = get_peft_model(pipe.unet, config(lora, "unet."))
    fill(model, lora, "unet.")
    model.save_pretrained(str(folder))
    return folder / "adapter_model.safetensors"


def kohya_tensors(lora: LoraWeights, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """The names of networks/lora.py, with CLIP as it was then: an alpha beside each pair."""
    tensors = {}
    for module in lora.modules():
        part, path = module.split(".", 1)
        start = "lora_unet_" if part == "unet" else "lora_te_text_model_"
        name = start + path.replace(".", "_")
        tensors[f"{name}.lora_down.weight"] = lora.tensors[f"{module}.lora_A.weight"].to(dtype)
        tensors[f"{name}.lora_up.weight"] = lora.tensors[f"{module}.lora_B.weight"].to(dtype)
        tensors[f"{name}.alpha"] = torch.tensor(lora.alphas[module], dtype=dtype)
    return tensors


def kohya(pipe: Any, lora: LoraWeights, folder: Path) -> Path:
    save_file(kohya_tensors(lora), folder / NAME, metadata={"ss_network_module": "networks.lora"})
    return folder / NAME


def kohya_by_diffusers(pipe: Any, lora: LoraWeights, folder: Path) -> Path:
    """diffusers' converter: lora_te1_ for the one text encoder, alphas as whole numbers, always the rank."""
    state = convert_state_dict_to_kohya(folded(lora))
    assert any(key.startswith("lora_te1_encoder_layers_0_") for key in state)
    assert {tensor.dtype for key, tensor in state.items() if key.endswith(".alpha")} == {torch.int64}
    save_file({key: tensor.contiguous() for key, tensor in state.items()}, folder / NAME)
    return folder / NAME


@pytest.mark.parametrize(
    "write", [diffusers_new, diffusers_old, diffusers_oldest, peft, kohya, kohya_by_diffusers], ids=lambda w: w.__name__
)
def test_every_layout_gives_the_same_picture(tiny_pipe: Any, tmp_path: Path, write: Write) -> None:
    lora = truth(tiny_pipe)
    file = write(copy.deepcopy(tiny_pipe), lora, tmp_path)
    lora = lora.unet() if write is peft else lora
    back = read_lora(file, base_shapes=expected_shapes(tiny_pipe))
    assert back.modules() == lora.modules()
    for module in lora.modules():
        assert back.matrices(module)[0].shape == lora.matrices(module)[0].shape  # the rank
        assert back.scale(module) == pytest.approx(lora.scale(module) if with_alphas(write) else 1.0)
        assert torch.allclose(back.delta(module), lora.delta(module), atol=1e-6)
    plain = picture(tiny_pipe)
    with applied(tiny_pipe, lora):
        wanted = picture(tiny_pipe)
    with applied(tiny_pipe, back):
        drawn = picture(tiny_pipe)
    assert np.abs(drawn - wanted).max() < 1e-5
    assert np.abs(wanted - plain).max() > 1e-2  # the LoRA does something
    # Canonical, written, read again: the same once more.
    again = read_lora(write_lora(tmp_path / "canonical.safetensors", back), base_shapes=expected_shapes(tiny_pipe))
    with applied(tiny_pipe, again):
        assert np.array_equal(picture(tiny_pipe), drawn)


def with_alphas(write: Write) -> bool:
    return write in {diffusers_new, peft, kohya}


@pytest.mark.parametrize("canonical", [False, True])
def test_diffusers_draws_the_same_from_kohyas_file(tiny_pipe: Any, tmp_path: Path, canonical: bool) -> None:
    lora = truth(tiny_pipe)
    if not canonical:  # of kohya's alphas diffusers 0.42 uses the commonest alone
        lora = LoraWeights(tensors=lora.tensors, alphas=dict.fromkeys(lora.alphas, 3.0))
    file = kohya(tiny_pipe, lora, tmp_path)
    lora = read_lora(file)
    if canonical:
        file = write_lora(tmp_path / "canonical.safetensors", lora)
    other = copy.deepcopy(tiny_pipe)
    other.load_lora_weights(str(tmp_path), weight_name=file.name, use_safetensors=True)
    with applied(tiny_pipe, lora):
        assert np.abs(picture(other) - picture(tiny_pipe)).max() < 1e-5


def test_half_precision_and_names_without_a_base(tiny_pipe: Any, tmp_path: Path) -> None:
    lora = truth(tiny_pipe)
    save_file(kohya_tensors(lora, torch.float16), tmp_path / NAME)
    back = read_lora(tmp_path / NAME)
    assert back.modules() == lora.modules()
    assert back.alphas == lora.alphas
    assert {tensor.dtype for tensor in back.tensors.values()} == {torch.float16}


def test_old_kohya_files_without_alphas(tiny_pipe: Any, tmp_path: Path) -> None:
    tensors = {key: tensor for key, tensor in kohya_tensors(truth(tiny_pipe)).items() if not key.endswith("alpha")}
    save_file(tensors, tmp_path / NAME)
    back = read_lora(tmp_path / NAME)
    assert back.assumed
    assert {back.scale(module) for module in back.modules()} == {1.0}


# What does not fit, or is no plain LoRA


def refused(file: Path, **options: Any) -> str:
    with pytest.raises(LoraFileError) as caught:
        read_lora(file, **options)
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize(
    ("width", "said"), [(1024, "is for Stable Diffusion 2.x"), (2048, "is for SDXL"), (33, "is for another base")]
)
def test_a_kohya_file_of_another_base_is_told_before_any_tensor_is_read(
    tiny_pipe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, said: str
) -> None:
    tensors = kohya_tensors(truth(tiny_pipe).unet())
    for key, tensor in tensors.items():
        if key.endswith(("attn2_to_k.lora_down.weight", "attn2_to_v.lora_down.weight")):
            tensors[key] = tensor.new_ones(len(tensor), width)
    save_file(tensors, tmp_path / NAME)
    monkeypatch.setattr("demo.lora.files.safe_open", lambda *_, **__: pytest.fail("tensors were read"))
    assert f"{said} (cross-attention width {width})" in refused(tmp_path / NAME, base_shapes=expected_shapes(tiny_pipe))


@pytest.mark.parametrize(
    ("layer", "shape", "said"),
    [
        ("down_blocks_0_resnets_0_conv1", (3, 3), "a kernel of 3 x 3 pixels: unet.down_blocks.0.resnets.0.conv1"),
        ("input_blocks_1_0_in_layers_2", (3, 3), "a kernel of 3 x 3 pixels: unet.down_blocks.0.resnets.0.conv1"),
        ("down_blocks_0_resnets_0_time_emb_proj", (), "not attention or feed-forward layers"),
        ("down_blocks_3_attentions_0_proj_in", (1, 1), "layers that the base model does not have"),
        ("down_blocks_0_attentions_0_proj_inn", (1, 1), "no known base model has"),
    ],
)
def test_surplus_layers_of_a_locon(
    tiny_pipe: Any, tmp_path: Path, layer: str, shape: tuple[int, ...], said: str
) -> None:
    tensors = kohya_tensors(truth(tiny_pipe).unet())
    tensors[f"lora_unet_{layer}.lora_down.weight"] = torch.ones(2, 16, *shape)
    tensors[f"lora_unet_{layer}.lora_up.weight"] = torch.ones(16, 2, *(1 for _ in shape))
    tensors[f"lora_unet_{layer}.alpha"] = torch.tensor(1.0)
    save_file(tensors, tmp_path / NAME)
    assert said in refused(tmp_path / NAME, base_shapes=expected_shapes(tiny_pipe))


def test_missing_layers_are_named_by_the_attack(tiny_pipe: Any, tiny_base: Any, tmp_path: Path) -> None:
    encoder = new_encoder(tiny_pipe, tiny_base, LoraSettings(steps=2, unet_rank=4), EncoderSettings())
    tensors = {key: tensor for key, tensor in kohya_tensors(truth(tiny_pipe)).items() if "attn1_to_q" not in key}
    save_file(tensors, tmp_path / NAME)
    released = read_lora(tmp_path / NAME, base_shapes=expected_shapes(tiny_pipe))
    with pytest.raises(LoraFileError, match=r"lacks \d+ of the \d+ layers .* first .*attn1\.to_q"):
        encoder.pairs([released])
    save_file(kohya_tensors(truth(tiny_pipe)), tmp_path / NAME)
    encoder.pairs([read_lora(tmp_path / NAME, base_shapes=expected_shapes(tiny_pipe))])  # surplus layers do no harm


@pytest.mark.parametrize(
    ("made", "said"),
    [(LoHaConfig(r=2, target_modules=["to_q"]), "a LoHa"), (LoKrConfig(r=2, target_modules=["to_q"]), "a LoKr")],
)
def test_what_peft_writes_of_other_kinds(tiny_pipe: Any, tmp_path: Path, made: Any, said: str) -> None:
    get_peft_model(tiny_pipe.unet, made).save_pretrained(str(tmp_path))
    assert said in refused(tmp_path / "adapter_model.safetensors")


@pytest.mark.parametrize("kind", ["hada_w1_a", "lokr_w1", "dora_scale", "lora_mid.weight", "diff", "on_input"])
def test_what_lycoris_writes_of_other_kinds(tiny_pipe: Any, tmp_path: Path, kind: str) -> None:
    said = {"hada": "LoHa", "lokr": "LoKr", "dora": "DoRA", "lora": "Tucker", "diff": "differences", "on_i": "(IA)3"}
    tensors = kohya_tensors(truth(tiny_pipe).unet())
    tensors[f"lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q.{kind}"] = torch.ones(2, 2)
    save_file(tensors, tmp_path / NAME)
    assert said[kind[:4]] in refused(tmp_path / NAME)


def test_a_dora_as_diffusers_writes_it(tiny_pipe: Any, tmp_path: Path) -> None:
    tiny_pipe.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q"], use_dora=True))
    tiny_pipe.save_lora_weights(str(tmp_path), unet_lora_layers=get_peft_model_state_dict(tiny_pipe.unet))
    assert "a DoRA" in refused(tmp_path / NAME)


# Memory


def alive() -> tuple[int, int]:
    """How many tensors there are that were not frozen, and the bytes of their storages."""
    gc.collect()
    tensors = [found for found in gc.get_objects() if type(found) in {Tensor, torch.nn.Parameter}]
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    return len(tensors), sum(storages.values())


def test_twenty_files_leave_nothing_behind(tiny_pipe: Any, tmp_path: Path) -> None:
    before = {
        name: p.detach().clone() for m in (tiny_pipe.unet, tiny_pipe.text_encoder) for name, p in m.named_parameters()
    }
    shapes = expected_shapes(tiny_pipe)
    seen = []
    gc.collect()
    gc.freeze()  # what is there already is neither looked at nor counted
    for number in range(20):
        made = truth(tiny_pipe, seed=number, rank=1 + number)
        file = tmp_path / f"{number}.safetensors"
        save_file(kohya_tensors(made), file) if number % 2 else write_lora(file, made)
        del made
        idle = alive()
        lora = read_lora(file, base_shapes=shapes)
        with applied(tiny_pipe, lora), torch.no_grad():
            assert alive()[1] > idle[1]  # the counter sees a file and the kept weights
            tiny_pipe.unet(torch.zeros(1, 4, 4, 4), torch.tensor([1]), encoder_hidden_states=torch.zeros(1, 5, 32))
        del lora
        seen.append(alive())
    gc.unfreeze()
    assert set(seen) == {(0, 0)}
    for module in (tiny_pipe.unet, tiny_pipe.text_encoder):
        assert all(torch.equal(before[name], p) for name, p in module.named_parameters())

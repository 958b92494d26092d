"""PEFT's settings: what leaves a LoRA a plain one is read, everything else is named and refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig
from safetensors.torch import save_file
from torch import nn

from demo.errors import LoraFileError
from demo.lora.files import read_lora
from demo.lora.peft_settings import HARMLESS, OTHERWISE, OTHERWISE_IF_GIVEN, READ, check_settings

NAME = "person.safetensors"
MODULE = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
PLAIN_CONFIG = json.loads(json.dumps(LoraConfig(r=4, lora_alpha=8, target_modules=["to_q"]).to_dict(), default=list))


def refused(settings: dict[str, Any]) -> str:
    with pytest.raises(LoraFileError) as caught:
        check_settings(NAME, PLAIN_CONFIG | settings)
    assert NAME in caught.value.problem
    return str(caught.value)


def stored(folder: Path, settings: dict[str, Any]) -> Path:
    tensors = {f"{MODULE}.lora_A.weight": torch.ones(4, 8), f"{MODULE}.lora_B.weight": torch.ones(8, 4)}
    config = {f"unet.{key}": value for key, value in (PLAIN_CONFIG | settings).items()}
    save_file(tensors, folder / NAME, metadata={"lora_adapter_metadata": json.dumps(config)})
    return folder / NAME


def test_every_setting_of_the_installed_peft_is_decided_on() -> None:
    """A field of a newer PEFT fails here: read its code, and put it where it belongs."""
    decided = HARMLESS | READ | OTHERWISE.keys() | OTHERWISE_IF_GIVEN.keys() | {"bias"}
    assert {field.name for field in dataclasses.fields(LoraConfig)} == decided


def test_peft_s_own_defaults_are_read(tmp_path: Path) -> None:
    check_settings(NAME, PLAIN_CONFIG)
    assert read_lora(stored(tmp_path, {})).scale(MODULE) == 2


@pytest.mark.parametrize(
    "way", [True, False, None, "gaussian", "Gaussian", "GAUSSIAN", "eva", "orthogonal", "mica", "MiCA", ""]
)
def test_beginnings_that_leave_the_base(tmp_path: Path, way: Any) -> None:
    assert read_lora(stored(tmp_path, {"init_lora_weights": way})).scale(MODULE) == 2


@pytest.mark.parametrize("way", ["gaussian", "orthogonal", "mica", True])
def test_peft_itself_leaves_the_base_with_them(way: Any) -> None:
    from peft import get_peft_model

    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(8, 8))
    before, x = plain[0].weight.detach().clone(), torch.randn(3, 8)
    wanted = plain(x)
    model = get_peft_model(plain, LoraConfig(r=4, target_modules=["0"], init_lora_weights=way))
    assert torch.equal(model.base_model.model[0].base_layer.weight, before)
    assert torch.allclose(model(x), wanted, atol=1e-5)


@pytest.mark.parametrize(
    "way",
    ["pissa", "pissa_niter_4", "pissa_niter_16", "PiSSA", "corda", "corda_kpm", "olora", "OLoRA", "loftq", "lora_ga"],
)
def test_beginnings_that_change_the_base(tmp_path: Path, way: str) -> None:
    said = refused({"init_lora_weights": way})
    assert f"was begun with {way}: it belongs to a base whose weights were changed" in said
    with pytest.raises(LoraFileError, match="changed"):
        read_lora(stored(tmp_path, {"init_lora_weights": way}))


@pytest.mark.parametrize("way", ["EVA", "Orthogonal", "gaussian ", "new_2027", 1, 0.5, [True], {"a": 1}])
def test_beginnings_that_peft_does_not_know(way: Any) -> None:
    assert "not known here whether it leaves the base" in refused({"init_lora_weights": way})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"use_dora": True}, "a DoRA"),
        ({"use_dora": "false"}, "a DoRA"),  # a text that is not empty counts for PEFT
        ({"use_qalora": True}, "a QA-LoRA"),
        ({"lora_bias": True}, "with biases"),
        ({"bias": "all"}, "the base's biases"),
        ({"bias": "lora_only"}, "the base's biases"),
        ({"modules_to_save": ["conv_out"]}, "modules_to_save"),
        ({"trainable_token_indices": [3]}, "embeddings of tokens"),
        ({"target_parameters": ["weight"]}, "bare parameters"),
        ({"ensure_weight_tying": True}, "tied layers"),
        ({"layer_replication": [[0, 4], [2, 5]]}, "layer_replication"),
        ({"alora_invocation_tokens": [1, 2]}, "an aLoRA"),
        ({"alora_invocation_tokens": []}, "an aLoRA"),
        ({"velora_config": {}}, "a VeLoRA"),
        ({"monteclora_config": {}}, "a MonteCLoRA"),
        ({"use_bdlora": {"nblocks": 4}}, "a BD-LoRA"),
        ({"arrow_config": {"top_k": 2}}, "Arrow"),
        ({"kasa_config": {"beta": 1e-4}}, "a KaSA"),
        ({"megatron_config": {"a": 1}}, "Megatron"),
        ({"peft_type": "LOHA"}, "PEFT's type LOHA"),
        ({"peft_type": "ADALORA"}, "PEFT's type ADALORA"),
        ({"use_new_thing": True}, "set use_new_thing, of which it is not known"),
        ({"new_config": {"a": 1}, "other": "x"}, "set new_config, other, of which"),
        ({"\x1b[31mnew": 1}, "set \N{REPLACEMENT CHARACTER}[31mnew"),
    ],
)
def test_what_is_more_than_a_plain_lora_is_named(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    assert said in refused(settings)
    with pytest.raises(LoraFileError):
        read_lora(stored(tmp_path, settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"peft_type": "lora"},
        {"peft_type": None, "task_type": "FEATURE_EXTRACTION"},
        {"lora_dropout": 0.3, "inference_mode": True, "revision": "main", "base_model_name_or_path": "x/y"},
        {"eva_config": {"rho": 2.0}, "init_lora_weights": "eva"},
        {"corda_config": {"verbose": True}},  # PEFT ignores it beside another way to begin
        {"use_new_thing": False, "new_config": None, "new_list": [], "new_text": "", "new_table": {}},
    ],
)
def test_what_leaves_it_a_plain_lora_is_read(tmp_path: Path, settings: dict[str, Any]) -> None:
    assert read_lora(stored(tmp_path, settings)).scale(MODULE) == 2


def test_settings_of_a_part_that_the_file_does_not_have_do_not_count(tmp_path: Path) -> None:
    path = stored(tmp_path, {})
    tensors = {f"{MODULE}.lora_A.weight": torch.ones(4, 8), f"{MODULE}.lora_B.weight": torch.ones(8, 4)}
    config = {"unet.r": 4, "unet.lora_alpha": 8, "text_encoder.use_dora": True}
    save_file(tensors, path, metadata={"lora_adapter_metadata": json.dumps(config)})
    assert read_lora(path).scale(MODULE) == 2

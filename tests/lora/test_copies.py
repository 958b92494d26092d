"""Clean copies: the same bytes of every tensor, and nothing of the header but what they need."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import deserialize, safe_open
from safetensors.torch import load_file, save_file

from demo.errors import LoraFileError, OutputError
from demo.lora.copies import clean_copy
from demo.lora.files import read_lora
from demo.lora.metadata.leak import scan
from tests.lora.metadata.test_leak import KOHYA, LAYER, write

NAME = "person.safetensors"
MODULE = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
Tensors = dict[str, torch.Tensor]


def pair(module: str, a: str = "lora_A.weight", b: str = "lora_B.weight") -> Tensors:
    generator = torch.Generator().manual_seed(0)
    return {
        f"{module}.{a}": torch.randn(4, 8, generator=generator),
        f"{module}.{b}": torch.randn(8, 4, generator=generator),
    }


def copied(tmp_path: Path, tensors: Tensors, metadata: dict[str, str] | None = None) -> tuple[Path, Path]:
    """A file and its clean copy, which holds none of the file's words."""
    source = tmp_path / NAME
    save_file(tensors, source, metadata={"ss_output_name": "zorblax", "path": "/home/mia/x", **(metadata or {})})
    copy = clean_copy(source, tmp_path / "out" / "clean.safetensors").path
    assert not {b"zorblax", b"mia"} & {word for word in (b"zorblax", b"mia") if word in copy.read_bytes()}
    return source, copy


def content(path: Path) -> dict[str, tuple[str, list[int], bytes]]:
    return {
        name: (found["dtype"], found["shape"], bytes(found["data"])) for name, found in deserialize(path.read_bytes())
    }


def metadata_of(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        return file.metadata()


def test_a_clean_copy_says_nothing_and_weighs_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / NAME, KOHYA)
    assert scan(path)
    copy = clean_copy(path, tmp_path / "out" / "clean.safetensors").path
    assert scan(copy) == ()
    data = copy.read_bytes()
    for word in (b"zorblax", b"Mia", b"mia", b"1690", b"ss_", b"modelspec", b"smiling"):
        assert word not in data
    assert set(metadata_of(copy)) == {"format"}  # alphas stay the tensors that they were
    before, after = read_lora(path), read_lora(copy)
    assert after.alphas == before.alphas
    assert before.tensors.keys() == after.tensors.keys()
    assert all(torch.equal(before.tensors[key], tensor) for key, tensor in after.tensors.items())


def test_a_clean_copy_of_kohya_s_layout_stays_one(tmp_path: Path) -> None:
    """Other programs look for alphas as tensors: without them they would draw with another strength."""
    tensors = pair(LAYER, "lora_down.weight", "lora_up.weight") | {f"{LAYER}.alpha": torch.tensor(1.0)}
    source, copy = copied(tmp_path, tensors, KOHYA)
    assert scan(copy) == ()
    assert content(copy) == content(source)
    assert load_file(copy).keys() == tensors.keys()
    assert read_lora(copy).alphas == read_lora(source).alphas


KINDS: dict[str, Tensors] = {
    "LoCon": pair("lora_unet_conv_in", "lora_down.weight", "lora_mid.weight"),
    "DoRA": pair(LAYER, "lora_down.weight", "lora_up.weight") | {f"{LAYER}.dora_scale": torch.ones(8)},
    "SDXL": pair("lora_te2_text_model_encoder_layers_0_mlp_fc1", "lora_down.weight", "lora_up.weight"),
    "Flux": pair("transformer.single_transformer_blocks.0.attn.to_q"),
    "LoHa": {f"{LAYER}.hada_w1_a": torch.ones(2, 2), f"{LAYER}.hada_w1_b": torch.ones(2, 2)},
    "cloneofsimo": {"unet:0:up": torch.ones(2, 2), "unet:0:down": torch.ones(2, 2)},
    "8 bits": {key: tensor.to(torch.float8_e4m3fn) for key, tensor in pair(MODULE).items()},
    "whole numbers": {f"{MODULE}.lora_A.weight": torch.ones(2, 2, dtype=torch.int8)},
    "nothing that is known": {"layer.weight": torch.ones(2, 2), "layer.scale": torch.tensor(True)},
    "an empty tensor": {"layer.weight": torch.ones(0, 2), "layer.bias": torch.ones(3)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_cannot_be_attacked_can_be_cleaned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("demo.lora.files.safe_open", lambda *_, **__: pytest.fail("tensors were read"))
    source, copy = copied(tmp_path, KINDS[kind])
    assert content(copy) == content(source)
    assert metadata_of(copy) == {"format": "pt"}
    # Where the library wrote the tensors at a multiple of 8 bytes, the copy has them there, too.
    assert (8 + int.from_bytes(copy.read_bytes()[:8], "little")) % 8 == 0


def test_a_type_that_torch_does_not_have_is_copied(tmp_path: Path) -> None:
    entry = {"dtype": "F4", "shape": [8], "data_offsets": [0, 4]}
    text = json.dumps({"__metadata__": {"a": "zorblax"}, "x.weight": entry}).encode()
    (tmp_path / NAME).write_bytes(len(text).to_bytes(8, "little") + text + b"1234")
    copy = clean_copy(tmp_path / NAME, tmp_path / "clean.safetensors").path
    assert content(copy) == {"x.weight": ("F4", [8], b"1234")}


SETTINGS = {
    "unet.r": 4,
    "unet.lora_alpha": 16,
    "unet.target_modules": ["to_q", "mia.secret"],
    "unet.alpha_pattern": {"to_q": 12, "mia": 3},
    "unet.use_rslora": True,
    "unet.base_model_name_or_path": "/home/mia/model",
    "unet.lora_dropout": 0.1,
    "mia.r": 3,
}


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        (
            {"lora_adapter_metadata": json.dumps(SETTINGS)},
            {
                "unet.r": 4,
                "unet.lora_alpha": 16,
                "unet.target_modules": ["to_q"],
                "unet.alpha_pattern": {"to_q": 12},
                "unet.use_rslora": True,
            },
        ),
        ({"ss_network_alpha": "16.0", "ss_network_dim": "4", "ss_tag_frequency": "{}"}, None),
        ({"alpha": "16"}, None),
        ({"training": json.dumps({"lora_alpha": 16, "who": "mia", "rank": 4})}, None),
    ],
)
def test_a_scale_that_the_header_alone_gives_is_kept(
    tmp_path: Path, metadata: dict[str, str], kept: dict[str, Any] | None
) -> None:
    source, copy = copied(tmp_path, pair(MODULE), metadata)
    before, after = read_lora(source), read_lora(copy)
    assert not before.assumed
    assert after.scale(MODULE) == before.scale(MODULE) != 1
    if kept is not None:
        assert json.loads(metadata_of(copy)["lora_adapter_metadata"]) == kept
    else:
        assert len(metadata_of(copy)) <= 3
    assert content(copy) == content(source)


def test_a_base_that_was_changed_is_still_said_to_be(tmp_path: Path) -> None:
    settings = {"unet.r": 4, "unet.lora_alpha": 4, "unet.init_lora_weights": "pissa_niter_4"}
    _, copy = copied(tmp_path, pair(MODULE), {"lora_adapter_metadata": json.dumps(settings)})
    with pytest.raises(LoraFileError, match="pissa_niter_4"):
        read_lora(copy)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"use_dora": True}, "a DoRA"),
        ({"kasa_config": {"who": "mia"}}, "a KaSA"),
        ({"alora_invocation_tokens": [77]}, "an aLoRA"),
        ({"layer_replication": [[0, 4]]}, "repeated"),
        ({"modules_to_save": ["mia"]}, "modules_to_save"),
        ({"init_lora_weights": "corda_of_mia"}, "begun with corda"),
    ],
)
def test_a_copy_is_not_taken_for_a_plain_lora_if_the_file_is_none(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    settings = {"unet.r": 4, "unet.lora_alpha": 4} | {f"unet.{key}": value for key, value in changes.items()}
    _, copy = copied(tmp_path, pair(MODULE), {"lora_adapter_metadata": json.dumps(settings)})
    assert b"77" not in metadata_of(copy)["lora_adapter_metadata"].encode()
    with pytest.raises(LoraFileError, match=said):
        read_lora(copy)


def test_a_scale_is_kept_where_only_some_layers_have_alphas(tmp_path: Path) -> None:
    other = MODULE.replace("attn1", "attn2")
    tensors = pair(MODULE) | pair(other) | {f"{MODULE}.alpha": torch.tensor(8.0)}
    source, copy = copied(tmp_path, tensors, {"ss_network_alpha": "2", "ss_network_dim": "4"})
    assert read_lora(copy).alphas == read_lora(source).alphas == {MODULE: 8, other: 2}


def test_settings_beside_the_file_go_into_the_copy(tmp_path: Path) -> None:
    save_file(pair("base_model.model." + MODULE.removeprefix("unet.")), tmp_path / "adapter_model.safetensors")
    config = {"r": 4, "lora_alpha": 12, "base_model_name_or_path": "/home/mia"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    copy = clean_copy(tmp_path / "adapter_model.safetensors", tmp_path / "out" / "clean.safetensors").path
    assert read_lora(copy).scale(MODULE) == 3
    assert json.loads(metadata_of(copy)["lora_adapter_metadata"]) == {"r": 4, "lora_alpha": 12}


def test_cloneofsimo_s_ranks_are_kept(tmp_path: Path) -> None:
    metadata = {"unet": '["CrossAttention", "GEGLU"]', "unet:0:rank": "2", "unet:1:rank": "zorblax"}
    _, copy = copied(tmp_path, KINDS["cloneofsimo"], metadata)
    assert metadata_of(copy) == {"format": "pt", "unet": '["CrossAttention", "GEGLU"]', "unet:0:rank": "2"}


@pytest.mark.parametrize("word", ["bundle_emb.mia.string_to_param.*", "<mia>", "mia"])
def test_an_embedding_is_left_out_with_its_word(tmp_path: Path, word: str) -> None:
    save_file(pair(MODULE) | {word: torch.ones(1, 768)}, tmp_path / NAME)
    copy = clean_copy(tmp_path / NAME, tmp_path / "clean.safetensors")
    assert copy.left_out == (word,)
    assert b"mia" not in copy.path.read_bytes()
    kept = content(copy.path)
    assert kept == {key: value for key, value in content(tmp_path / NAME).items() if key != word}
    read_lora(copy.path)
    save_file({word: torch.ones(1, 768)}, tmp_path / NAME)
    with pytest.raises(LoraFileError, match="nothing but embeddings"):
        clean_copy(tmp_path / NAME, tmp_path / "other.safetensors")
    assert not (tmp_path / "other.safetensors").exists()


@pytest.mark.parametrize(
    ("adapters", "names"),
    [
        (["mia"], [""]),
        (["mia.v2"], [""]),
        (["default"], ["default."]),
        (["default_0"], ["default_0."]),
        (["mia", "tom"], ["default_0.", "default_1."]),
    ],
)
def test_a_name_that_somebody_gave_an_adapter_is_taken_out(
    tmp_path: Path, adapters: list[str], names: list[str]
) -> None:
    tensors = {
        key: tensor
        for adapter in adapters
        for key, tensor in pair(MODULE, f"lora_A.{adapter}.weight", f"lora_B.{adapter}.weight").items()
    }
    save_file(tensors, tmp_path / NAME)
    copy = clean_copy(tmp_path / NAME, tmp_path / "clean.safetensors").path
    assert content(copy).keys() == {f"{MODULE}.lora_{kind}.{name}weight" for kind in "AB" for name in names}
    assert sorted(content(copy).values()) == sorted(content(tmp_path / NAME).values())


def test_a_clean_copy_never_replaces_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / NAME, KOHYA)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="replace"):
        clean_copy(path, tmp_path / "." / NAME)
    assert path.read_bytes() == before


def test_a_file_that_shrinks_meanwhile_leaves_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / NAME, KOHYA)
    whole = path.read_bytes()

    def shorter(source: Path) -> Any:
        source.write_bytes(whole[:-1])
        return source.open("rb")

    monkeypatch.setattr("demo.lora.copies._opened", shorter)
    with pytest.raises(LoraFileError, match="became shorter"):
        clean_copy(path, tmp_path / "out" / "clean.safetensors")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_large_file_needs_no_memory_of_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.lora.copies.CHUNK", 1000)
    tensors = {"x.weight": torch.from_numpy(np.arange(12_345, dtype=np.int16)), "y.weight": torch.ones(7)}
    source, copy = copied(tmp_path, tensors)
    assert content(copy) == content(source)

"""A clean copy means what the file means: the same updates, or it is refused as the file is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from demo.errors import LoraFileError
from demo.lora.adapter_names import given_names
from demo.lora.copies import clean_copy
from demo.lora.files import LoraWeights, read_lora
from tests.lora.test_copies import MODULE, Tensors, metadata_of, pair

TEXT = "text_encoder.encoder.layers.0.self_attn.q_proj"
OTHER = MODULE.replace("attn1.to_q", "attn2.to_k")
BOTH = pair(MODULE) | pair(OTHER) | pair(TEXT)
ALPHAS = {f"{module}.alpha": torch.tensor(2.0) for module in (MODULE, OTHER, TEXT)}


def unet(**settings: Any) -> dict[str, str]:
    """Settings of both components in the header, as diffusers writes them."""
    table = {"unet.r": 4, "unet.lora_alpha": 8, "text_encoder.r": 4, "text_encoder.lora_alpha": 2}
    return {"lora_adapter_metadata": json.dumps(table | {f"unet.{key}": value for key, value in settings.items()})}


def peft(**settings: Any) -> str:
    return json.dumps({"peft_type": "LORA", "r": 4, "lora_alpha": 8} | settings)


VARIANTS: dict[str, tuple[Tensors, dict[str, str]]] = {
    "no alpha": (BOTH, {}),
    "alpha tensors": (BOTH | ALPHAS, {"ss_network_alpha": "3"}),
    "some alpha tensors": (BOTH | {f"{MODULE}.alpha": torch.tensor(2.0)}, {"ss_network_alpha": "3"}),
    "an expression": (BOTH, unet(alpha_pattern={r".*attn2\.to_[qk]": 64})),
    "an expression for ranks": (BOTH, unet(rank_pattern={r".*attn2\.to_[qk]": 4})),
    "overlapping patterns, the shorter first": (BOTH, unet(alpha_pattern={"to_q": 64, "attn1.to_q": 16})),
    "overlapping patterns, the longer first": (BOTH, unet(alpha_pattern={"attn1.to_q": 16, "to_q": 64})),
    "a pattern without effect": (BOTH, unet(alpha_pattern={"mia": 64})),
    "a pattern without effect or number": (BOTH, unet(alpha_pattern={"mia": "much"})),
    "patterns in another form": (BOTH, unet(alpha_pattern=["to_q"])),
    "layers as an expression": (BOTH, unet(target_modules=r".*(to_q|to_k)")),
    "all linear layers": (BOTH, unet(target_modules="all-linear")),
    "tensors and a DoRA": (BOTH | ALPHAS, unet(use_dora=True)),
    "tensors and plain settings": (BOTH | ALPHAS, unet()),
    "settings without numbers": (BOTH, {"lora_adapter_metadata": json.dumps({"unet.target_modules": ["to_q"]})}),
    "another type": (BOTH, unet(peft_type="LOHA")),
    "a type that nobody knows": (BOTH, unet(peft_type="MIA")),
    "biases": (BOTH, unet(bias="all")),
    "biases that nobody knows": (BOTH, unet(bias="mia")),
    "a beginning that nobody knows": (BOTH, unet(init_lora_weights="mia")),
    "a beginning that is a number": (BOTH, unet(init_lora_weights=1)),
    "a setting that nobody knows": (BOTH, unet(use_mia=True)),
    "a setting that nobody knows, not set": (BOTH, unet(use_mia=False)),
    "settings that are no JSON": (BOTH, {"lora_adapter_metadata": "{"}),
    "settings that are a list": (BOTH, {"lora_adapter_metadata": "[]"}),
    "an alpha that is text": (BOTH, unet(lora_alpha="8")),
    "a rank that is none": (BOTH, unet(r=None)),
    "a rank that is wrong": (BOTH, unet(r=8)),
    "one component alone, and the header": (
        BOTH,
        {"lora_adapter_metadata": json.dumps({"unet.r": 4, "unet.lora_alpha": 8}), "ss_network_alpha": "3"},
    ),
    "a component with nothing but harmless settings": (
        BOTH,
        {"lora_adapter_metadata": json.dumps({"unet.revision": "mia", "r": 4, "lora_alpha": 8})},
    ),
    "rank-stabilised": (BOTH, unet(use_rslora=True)),
    "rank-stabilised by a text": (BOTH, unet(use_rslora="false")),
    "patterns alone": (
        pair(MODULE) | pair(OTHER),
        {"lora_adapter_metadata": json.dumps({"unet.alpha_pattern": {"to_q": 8, "to_k": 16}})},
    ),
    "PEFT's table under another key": (BOTH, {"adapter_config": peft(use_rslora=True)}),
    "PEFT's table under another key, a DoRA": (BOTH, {"peft_config": peft(use_dora=True)}),
    "PEFT's table of one adapter": (BOTH, {"peft_config": json.dumps({"mia": json.loads(peft())})}),
    "PEFT's file under its own name": (
        BOTH,
        {"adapter_config.json": json.dumps({"r": 4, "lora_alpha": 8, "use_dora": True})},
    ),
    "another spelling": (BOTH, {"networkAlpha": "2", "networkDim": "4"}),
    "a capital": (BOTH, {"Alpha": "2"}),
    "ai-toolkit's": (
        BOTH,
        {"config": json.dumps({"config": {"process": [{"network": {"linear": 4, "linear_alpha": 2}}]}})},
    ),
    "the header of another rank": (BOTH, {"ss_network_alpha": "2", "ss_network_dim": "8"}),
    "kohya's 0": (BOTH, {"ss_network_alpha": "0"}),
}


def read(path: Path) -> LoraWeights | None:
    try:
        return read_lora(path)
    except LoraFileError:
        return None


def check_same(source: Path, target: Path) -> None:
    copy = clean_copy(source, target).path
    before, after = read(source), read(copy)
    assert (before is None) == (after is None)
    assert b"mia" not in copy.read_bytes().lower()
    if before is not None and after is not None:
        assert before.modules() == after.modules()
        assert before.assumption == after.assumption
        assert all(torch.equal(before.delta(module), after.delta(module)) for module in before.modules())


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_copy_is_read_or_refused_as_its_file_is(tmp_path: Path, variant: str) -> None:
    tensors, metadata = VARIANTS[variant]
    save_file(tensors, tmp_path / "a.safetensors", metadata=metadata)
    check_same(tmp_path / "a.safetensors", tmp_path / "out" / "b.safetensors")


@pytest.mark.parametrize(
    "config", [peft(), peft(bias="all"), peft(lora_alpha=12, use_rslora=1), "{", "[]", "{}", "\xff"]
)
@pytest.mark.parametrize("prefix", ["unet.", "base_model.model.", ""])
@pytest.mark.parametrize("name", ["adapter_model.safetensors", "other.safetensors"])
def test_settings_beside_the_file_count_as_they_do_for_the_file(
    tmp_path: Path, config: str, prefix: str, name: str
) -> None:
    save_file(pair(prefix + MODULE.removeprefix("unet.")), tmp_path / name)
    (tmp_path / "adapter_config.json").write_bytes(config.encode("latin-1"))
    check_same(tmp_path / name, tmp_path / "out" / "b.safetensors")


def test_an_expression_with_other_words_is_refused(tmp_path: Path) -> None:
    save_file(BOTH, tmp_path / "a.safetensors", metadata=unet(alpha_pattern={r".*mia.*|.*to_q": 64}))
    with pytest.raises(LoraFileError, match=r"No clean copy of a\.safetensors can be made: alpha_pattern"):
        clean_copy(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    assert not (tmp_path / "b.safetensors").exists()


@pytest.mark.parametrize("targets", [r".*(to_q|to_k)", "all-linear", ["mia"]])
def test_layers_are_named_one_by_one_where_an_expression_chose_them(tmp_path: Path, targets: Any) -> None:
    """diffusers takes no expression without the model's type beside it."""
    save_file(BOTH, tmp_path / "a.safetensors", metadata=unet(target_modules=targets))
    copy = clean_copy(tmp_path / "a.safetensors", tmp_path / "b.safetensors").path
    settings = json.loads(metadata_of(copy)["lora_adapter_metadata"])
    assert settings["unet.target_modules"] == sorted(m.removeprefix("unet.") for m in (MODULE, OTHER))


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("scaled_fp8", (0,), torch.float8_e4m3fn),
        ("scaled_fp8", (768,), torch.float16),
        ("logit_scale", (), torch.float32),
        ("norm_out", (1280,), torch.float32),
        ("text_projection", (768, 768), torch.float32),
        ("steps", (768,), torch.int64),
        ("positions", (2, 3), torch.float32),
    ],
)
def test_names_without_a_dot_that_call_nobody_stay(
    tmp_path: Path, name: str, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    save_file(pair(MODULE) | {name: torch.zeros(shape).to(dtype)}, tmp_path / "a.safetensors")
    copy = clean_copy(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    assert copy.left_out == ()
    assert name.encode() in copy.path.read_bytes()


@pytest.mark.parametrize("shape", [(768,), (1, 768), (8, 1024), (75, 1280)])
def test_an_embedding_under_a_bare_word_is_known_by_its_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    save_file(pair(MODULE) | {"mia": torch.zeros(shape)}, tmp_path / "a.safetensors")
    assert clean_copy(tmp_path / "a.safetensors", tmp_path / "b.safetensors").left_out == ("mia",)


HOLDERS = ["hada_w1_a.mia", "hada_t2.mia", "lokr_w1.mia", "lokr_w2_b.mia", "oft_r.mia.weight", "oft_R.mia.weight"]
HOLDERS += ["boft_R.mia", "vera_lambda_b.mia", "vera_A.mia", "lora_E.mia", "ranknum.mia", "modules_to_save.mia.weight"]
HOLDERS += ["modules_to_save.mia.0.bias", "lora_embedding_A.mia", "lora_magnitude_vector.mia.weight", "ia3_l.mia"]


@pytest.mark.parametrize("holder", HOLDERS)
def test_names_of_adapters_of_other_types(tmp_path: Path, holder: str) -> None:
    key = f"base_model.model.mid_block.to_q.{holder}"
    assert given_names([key]) == ["mia"]
    assert given_names([key.replace("mia", "default"), key.replace(".mia", "")]) == []
    save_file({key: torch.ones(2)}, tmp_path / "a.safetensors")
    copy = clean_copy(tmp_path / "a.safetensors", tmp_path / "b.safetensors").path
    assert b"mia" not in copy.read_bytes()
    assert holder.replace(".mia", "").encode() in copy.read_bytes()


def test_a_layer_inside_a_saved_module_is_no_adapter() -> None:
    assert given_names(["base_model.model.head.modules_to_save.mia.linear.weight"]) == ["mia"]
    assert given_names(["base_model.model.head.lora_A.mia v1.5.weight"]) == ["mia v1.5"]

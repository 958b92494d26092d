from __future__ import annotations

import io
import json
import math
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save, save_file
from torch import Tensor

from demo.errors import LoraFileError, OutputError
from demo.lora import files
from demo.lora.files import LoraWeights, read_lora, write_lora

UNET = "unet.down_blocks.0.attentions.0.transformer_blocks.0"
TEXT = "text_encoder.encoder.layers.0.self_attn"
NAME = "person.safetensors"


def weights(dtype: torch.dtype = torch.float32) -> LoraWeights:
    """Three layers with different ranks and alphas."""
    generator = torch.Generator().manual_seed(0)
    tensors: dict[str, Tensor] = {}
    for module, rank, out, into in (
        (f"{UNET}.attn1.to_q", 4, 32, 32),
        (f"{UNET}.attn2.to_k", 4, 32, 48),
        (f"{TEXT}.q_proj", 2, 48, 48),
    ):
        tensors[f"{module}.lora_A.weight"] = torch.randn(rank, into, generator=generator).to(dtype)
        tensors[f"{module}.lora_B.weight"] = torch.randn(out, rank, generator=generator).to(dtype)
    alphas = {f"{UNET}.attn1.to_q": 27.0, f"{UNET}.attn2.to_k": 0.1 + 0.2, f"{TEXT}.q_proj": 17.0}
    return LoraWeights(tensors=tensors, alphas=alphas, metadata={})


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(LoraFileError) as caught:
        read_lora(path, **options)
    assert path.name in caught.value.problem
    assert caught.value.remedy
    assert str(path.parent) not in str(caught.value)
    return str(caught.value)


def stored(folder: Path, tensors: dict[str, Tensor], config: Any = None, name: str = NAME) -> Path:
    metadata = {"format": "pt"} | ({} if config is None else {"lora_adapter_metadata": json.dumps(config)})
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, folder / name, metadata=metadata)
    return folder / name


def raw(folder: Path, table: Any, data: bytes = b"") -> Path:
    text = table if isinstance(table, bytes) else json.dumps(table).encode()
    path = folder / NAME
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def renamed(pattern: dict[str, str], only: str = "") -> dict[str, Tensor]:
    tensors = {key: tensor for key, tensor in weights().tensors.items() if key.startswith(only)}
    for old, new in pattern.items():
        tensors = {key.replace(old, new): tensor for key, tensor in tensors.items()}
    return tensors


# Round trip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_round_trip_bit_for_bit(tmp_path: Path, dtype: torch.dtype) -> None:
    lora = weights(dtype)
    back = read_lora(write_lora(tmp_path / NAME, lora))
    assert back.tensors.keys() == lora.tensors.keys()
    for key, tensor in lora.tensors.items():
        assert back.tensors[key].dtype == dtype
        assert torch.equal(back.tensors[key], tensor)
    assert back.alphas == lora.alphas
    assert not back.assumed


@pytest.mark.parametrize("alpha", [0.0, -1.5, 1e-7, 1 / 3, 8, 1e8 + 0.5])
def test_any_sensible_alpha_survives(tmp_path: Path, alpha: float) -> None:
    lora = weights()
    lora = LoraWeights(tensors=lora.tensors, alphas=dict(lora.alphas) | {f"{UNET}.attn1.to_q": float(alpha)})
    assert read_lora(write_lora(tmp_path / NAME, lora)).alphas == lora.alphas


def test_nothing_but_weights_is_written(tmp_path: Path) -> None:
    lora = weights()
    secret = LoraWeights(
        tensors=lora.tensors, alphas=lora.alphas, metadata={"ss_tag_frequency": "anna", "path": "/home/anna"}
    )
    path = write_lora(tmp_path / NAME, secret)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        assert set(file.keys()) == set(lora.tensors)
    assert metadata.keys() == {"format", "lora_adapter_metadata"}
    assert metadata["format"] == "pt"
    keys = {"r", "lora_alpha", "rank_pattern", "alpha_pattern", "target_modules"}
    assert json.loads(metadata["lora_adapter_metadata"]).keys() == {
        f"{part}.{key}" for part in ("unet", "text_encoder") for key in keys
    }
    assert b"anna" not in path.read_bytes()
    assert [found.name for found in tmp_path.iterdir()] == [NAME]


def test_result_does_not_hang_on_the_file(tmp_path: Path) -> None:
    path = write_lora(tmp_path / NAME, weights())
    lora = read_lora(path)
    path.write_bytes(bytes(path.stat().st_size))
    assert all(torch.equal(lora.tensors[key], tensor) for key, tensor in weights().tensors.items())


def test_delta_and_parts() -> None:
    lora = weights(torch.float16)
    module = f"{UNET}.attn1.to_q"
    a, b = lora.matrices(module)
    assert lora.delta(module).shape == (32, 32)
    assert torch.allclose(lora.delta(module), 27 / 4 * b.float() @ a.float())
    assert lora.unet().modules() == [module, f"{UNET}.attn2.to_k"]
    assert lora.unet().alphas.keys() == set(lora.unet().modules())
    assert len(lora.modules()) == 3


def test_writer_refuses_what_the_reader_would(tmp_path: Path) -> None:
    lora = weights()
    first = next(iter(lora.tensors))
    for broken in (
        LoraWeights(
            tensors={**lora.tensors, first: torch.full_like(lora.tensors[first], math.nan)}, alphas=lora.alphas
        ),
        LoraWeights(tensors={key: value for key, value in lora.tensors.items() if key != first}, alphas=lora.alphas),
        LoraWeights(tensors={**lora.tensors, first: torch.zeros(5, 32)}, alphas=lora.alphas),
        LoraWeights(tensors=lora.tensors, alphas={}),
        LoraWeights(tensors=lora.tensors, alphas={**lora.alphas, f"{TEXT}.q_proj": math.inf}),
        LoraWeights(tensors={}, alphas={}),
    ):
        with pytest.raises(LoraFileError):
            write_lora(tmp_path / NAME, broken)
    with pytest.raises(LoraFileError):
        write_lora(tmp_path / "person.bin", lora)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_lora(tmp_path / "file" / NAME, lora)
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


# Layouts and alphas


def test_no_metadata_means_scale_one(tmp_path: Path) -> None:
    lora = read_lora(stored(tmp_path, dict(weights().tensors)))
    assert lora.assumed
    assert {lora.scale(module) for module in lora.modules()} == {1.0}


def test_layout_of_the_training_scripts(tmp_path: Path) -> None:
    tensors = renamed({}, only="unet.")
    tensors = {k.replace("lora_A", "lora.down").replace("lora_B", "lora.up"): v for k, v in tensors.items()}
    text = renamed({"text_encoder.": "text_encoder.text_model."}, only="text_encoder.")
    tensors |= {
        k.replace("lora_A", "lora_linear_layer.down").replace("lora_B", "lora_linear_layer.up"): v
        for k, v in text.items()
    }
    back = read_lora(stored(tmp_path, tensors))
    assert all(torch.equal(back.tensors[key], tensor) for key, tensor in weights().tensors.items())


def test_oldest_layout(tmp_path: Path) -> None:
    block = UNET + ".attn1"
    tensors = {
        f"{block}.processor.to_out_lora.down.weight": torch.ones(2, 8),
        f"{block}.processor.to_out_lora.up.weight": torch.ones(8, 2),
        "text_encoder.text_model.encoder.layers.0.self_attn.to_out_lora.down.weight": torch.ones(2, 8),
        "text_encoder.text_model.encoder.layers.0.self_attn.to_out_lora.up.weight": torch.ones(8, 2),
    }
    assert read_lora(stored(tmp_path, tensors)).modules() == [f"{TEXT}.out_proj", f"{block}.to_out.0"]


@pytest.mark.parametrize(("part", "module"), [("unet.", f"{UNET}.attn1.to_q"), ("text_encoder.", f"{TEXT}.q_proj")])
@pytest.mark.parametrize("prefix", ["base_model.model.", ""])
def test_one_component_without_its_name(tmp_path: Path, part: str, module: str, prefix: str) -> None:
    rank = weights().matrices(module)[0].shape[0]
    path = stored(tmp_path, renamed({part: prefix}, only=part), {"r": rank, "lora_alpha": 6})
    lora = read_lora(path)
    assert module in lora.modules()
    assert lora.scale(module) == 6 / rank


def test_peft_settings_beside_the_file(tmp_path: Path) -> None:
    path = stored(tmp_path, renamed({"unet.": "base_model.model."}, only="unet."))
    assert read_lora(path).assumed
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 12, "base_model": None}))
    lora = read_lora(path)
    assert not lora.assumed
    assert lora.scale(f"{UNET}.attn1.to_q") == 3
    (tmp_path / "adapter_config.json").write_text("{")
    assert "settings" in refused(path)


def test_alpha_tensors(tmp_path: Path) -> None:
    alphas = {f"{module}.alpha": torch.tensor(8.0) for module in weights().modules()}
    lora = read_lora(stored(tmp_path, dict(weights().tensors) | alphas))
    assert set(lora.alphas.values()) == {8.0}
    assert lora.tensors.keys() == weights().tensors.keys()
    vector = {key: torch.ones(2) for key in alphas}
    assert "not a single number" in refused(stored(tmp_path, dict(weights().tensors) | vector))


@pytest.mark.parametrize(
    ("extra", "scale"),
    [
        ({}, 2.0),
        ({"unet.alpha_pattern": {"attn1.to_q": 12}}, 3.0),
        ({"unet.alpha_pattern": {"to_q": 12, "attn1.to_q": 16}}, 3.0),  # the first that fits, as in PEFT
        ({"unet.alpha_pattern": {"^attn1.to_q": 12}}, 2.0),
        ({"unet.alpha_pattern": {"o_q": 12}}, 2.0),
        ({"unet.use_rslora": True}, 4.0),
    ],
)
def test_settings_of_peft(tmp_path: Path, extra: dict[str, Any], scale: float) -> None:
    config = {"unet.r": 4, "unet.lora_alpha": 8} | extra
    lora = read_lora(stored(tmp_path, renamed({}, only="unet."), config))
    assert lora.scale(f"{UNET}.attn1.to_q") == pytest.approx(scale)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"unet.r": 8, "unet.lora_alpha": 8}, "rank 8"),
        ({"unet.r": 4}, "no alpha"),
        ({"unet.r": 4, "unet.lora_alpha": "8"}, "no sensible number"),
        ({"unet.r": 4, "unet.lora_alpha": 1e300}, "no sensible number"),
        ({"unet.r": 4, "unet.lora_alpha": 8, "unet.use_dora": True}, "DoRA"),
        ({"unet.r": 4, "unet.lora_alpha": 8, "unet.alpha_pattern": {"(a+)+$": 1}}, "expression"),
        ({"unet.r": 4, "unet.lora_alpha": 8, "unet.alpha_pattern": [1]}, "unknown form"),
        ([1], "not a table"),
    ],
)
def test_settings_that_are_refused(tmp_path: Path, config: Any, said: str) -> None:
    assert said in refused(stored(tmp_path, renamed({}, only="unet."), config))


def test_settings_that_are_no_json(tmp_path: Path) -> None:
    for text in ("{", '{"unet.r": NaN}', '{"a": 1, "a": 2}', "[" * 100_000):
        save_file(renamed({}, only="unet."), tmp_path / NAME, metadata={"lora_adapter_metadata": text})
        assert "settings" in refused(tmp_path / NAME)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("lora_unet_down_blocks_0_attentions_0_to_q.lora_down.weight", "no known base model"),
        ("lora_te2_text_model_encoder_layers_0_mlp_fc1.alpha", "SDXL"),
        ("lora_unet_label_emb_0_0.lora_down.weight", "SDXL"),
        ("lora_unet_joint_blocks_0_x_block_attn_qkv.lora_down.weight", "SD 3"),
        ("lora_unet_double_blocks_0_img_attn_proj.lora_down.weight", "Flux"),
        ("bundle_emb.zorblax.string_to_param.*", "textual inversion"),
        ("lora_unet_conv_in.lora_mid.weight", "Tucker"),
        ("lora_unet_conv_in.diff", "whole differences"),
        ("lora_unet_conv_in.on_input", "(IA)3"),
        ("text_encoder_2.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight", "SDXL"),
        ("lora_unet_down_blocks_0_attentions_0_proj_in.hada_w1_a", "LoHa"),
        ("lora_unet_down_blocks_0_attentions_0_proj_in.lokr_w1", "LoKr"),
        ("lora_unet_down_blocks_0_attentions_0_proj_in.dora_scale", "DoRA"),
        (f"{UNET}.attn1.to_q.lora_magnitude_vector", "DoRA"),
        ("transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", "Flux"),
        ("model.diffusion_model.input_blocks.0.0.weight", "whole model"),
        ("emb_params", "textual inversion"),
        (f"{UNET}.attn1.to_q.lora_B.bias", "biases"),
        ("conv_in.weight", "no LoRA layer"),
        (f"{UNET}.attn1.to_q.lora_C.weight", "no part of a plain LoRA"),
        ("elsewhere.to_q.lora_A.weight", "a layout that is not known here"),
    ],
)
def test_other_kinds_are_called_by_their_name(tmp_path: Path, key: str, said: str) -> None:
    assert said in refused(stored(tmp_path, {key: torch.ones(2, 2)}))


# Broken weights


def test_half_a_layer(tmp_path: Path) -> None:
    for kind in ("A", "B"):
        tensors = {key: value for key, value in weights().tensors.items() if f"attn1.to_q.lora_{kind}" not in key}
        said = refused(stored(tmp_path, tensors))
        assert f"lacks the {kind} matrix" in said
        assert "attn1.to_q" in said


@pytest.mark.parametrize(
    ("key", "tensor", "said"),
    [
        ("lora_A", torch.ones(3, 32), "ranks of A (3) and B (4)"),
        ("lora_A", torch.ones(4), "impossible shape [4]"),
        ("lora_A", torch.ones(0, 32), "impossible shape"),
        ("lora_A", torch.ones(1, 2**16 + 1), "impossible shape"),
        ("lora_A", torch.ones(4, 32, 1, 1), "convolution"),
        ("lora_A", torch.ones(4, 32, dtype=torch.int8), "I8"),
        ("lora_B", torch.full((32, 4), math.nan), "NaN"),
        ("lora_B", torch.full((32, 4), -math.inf), "NaN or infinite"),
    ],
)
def test_broken_matrices(tmp_path: Path, key: str, tensor: Tensor, said: str) -> None:
    full = f"{UNET}.attn1.to_q.{key}.weight"
    assert said in refused(stored(tmp_path, {**weights().tensors, full: tensor}))


def test_shapes_are_checked_before_tensors_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.lora.files.safe_open", lambda *_, **__: pytest.fail("tensors were read"))
    path = stored(tmp_path, {**weights().tensors, f"{UNET}.attn1.to_q.lora_A.weight": torch.ones(3, 32)})
    assert "ranks" in refused(path)


def fitting() -> dict[str, tuple[int, int]]:
    return {f"{UNET}.attn1.to_q": (32, 32), f"{UNET}.attn2.to_k": (32, 48), f"{TEXT}.q_proj": (48, 48)}


def test_fits_its_base(tmp_path: Path) -> None:
    path = write_lora(tmp_path / NAME, weights())
    assert read_lora(path, base_shapes=fitting()).modules() == sorted(fitting())


@pytest.mark.parametrize(
    ("width", "base"),
    [(768, "Stable Diffusion 1.x"), (1024, "Stable Diffusion 2.x"), (2048, "SDXL"), (640, "another base")],
)
def test_other_base_is_recognised(tmp_path: Path, width: int, base: str) -> None:
    tensors = {**weights().tensors, f"{UNET}.attn2.to_k.lora_A.weight": torch.ones(4, width)}
    said = refused(stored(tmp_path, tensors), base_shapes=fitting())
    assert f"is for {base} (cross-attention width {width})" in said
    assert f"attn2.to_k is (32, {width}), not (32, 48)" in said


def test_wrong_shapes_are_listed(tmp_path: Path) -> None:
    shapes = {f"unet.mid_block.{i}.attn1.to_q": (8, 8) for i in range(5)}
    tensors = {f"{m}.lora_{k}.weight": torch.ones(2, 9) if k == "A" else torch.ones(8, 2) for m in shapes for k in "AB"}
    said = refused(stored(tmp_path, tensors), base_shapes=shapes)
    assert said.count("is (8, 9), not (8, 8)") == 3
    assert "and 2 more" in said


def test_layers_that_the_base_has_not(tmp_path: Path) -> None:
    shapes = fitting()
    del shapes[f"{UNET}.attn1.to_q"]
    said = refused(write_lora(tmp_path / NAME, weights()), base_shapes=shapes)
    assert f"adapts layers that the base model does not have: {UNET}.attn1.to_q." in said


# Not safetensors, or no longer


def archive() -> bytes:
    out = io.BytesIO()
    torch.save({"a": torch.ones(1)}, out)
    assert zipfile.is_zipfile(out)
    return out.getvalue()


def old_pickle() -> bytes:
    out = io.BytesIO()
    torch.save({"a": torch.ones(1)}, out, _use_new_zipfile_serialization=False)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (archive(), "ZIP archive"),
        (old_pickle(), "pickle"),
        (b"\x80\x04\x95" + bytes(20), "pickle"),
        (b"", "empty"),
        (b"\x10", "cut short"),
        (struct.pack("<Q", 100), "cut short"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS"),
        (b"<!doctype html><html></html>", "web page"),
        (b'{"r": 4, "lora_alpha": 4}', "JSON"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "picture"),
        (b"just some words, no weights", "not a safetensors file"),
        (struct.pack("<Q", 2**40) + b"{}", "at most 100 MB"),
        (struct.pack("<Q", 50) + b'{"a": 1}', "ends inside its header"),
    ],
)
def test_content_decides_not_the_name(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / NAME
    path.write_bytes(data)
    assert said in refused(path)


@pytest.mark.parametrize("length", [640, 896, 1152, 1408])
def test_header_length_that_looks_like_a_pickle(tmp_path: Path, length: int) -> None:
    data = save(renamed({}, only="unet."))
    size = struct.unpack("<Q", data[:8])[0]
    path = tmp_path / NAME
    path.write_bytes(struct.pack("<Q", length) + data[8 : 8 + size].ljust(length) + data[8 + size :])
    assert path.read_bytes()[0] == 0x80
    assert len(read_lora(path).modules()) == 2


def test_missing_folder_and_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "not there" in refused(tmp_path / NAME)
    path = write_lora(tmp_path / NAME, weights())

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", denied)
    assert "Permission denied" in refused(path)


def test_size_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILE", 100)
    assert "larger than" in refused(write_lora(tmp_path / NAME, weights()))


def entry(**changes: Any) -> dict[str, Any]:
    described = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} | changes
    return {f"{UNET}.attn1.to_q.lora_A.weight": described}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"{nonsense", "not valid JSON"),
        (b'{"a":' * 60_000, "nested more deeply"),
        (b'{"\xff": 1}', "not UTF-8"),
        (b'{"\xef\xbb\xbf{}', "not valid JSON"),
        (b'{"\\ud800": 1}', "half a character"),
        (b'{"a": 1, "a": 1}', "two entries with the name a"),
        ({"__metadata__": {"a": 1}}, "a number for a;"),
        ({"__metadata__": {"a": None}}, "null for a;"),
        ({"__metadata__": [1]}, "metadata of person.safetensors are a list"),
        ({"__metadata__": None}, "16 bytes at its end"),
        ({"a": [1]}, "in another form"),
        (entry(more=1), "says more of"),
        (entry(dtype="F4", shape=[1], data_offsets=[0, 0]), "does not fill its place"),
        (entry(shape=[2**50, 2**50, 0]), "impossible size"),
        (entry(shape=[0, 2**50, 2**50]), "does not fill its place"),
        (entry(shape=[2**70]), "whole numbers"),
        (entry(dtype="F128"), "unknown type"),
        (entry(dtype=None), "unknown type"),
        (entry(shape=[2, -2]), "whole numbers"),
        (entry(shape=[2.0, 2]), "whole numbers"),
        (entry(shape=[True, 2]), "whole numbers"),
        (entry(shape="22"), "whole numbers"),
        (entry(data_offsets=[0]), "whole numbers"),
        (entry(shape=[2, 3]), "does not fill its place"),
        (entry(data_offsets=[16, 0]), "does not fill its place"),
        (entry(data_offsets=[4, 20]), "overlap or leave gaps"),
        (entry() | {"b": {"dtype": "F32", "shape": [1], "data_offsets": [12, 16]}}, "overlap or leave gaps"),
        (entry(shape=[2, 4], data_offsets=[0, 32]), "16 bytes are missing"),
        (entry(shape=[1, 2], data_offsets=[0, 8]), "8 bytes at its end"),
        (entry(), "lacks the B matrix"),
    ],
)
def test_damaged_header(tmp_path: Path, table: Any, said: str) -> None:
    assert said in refused(raw(tmp_path, table, bytes(16)))


def test_no_tensor_at_all(tmp_path: Path) -> None:
    assert "no tensor at all" in refused(raw(tmp_path, {}))


def test_many_layers_and_patterns_take_no_long_time(tmp_path: Path) -> None:
    tensors = {}
    for number in range(3000):
        tensors[f"unet.mid_block.{number}.to_q.lora_A.weight"] = torch.ones(1, 1)
        tensors[f"unet.mid_block.{number}.to_q.lora_B.weight"] = torch.ones(1, 1)
    pattern = {f"^mid_block.{number}.to_q": number for number in range(3000)}
    path = stored(tmp_path, tensors, {"unet.r": 1, "unet.lora_alpha": 1, "unet.alpha_pattern": pattern})
    assert read_lora(path).alphas["unet.mid_block.2999.to_q"] == 2999


# Fuzzing: whatever the bytes, a LoRA or a LoraFileError


def survives(path: Path, data: bytes) -> bool:
    path.write_bytes(data)
    try:
        read_lora(path)
    except LoraFileError:
        return False
    return True


def test_fuzz_random_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for _ in range(150):
        data = rng.bytes(int(rng.integers(0, 400)))
        assert not survives(tmp_path / NAME, data)
        framed = struct.pack("<Q", min(len(data), 200)) + b"{" + data
        assert not survives(tmp_path / NAME, framed)


def test_fuzz_truncation(tmp_path: Path) -> None:
    whole = write_lora(tmp_path / NAME, weights()).read_bytes()
    lengths = {*range(40), *range(40, len(whole), 61), len(whole) - 1}
    for length in sorted(lengths):
        assert not survives(tmp_path / NAME, whole[:length])
    assert not survives(tmp_path / NAME, whole + b"\0")
    assert survives(tmp_path / NAME, whole)


def test_fuzz_flipped_header(tmp_path: Path) -> None:
    whole = np.frombuffer(write_lora(tmp_path / NAME, weights()).read_bytes(), dtype=np.uint8)
    end = 8 + struct.unpack("<Q", whole[:8].tobytes())[0]
    rng = np.random.default_rng(0)
    for _ in range(400):
        broken = whole.copy()
        places = rng.integers(0, end, int(rng.integers(1, 4)))
        broken[places] = rng.integers(0, 256, len(places))
        survives(tmp_path / NAME, broken.tobytes())


def test_fuzz_flipped_weights(tmp_path: Path) -> None:
    whole = np.frombuffer(write_lora(tmp_path / NAME, weights()).read_bytes(), dtype=np.uint8)
    rng = np.random.default_rng(0)
    for _ in range(40):
        broken = whole.copy()
        broken[rng.integers(len(whole) - 1000, len(whole), 40)] = rng.integers(0, 256, 40)
        survives(tmp_path / NAME, broken.tobytes())


def save_pair(path: Path, a: Tensor, b: Tensor, module: str = f"{UNET}.attn1.to_q") -> Path:
    save_file({f"{module}.lora_A.weight": a, f"{module}.lora_B.weight": b}, path)
    return path


def test_a_small_file_of_an_enormous_rank_is_refused(tmp_path: Path) -> None:
    path = save_pair(tmp_path / NAME, torch.ones(8192, 1), torch.ones(1, 8192))
    assert path.stat().st_size < 100_000
    with pytest.raises(LoraFileError, match="rank 8192; at most 1024"):
        read_lora(path)
    assert read_lora(save_pair(tmp_path / NAME, torch.ones(1024, 1), torch.ones(1, 1024))).modules()


def test_endless_names_and_numbers_beyond_32_bits_are_refused(tmp_path: Path) -> None:
    long = "unet." + "a." * 300 + "to_q"
    with pytest.raises(LoraFileError, match="name has"):
        read_lora(save_pair(tmp_path / NAME, torch.ones(2, 8), torch.ones(8, 2), long))
    with pytest.raises(LoraFileError, match="infinite"):
        read_lora(save_pair(tmp_path / NAME, torch.full((2, 8), 1e300, dtype=torch.float64), torch.ones(8, 2)))


def test_a_file_without_alpha_says_that_its_scale_is_assumed(tmp_path: Path) -> None:
    found = read_lora(save_pair(tmp_path / NAME, torch.ones(2, 8), torch.ones(8, 2)))
    assert found.assumed
    assert "scale 1 is assumed" in (found.assumption or "")
    assert read_lora(write_lora(tmp_path / "own.safetensors", found)).assumption is None

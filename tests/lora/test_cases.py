"""Files as people bring them, made from the bundled example: what each is read as, or why it is not.

The same kinds as in public bug reports; each is the example's own numbers in another form.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from demo import paths
from demo.errors import LoraFileError
from demo.lora.copies import clean_copy
from demo.lora.effect import check_effect
from demo.lora.files import LoraWeights, read_lora
from demo.lora.folders import file_in
from demo.lora.header import read_header
from demo.models.bases import BUNDLED

EXAMPLE = paths.WEIGHTS / BUNDLED / "example-lora.safetensors"
NAME = "mia.safetensors"
pytestmark = pytest.mark.skipif(not EXAMPLE.is_file(), reason="weights are not there")
Tensors = dict[str, Tensor]
Make = Callable[[LoraWeights, Path], Path]


@pytest.fixture(scope="module")
def example() -> LoraWeights:
    return read_lora(EXAMPLE)


def saved(tensors: Tensors, folder: Path, metadata: dict[str, str] | None = None) -> Path:
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, folder / NAME, metadata=metadata)
    return folder / NAME


def kohya(lora: LoraWeights, *, alphas: bool = True, factor: float = 1, dtype: torch.dtype = torch.float32) -> Tensors:
    tensors = {}
    for module in lora.modules():
        part, path = module.split(".", 1)
        name = ("lora_unet_" if part == "unet" else "lora_te_text_model_") + path.replace(".", "_")
        a, b = lora.matrices(module)
        tensors[f"{name}.lora_down.weight"], tensors[f"{name}.lora_up.weight"] = a.to(dtype), (b * factor).to(dtype)
        if alphas:
            tensors[f"{name}.alpha"] = torch.tensor(lora.alphas[module])
    return tensors


def renamed(lora: LoraWeights, down: str, up: str, prefix: str = "") -> Tensors:
    """The U-Net's part under other names, the scale in B."""
    tensors = {}
    for module in lora.unet().modules():
        a, b = lora.matrices(module)
        name = prefix + module if not prefix else prefix + module.removeprefix("unet.")
        tensors[name + down], tensors[name + up] = a, b * lora.scale(module)
    return tensors


def with_header(tensors: Tensors, folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Path:
    path = saved(tensors, folder)
    raw = path.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    text = json.dumps(change(json.loads(raw[8 : 8 + length]))).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + length :])
    return path


def cover() -> str:
    noise = np.random.default_rng(0).integers(0, 256, 3 * 2**20, dtype=np.uint8)
    return base64.b64encode(noise.tobytes()).decode()


def peft_folder(lora: LoraWeights, folder: Path) -> Path:
    tensors = {}
    for module in lora.unet().modules():
        a, b = lora.matrices(module)
        name = "base_model.model." + module.removeprefix("unet.")
        tensors[f"{name}.lora_A.weight"], tensors[f"{name}.lora_B.weight"] = a, b
    save_file({k: t.contiguous() for k, t in tensors.items()}, folder / "adapter_model.safetensors")
    alphas = {module.removeprefix("unet."): alpha for module, alpha in lora.unet().alphas.items()}
    config = {"peft_type": "LORA", "r": 32, "lora_alpha": 1, "alpha_pattern": alphas, "init_lora_weights": True}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


READ: dict[str, Make] = {
    "kohya": lambda lora, to: saved(kohya(lora), to),
    "kohya, 16 bits": lambda lora, to: saved(kohya(lora, dtype=torch.float16), to),
    "kohya, brain floats": lambda lora, to: saved(kohya(lora, dtype=torch.bfloat16), to),
    "kohya, 8 bits": lambda lora, to: saved(kohya(lora, dtype=torch.float8_e4m3fn), to),
    "kohya, other 8 bits": lambda lora, to: saved(kohya(lora, dtype=torch.float8_e5m2), to),
    "diffusers, lora_up": lambda lora, to: saved(renamed(lora, ".lora_down.weight", ".lora_up.weight"), to),
    "diffusers, lora.up": lambda lora, to: saved(renamed(lora, ".lora.down.weight", ".lora.up.weight"), to),
    "a named adapter": lambda lora, to: saved(renamed(lora, ".lora_A.mia.weight", ".lora_B.mia.weight"), to),
    "PEFT, default_0": lambda lora, to: saved(
        renamed(lora, ".lora_A.default_0.weight", ".lora_B.default_0.weight", "base_model.model."), to
    ),
    "a PEFT folder": peft_folder,
    "metadata null": lambda lora, to: with_header(kohya(lora), to, lambda head: {"__metadata__": None, **head}),
    "cover pictures of 12 MB": lambda lora, to: saved(
        kohya(lora), to, {"ssmd_cover_images": json.dumps([cover() for _ in range(3)])}
    ),
    "alpha in the header": lambda lora, to: saved(
        {k: t for k, t in kohya(lora).items() if "lora_unet" in k and ".alpha" not in k},
        to,
        {"ss_network_alpha": "32.0", "ss_network_dim": "32"},
    ),
}

WITHOUT_ALPHA = {"diffusers, lora_up", "diffusers, lora.up", "a named adapter", "PEFT, default_0"}


@pytest.mark.parametrize("kind", READ)
def test_files_that_are_read(example: LoraWeights, tmp_path: Path, kind: str) -> None:
    lora = read_lora(file_in(READ[kind](example, tmp_path)))
    check_effect(NAME, lora)
    whole = "kohya" in kind or "metadata" in kind or "cover" in kind
    assert lora.modules() == (example if whole else example.unet()).modules()
    rough = 0.3 if "8 bits" in kind else 0.02
    for module in lora.modules():
        wanted, found = example.delta(module), lora.delta(module)
        assert (found - wanted).norm() <= rough * wanted.norm()
    assert lora.assumed == (kind in WITHOUT_ALPHA)


def settings(lora: LoraWeights, to: Path, **changes: Any) -> Path:
    config = {f"unet.{key}": value for key, value in ({"r": 32, "lora_alpha": 32} | changes).items()}
    tensors = renamed(lora, ".lora_A.weight", ".lora_B.weight")
    return saved(tensors, to, {"lora_adapter_metadata": json.dumps(config)})


def numbered(lora: LoraWeights, to: Path) -> Path:
    tensors: Tensors = {"<s1>": torch.ones(192)}
    for number, module in enumerate(lora.unet().modules()):
        tensors[f"unet:{number}:down"], tensors[f"unet:{number}:up"] = lora.matrices(module)
    return saved(tensors, to, {"unet": '["CrossAttention"]', "<s1>": "<embed>"})


def pickled_folder(_: LoraWeights, to: Path) -> Path:
    torch.save({"a": torch.ones(1)}, to / "adapter_model.bin")
    (to / "adapter_config.json").write_text("{}")
    return to


REFUSED: dict[str, tuple[Make, str]] = {
    "pissa": (lambda lora, to: settings(lora, to, init_lora_weights="pissa"), "begun with pissa: it belongs"),
    "pissa, fast": (
        lambda lora, to: settings(lora, to, init_lora_weights="pissa_niter_4"),
        "begun with pissa_niter_4:",
    ),
    "aLoRA": (lambda lora, to: settings(lora, to, alora_invocation_tokens=[1]), "an aLoRA"),
    "repeated layers": (lambda lora, to: settings(lora, to, layer_replication=[[0, 4]]), "repeated"),
    "a newer setting": (lambda lora, to: settings(lora, to, use_what_comes=True), "set use_what_comes"),
    "B is zero": (lambda lora, to: saved(kohya(lora, factor=0), to), "its B matrices are all zeros"),
    "flushed to zero": (
        lambda lora, to: saved(kohya(lora, factor=1e-9, dtype=torch.float16), to),
        "its B matrices are",
    ),
    "alpha is zero": (
        lambda lora, to: saved({k: t * (".alpha" not in k) for k, t in kohya(lora).items()}, to),
        "its alphas are all 0",
    ),
    "x 1e6": (lambda lora, to: saved(kohya(lora, factor=1e6), to), "beyond 65,504"),
    "x 1e20": (lambda lora, to: saved(kohya(lora, factor=1e20), to), "beyond 65,504"),
    "overflown": (lambda lora, to: saved(kohya(lora, factor=1e30, dtype=torch.float16), to), "NaN or infinite"),
    "cloneofsimo": (numbered, "cloneofsimo"),
    "a number in the metadata": (
        lambda lora, to: with_header(kohya(lora), to, lambda head: head | {"__metadata__": {"ss_epoch": 10}}),
        "hold a number for ss_epoch",
    ),
    "whole numbers": (lambda lora, to: saved(kohya(lora, dtype=torch.int8), to), "as I8"),
    "a pickle in a folder": (pickled_folder, "adapter_model.bin is a ZIP archive"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_files_that_are_refused_for_what_they_are(example: LoraWeights, tmp_path: Path, kind: str) -> None:
    make, said = REFUSED[kind]
    path = make(example, tmp_path)
    with pytest.raises(LoraFileError) as caught:
        check_effect(NAME, read_lora(file_in(path)))
    assert said in caught.value.problem
    for word in ("damaged", "not there", "not a safetensors"):
        assert word not in caught.value.problem
    if path.is_file() and "metadata" not in kind:
        copy = clean_copy(path, tmp_path / "clean.safetensors").path
        assert read_header(copy).entries.keys() == read_header(path).entries.keys() - {"<s1>"}

"""Files against published configurations: nothing of a base but its configuration is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from demo.errors import LoraFileError
from demo.lora.files import LoraWeights, Shapes, expected_shapes, write_lora
from demo.lora.fits import fitting_instead, layer_shapes, read_for, with_option
from demo.models.architectures import SD14, SD21
from demo.models.bases import BASES, BUNDLED
from demo.models.diffusers_folder import read_architecture


def made_for(shapes: Shapes, rank: int = 2) -> LoraWeights:
    """Of the values of all cross-attentions."""
    sides = {module: shape for module, shape in shapes.items() if module.endswith("attn2.to_v")}
    tensors = {}
    for module, (out, into) in sides.items():
        tensors[f"{module}.lora_A.weight"] = torch.ones(rank, into)
        tensors[f"{module}.lora_B.weight"] = torch.ones(out, rank)
    return LoraWeights(tensors=tensors, alphas=dict.fromkeys(sides, float(rank)))


def test_layers_are_those_of_the_loaded_models(tiny_pipe, tiny_folder: Path) -> None:
    assert layer_shapes(read_architecture(tiny_folder)) == expected_shapes(tiny_pipe)


def test_the_layers_of_stable_diffusion_need_no_download() -> None:
    module = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k"
    assert layer_shapes(SD14)[module] == (1280, 768)
    assert layer_shapes(SD21)[module] == (1280, 1024)
    assert layer_shapes(SD14) is layer_shapes(SD14)  # built once


def test_a_file_fits_its_own_base_alone(tmp_path: Path) -> None:
    path = write_lora(tmp_path / "lora.safetensors", made_for(layer_shapes(SD14)))
    assert len(read_for(path, BASES["sd14"]).modules()) == 16
    with pytest.raises(LoraFileError, match=r"^Mine 1\.safetensors is for .* 1\.x .* Stable Diffusion 2\.1 .*1024\)"):
        read_for(path, BASES["sd21"], name="Mine 1.safetensors")


def test_a_damaged_file_is_called_by_its_owners_name(tmp_path: Path) -> None:
    path = tmp_path / "lora.safetensors"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 100)
    with pytest.raises(LoraFileError, match=r"^mine\.safetensors is a ZIP archive"):
        read_for(path, BASES["sd14"], name="mine.safetensors")


def test_a_base_that_fits_is_named_with_its_option(tmp_path: Path) -> None:
    path = write_lora(tmp_path / "lora.safetensors", made_for(layer_shapes(SD14)))
    with pytest.raises(LoraFileError) as caught:
        read_for(path, BASES["sd21"])
    error = with_option(caught.value, path, BASES["sd21"], BASES.values())
    assert error.problem == caught.value.problem
    assert error.remedy == f"It fits {BASES['sd14'].title}: choose it with --base sd14."
    assert fitting_instead(path, BASES[BUNDLED], BASES.values()) == [BASES["sd14"]]


def test_the_registry_alone_says_which_bases_there_are(tmp_path: Path) -> None:
    path = write_lora(tmp_path / "lora.safetensors", made_for(layer_shapes(SD14)))
    twin = replace(BASES["sd14"], key="sd15", title="Stable Diffusion 1.5")
    given = replace(BASES["sd14"], key="mine-1234", title="mine", own_folder="/models/mine")
    error = with_option(LoraFileError("No.", "Other."), path, BASES["sd21"], [twin, given])
    assert (
        error.remedy
        == "It fits Stable Diffusion 1.5: choose it with --base sd15; or mine: choose it with --base /models/mine."
    )
    assert with_option(LoraFileError("No.", "Other."), path, BASES["sd21"], []).remedy == "Other."


def test_an_error_that_is_not_the_base_s_names_no_base(tmp_path: Path) -> None:
    path = write_lora(tmp_path / "lora.safetensors", made_for(layer_shapes(SD14)))
    assert with_option(LoraFileError("No.", "Other."), path, BASES["sd14"], BASES.values()).remedy == "Other."


def test_a_file_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    made = made_for(layer_shapes(SD14))
    zeros = LoraWeights(tensors={k: torch.zeros_like(t) for k, t in made.tensors.items()}, alphas=made.alphas)
    with pytest.raises(LoraFileError, match=r"^mine\.safetensors changes nothing"):
        read_for(write_lora(tmp_path / "lora.safetensors", zeros), BASES["sd14"], name="mine.safetensors")

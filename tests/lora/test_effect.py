"""Files that cannot show anything are said to be so, and for the reason that is theirs."""

from __future__ import annotations

import pytest
import torch

from demo.errors import LoraFileError
from demo.lora.effect import FAINTEST, LARGEST_HALF, check_effect, noise_notice
from demo.lora.files import LoraWeights

FIRST, SECOND = (f"unet.mid_block.attentions.0.transformer_blocks.0.attn{i}.to_q" for i in (1, 2))
NAME = "mine.safetensors"


def lora(*layers: tuple[float, float, float], dtype: torch.dtype = torch.float32) -> LoraWeights:
    """Two layers of rank 4; of each all of A, all of B, and alpha."""
    tensors, alphas = {}, {}
    for module, (a, b, alpha) in zip((FIRST, SECOND), layers, strict=True):
        tensors[f"{module}.lora_A.weight"] = torch.full((4, 8), a, dtype=dtype)
        tensors[f"{module}.lora_B.weight"] = torch.full((8, 4), b, dtype=dtype)
        alphas[module] = alpha
    return LoraWeights(tensors=tensors, alphas=alphas)


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (((1, 0, 4), (1, 0, 4)), "its B matrices are all zeros"),
        (((0, 1, 4), (0, 1, 4)), "its A matrices are all zeros"),
        (((1, 1, 0), (1, 1, 0)), "its alphas are all 0"),
        (((1, 1, 0), (1, 0, 4)), "in each of its layers"),
        (((1e-30, 1e-30, 4), (1e-30, 1e-30, 4)), "in each of its layers"),
        (((1, 1e-30, 4), (1, 2e-30, 4)), "in each of its layers no entry of the update is beyond 8e-30;"),
        (((1, FAINTEST / 4.1, 4), (0, 0, 4)), "in each of its layers no entry of the update is beyond 9.8e-10;"),
    ],
)
def test_a_file_that_changes_nothing(layers: tuple[tuple[float, float, float], ...], said: str) -> None:
    with pytest.raises(LoraFileError, match=f"^{NAME} changes nothing: {said}"):
        check_effect(NAME, lora(*layers))


@pytest.mark.parametrize(
    "layers", [((1, 0, 4), (1, 1, 4)), ((1, FAINTEST / 3.9, 4), (1, 0, 4)), ((1, 1, -4), (0, 0, 4))]
)
def test_a_file_that_changes_one_layer_is_read(layers: tuple[tuple[float, float, float], ...]) -> None:
    check_effect(NAME, lora(*layers))


@pytest.mark.parametrize(("size", "dtype"), [(1e4, torch.float32), (1e20, torch.float32), (1e200, torch.float64)])
def test_updates_beyond_16_bits(size: float, dtype: torch.dtype) -> None:
    with pytest.raises(LoraFileError, match=r"updates of 1 of the 2 layers of .* beyond 65,504") as caught:
        check_effect(NAME, lora((1, 1, 4), (size, 100, 4), dtype=dtype))
    assert SECOND in caught.value.problem
    assert "inf" not in caught.value.problem


def test_the_largest_entry_decides_and_not_the_norm() -> None:
    side = (LARGEST_HALF / 4) ** 0.5
    check_effect(NAME, lora((side, side * 0.999, 4), (1, 1, 4)))
    with pytest.raises(LoraFileError):
        check_effect(NAME, lora((side, side * 1.001, 4), (1, 1, 4)))
    with pytest.raises(LoraFileError):
        check_effect(NAME, lora((side, side * 0.999, -5), (1, 1, 4)))


@pytest.mark.parametrize(
    ("layers", "largest"),
    [(((1, 1, 4), (10, -10, 4)), "400"), (((1, 25.1, 4), (0, 0, 4)), "100"), (((1, 500.5, -4.52), (1, 1, 4)), "2,262")],
)
def test_updates_of_training_that_diverged_are_told(
    layers: tuple[tuple[float, float, float], ...], largest: str
) -> None:
    check_effect(NAME, lora(*layers))  # not refused
    assert (noise_notice(lora(*layers)) or "").startswith(
        f"The file's updates have entries up to {largest}, far beyond"
    )


@pytest.mark.parametrize("layers", [((1, 24.9, 4), (1, 1, 4)), ((0, 0, 4), (1, 0, 0))])
def test_usual_updates_are_not(layers: tuple[tuple[float, float, float], ...]) -> None:
    assert noise_notice(lora(*layers)) is None

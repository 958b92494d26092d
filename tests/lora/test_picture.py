from __future__ import annotations

import numpy as np
import pytest
import torch
from fake_story import lora

from demo.lora.files import LoraWeights
from demo.lora.picture import COLOURS, matrices_picture


def one(a: torch.Tensor, b: torch.Tensor) -> LoraWeights:
    return LoraWeights(tensors={"unet.x.lora_A.weight": a, "unet.x.lora_B.weight": b}, alphas={"unet.x": 4.0})


def test_a_file_of_noughts_is_paper() -> None:
    pixels = np.asarray(matrices_picture(one(torch.zeros(4, 8), torch.zeros(8, 4)), 16))
    assert (pixels == COLOURS[1]).all()


def test_the_sign_is_the_colour_and_the_order_is_the_files() -> None:
    a = torch.cat([torch.full((4, 8), 3.0), torch.full((4, 8), -3.0)])  # rank 8
    pixels = np.asarray(matrices_picture(one(a, torch.zeros(8, 8)), 16)).reshape(-1, 3).astype(int)
    first, second = pixels[: len(pixels) // 4], pixels[len(pixels) // 4 : len(pixels) // 2]
    assert (first[:, 0] > first[:, 2]).all()  # red
    assert (second[:, 0] < second[:, 2]).all()  # blue
    assert (pixels[len(pixels) // 2 :] == COLOURS[1]).all()


@pytest.mark.parametrize("side", [8, 160])
def test_any_number_of_numbers_fills_the_picture(side: int) -> None:
    assert matrices_picture(lora(), side).size == (side, side)


def test_it_depends_on_nothing_but_the_file() -> None:
    assert matrices_picture(lora(1)).tobytes() == matrices_picture(lora(1)).tobytes()
    assert matrices_picture(lora(1)).tobytes() != matrices_picture(lora(2)).tobytes()

from __future__ import annotations

import pytest

from demo.lora.header import TensorEntry
from demo.lora.words import is_word


@pytest.mark.parametrize(
    ("name", "dtype", "shape", "word"),
    [
        ("mia-toy", "F32", (768,), True),
        ("mia", "BF16", (4, 1280), True),
        ("mia müller", "F16", (128, 4096), True),
        ("<s1>", "F32", (4,), True),
        ("<mia.q>", "F32", (2, 3, 4), True),
        ("<s1>", "I64", (4,), True),
        ("mia", "I64", (768,), False),
        ("mia", "F32", (), False),
        ("mia", "F32", (129, 768), False),
        ("mia", "F32", (2, 2, 768), False),
        ("mia", "F32", (770,), False),
        ("lora_unet_x.alpha", "F32", (768,), False),
        ("unet:0:up", "F32", (4, 768), False),
        ("scaled_fp8", "F8_E4M3", (2,), False),
        ("logit_scale", "F32", (768,), False),
        ("norm_out", "F32", (768,), False),
        ("emb_params", "F32", (4, 768), False),
        ("clip_l", "F32", (4, 768), False),
        ("clip_g", "F32", (4, 1280), False),
    ],
)
def test_an_embedding_is_told_by_its_name_and_its_shape(
    name: str, dtype: str, shape: tuple[int, ...], word: bool
) -> None:
    assert is_word(name, TensorEntry(dtype, shape, (0, 0))) == word

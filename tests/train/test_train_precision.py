from __future__ import annotations

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0

from demo.bench.random_base import TINY_UNET
from demo.train import precision


@pytest.mark.parametrize(("side", "kind"), [(8, AttnProcessor), (64, AttnProcessor2_0)])
def test_plain_attention_is_for_small_models_alone(side: int, kind: type) -> None:
    unet = UNet2DConditionModel(**{**TINY_UNET, "sample_size": side})
    before = precision.plain_attention(unet)
    assert {type(p) for p in unet.attn_processors.values()} == {kind}
    assert {type(p) for p in before.values()} == {AttnProcessor2_0}


def test_precision_follows_hardware_and_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.ones(2, 2)
    for native in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda native=native: native)
        for weights in (torch.float32, torch.float16):
            with precision.mixed_precision("cpu", weights):
                assert (x @ x).dtype == (torch.bfloat16 if native and weights == torch.float32 else torch.float32)

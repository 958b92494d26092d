"""The paper's topology, from the published configurations, on the meta device."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from demo.finetune.dreambooth import adapters
from demo.finetune.settings import find_preset
from demo.models.architectures import SD14, SD21, Architecture


def built(architecture: Architecture) -> SimpleNamespace:
    with torch.device("meta"):
        return SimpleNamespace(
            unet=UNet2DConditionModel(**architecture.unet),
            text_encoder=CLIPTextModel(CLIPTextConfig(**architecture.text)),
        )


def adapted(module: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: p for name, p in module.named_parameters() if ".lora_" in name}


# The paper counts the UNet's: 64 layers, "128 matrices", "1.6 million". The text encoder's are shared beside them.
@pytest.mark.parametrize(
    ("architecture", "parameters", "unet", "text"),
    [
        (SD14, (859_520_964, 123_060_480), (64, 128, 1_594_368), (24, 48, 589_824)),
        # Keys and values of the 16 cross-attentions read 1,024 numbers, not 768: only their to_v's A grows,
        # 16 layers x rank 16 x 256 = 65,536.
        (SD21, (865_910_724, 340_387_840), (64, 128, 1_659_904), (46, 92, 1_507_328)),
    ],
    ids=["1.4", "2.1"],
)
def test_the_adapters_are_the_papers(architecture, parameters, unet, text) -> None:
    pipe = built(architecture)
    assert tuple(sum(p.numel() for p in part.parameters()) for part in (pipe.unet, pipe.text_encoder)) == parameters
    with torch.device("meta"), adapters(pipe, find_preset("sd-gpu")) as trained:
        for module, (layers, matrices, numbers) in ((pipe.unet, unet), (pipe.text_encoder, text)):
            found = adapted(module)
            assert len({name.split(".lora_")[0] for name in found}) == layers
            assert len(found) == matrices
            assert sum(p.numel() for p in found.values()) == numbers
        assert len(trained) == unet[1] + text[1]
        assert {p.dtype for p in trained} == {torch.float32}
    assert not adapted(pipe.unet)
    assert not adapted(pipe.text_encoder)


def test_layers_are_what_the_sum_over_the_widths_says() -> None:
    """112 C + 16 W for a block of width C that reads text of width W, at rank 16 (research: C alone, W = 768)."""
    widths = [320] * 5 + [640] * 5 + [1280] * 6
    for architecture, text in ((SD14, 768), (SD21, 1024)):
        pipe = built(architecture)
        with torch.device("meta"), adapters(pipe, find_preset("sd-gpu")):
            assert sum(p.numel() for p in adapted(pipe.unet).values()) == sum(112 * c + 16 * text for c in widths)


def test_sides() -> None:
    assert (SD14.factor, SD14.side) == (8, 512)
    assert (SD21.factor, SD21.side) == (8, 768)
    assert SD21.scheduler["prediction_type"] == "v_prediction"

"""The conditional discrepancy against its formula, and what it can and cannot see."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from PIL import Image
from torch import Tensor

from demo.errors import SettingsError
from demo.models.sampling import encode_pictures, encode_prompts
from demo.shake.attacks.clid import ClidSettings, clid
from demo.shake.attacks.denoising_loss import LossSettings, denoising_loss
from demo.shake.attacks.membership import MEMBERSHIP, find_membership

PROMPT = "a photo of a person"


@pytest.fixture
def latents(tiny_pipe: StableDiffusionPipeline, pictures: list[Image.Image]) -> Tensor:
    return encode_pictures(tiny_pipe, pictures[:3])


@pytest.fixture
def embedding(tiny_pipe: StableDiffusionPipeline) -> Tensor:
    return encode_prompts(tiny_pipe, [PROMPT])


@pytest.mark.parametrize("kind", ["sample", "epsilon", "v_prediction"])
def test_agrees_with_the_formula(
    tiny_pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor, kind: str
) -> None:
    tiny_pipe.scheduler = DDIMScheduler.from_config(tiny_pipe.scheduler.config, prediction_type=kind)
    settings = ClidSettings(t=300, draws=2)
    found = clid(tiny_pipe, latents, embedding, settings, batch=2)
    a, s = tiny_pipe.scheduler.alphas_cumprod[300].sqrt(), (1 - tiny_pipe.scheduler.alphas_cumprod[300]).sqrt()
    noise = torch.randn((3, 2, *latents.shape[1:]), generator=torch.Generator().manual_seed(0))
    none = encode_prompts(tiny_pipe, [""])
    for n in range(3):
        wanted = 0.0
        for eps in noise[n]:
            x = a * latents[n] + s * eps
            for text, sign in ((embedding, 1), (none, -1)):
                with torch.no_grad():
                    out = tiny_pipe.unet(x[None], 300, encoder_hidden_states=text).sample[0]
                said = {"sample": (x - a * out) / s, "epsilon": out, "v_prediction": a * out + s * x}[kind]
                wanted += sign * float((said - eps).square().mean()) / 2
        assert float(found[n]) == pytest.approx(wanted, rel=1e-3, abs=1e-5)


def test_a_picture_that_the_name_explains_scores_low(tiny_pipe: StableDiffusionPipeline, embedding: Tensor) -> None:
    """A UNet that knows the first picture, under the prompt alone."""
    latents = torch.randn((3, 4, 4, 4), generator=torch.Generator().manual_seed(1))
    known = latents[:1]

    def knows(x: Tensor, *_: Any, encoder_hidden_states: Tensor) -> Any:
        asked = torch.allclose(encoder_hidden_states[0], embedding[0].to(x))
        return SimpleNamespace(sample=known.expand_as(x) if asked else torch.zeros_like(x))

    tiny_pipe.unet.forward = knows
    tiny_pipe.scheduler = DDIMScheduler.from_config(tiny_pipe.scheduler.config, prediction_type="sample")
    member, *others = clid(tiny_pipe, latents, embedding).tolist()
    assert member < min(others)
    assert member < 0
    same = clid(tiny_pipe, latents, encode_prompts(tiny_pipe, [""]))
    assert same.abs().max() < 1e-6  # the empty prompt explains nothing beyond itself


def test_the_loss_is_its_first_half(tiny_pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor) -> None:
    none = encode_prompts(tiny_pipe, [""])
    both = denoising_loss(tiny_pipe, latents, embedding) - denoising_loss(tiny_pipe, latents, none)
    torch.testing.assert_close(clid(tiny_pipe, latents, embedding), both, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("key", MEMBERSHIP)
def test_every_attack_gives_each_picture_one_score_whatever_the_batch(
    tiny_pipe: StableDiffusionPipeline, latents: Tensor, embedding: Tensor, key: str
) -> None:
    attack = find_membership(key)
    calls: list[int] = []
    tiny_pipe.unet.register_forward_pre_hook(lambda _, args: calls.append(len(args[0])))
    one = attack.run(tiny_pipe, latents, embedding, attack.settings(), batch=1)
    assert len(calls) == attack.settings().calls * len(latents)
    whole = attack.run(tiny_pipe, latents, embedding, attack.settings(), batch=16)
    torch.testing.assert_close(one, whole, rtol=1e-3, atol=1e-5)
    assert one.shape == (3,)
    assert attack.run(tiny_pipe, latents[:0], embedding).shape == (0,)
    attack.settings().check(1000)
    with pytest.raises(SettingsError, match="beyond the schedule"):
        attack.settings().check(100)


def test_draws_are_counted() -> None:
    assert (ClidSettings(draws=3).calls, LossSettings(draws=3).calls) == (6, 3)
    with pytest.raises(SettingsError, match="secmi, loss"):
        find_membership("guess")

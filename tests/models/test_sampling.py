"""Drawing: what depends on the seed, and on nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from diffusers import DDPMScheduler

from demo.errors import DrawingError
from demo.models.sampling import LOOKS, SEEN, developing, draw, draw_prompt, encode_prompts
from demo.progress import Progress, Watcher


def shots(pipe, *, others: int, **more) -> list[bytes]:
    """Three pictures, while others use torch's own stream."""
    torch.manual_seed(others)
    context = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(0))
    return [p.tobytes() for p in draw(pipe, context, guidance=2.0, steps=3, seed=5, **more)]


@pytest.mark.parametrize("at_once", [None, 2])
def test_a_sampler_that_adds_noise_takes_it_from_the_seed(tiny_pipe, at_once) -> None:
    tiny_pipe.scheduler = DDPMScheduler.from_config(tiny_pipe.scheduler.config)
    first = shots(tiny_pipe, others=1, at_once=at_once)
    assert first == shots(tiny_pipe, others=2, at_once=at_once)
    assert len(set(first)) == 3


def test_a_sampler_without_noise_draws_what_the_pipeline_does(tiny_pipe) -> None:
    context = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(0))
    latents = torch.randn(3, 4, 4, 4, generator=torch.Generator().manual_seed(5))
    plain = tiny_pipe(
        prompt_embeds=context,
        negative_prompt_embeds=encode_prompts(tiny_pipe, [""] * 3),
        num_inference_steps=3,
        guidance_scale=2.0,
        latents=latents,
    ).images
    assert [p.tobytes() for p in plain] == shots(tiny_pipe, others=1) == shots(tiny_pipe, others=1, at_once=3)


def test_without_starting_noise_all_pictures_of_a_prompt_are_one(tiny_pipe) -> None:
    context = encode_prompts(tiny_pipe, ["a photo"])
    options = {"each": 3, "guidance": 2.0, "steps": 3, "seed": 5}
    whole, half, none = ([p.tobytes() for p in draw(tiny_pipe, context, tau=tau, **options)] for tau in (1.0, 0.5, 0.0))
    assert whole == [p.tobytes() for p in draw(tiny_pipe, context, **options)]
    assert len(set(whole)) == len(set(half)) == 3
    assert not set(whole) & set(half)
    assert len(set(none)) == 1


def test_every_arm_takes_the_bases_tau(tiny_pipe, tiny_base) -> None:
    still = replace(tiny_base, tau=0.0)
    assert len({p.tobytes() for p in draw_prompt(tiny_pipe, tiny_base, "a photo", 2, seed=1, steps=2)}) == 2
    assert len({p.tobytes() for p in draw_prompt(tiny_pipe, still, "a photo", 2, seed=1, steps=2)}) == 1
    assert still == tiny_base  # it is no part of what a base's weights are known by


def test_latents_that_are_not_finite_are_no_picture(tiny_pipe) -> None:
    with torch.no_grad():
        tiny_pipe.unet.conv_out.bias[0] = torch.inf
    with pytest.raises(DrawingError, match=r"numbers \(float32\) became NaN or infinite at step 1 of 3"):
        shots(tiny_pipe, others=1)


def test_a_picture_that_is_decoded_to_nan_is_none(tiny_pipe) -> None:
    with torch.no_grad():
        next(iter(tiny_pipe.vae.decoder.parameters())).fill_(torch.nan)
    with pytest.raises(DrawingError, match="became NaN or infinite when the picture was decoded"):
        shots(tiny_pipe, others=1)


def test_pictures_in_the_making_are_shown_to_whoever_sees_and_change_nothing(tiny_pipe) -> None:
    told: list[Progress] = []
    context = torch.randn(6, 32, 32, generator=torch.Generator().manual_seed(0))
    options = {"guidance": 2.0, "steps": 24, "seed": 5}
    plain = draw(tiny_pipe, context, **options)
    seen = draw(tiny_pipe, context, watcher=Watcher(told.append, sees=True), **options)
    assert [p.tobytes() for p in plain] == [p.tobytes() for p in seen]
    looks = [progress for progress in told if progress.pictures]
    assert LOOKS <= len(looks) <= LOOKS + 3
    assert {len(progress.pictures) for progress in looks} == {SEEN}
    assert {picture.size for picture in looks[0].pictures} == {seen[0].size}
    assert told[-1].pictures == ()  # the end is no picture in the making


def test_nothing_is_decoded_for_whoever_does_not_see(tiny_pipe) -> None:
    told: list[Progress] = []
    context = torch.randn(1, 32, 32, generator=torch.Generator().manual_seed(0))
    draw(tiny_pipe, context, guidance=2.0, steps=12, seed=5, watcher=Watcher(told.append))
    assert len(told) == 12
    assert not any(progress.pictures for progress in told)


def test_a_model_that_waits_elsewhere_is_not_fetched_to_be_looked_at(tiny_pipe) -> None:
    tiny_pipe.vae._hf_hook = object()
    try:
        assert developing(tiny_pipe, torch.zeros(1, 4, 4, 4)) == ()
    finally:
        del tiny_pipe.vae._hf_hook

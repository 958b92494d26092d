"""Drawing: what depends on the seed, and on nothing else."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDPMScheduler

from demo.models.sampling import draw, encode_prompts


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

"""The training loss: its timesteps."""

from __future__ import annotations

import torch

from demo.finetune.loss import predict


def test_a_share_of_the_schedule_that_was_rounded_to_all_of_it_is_its_last_step(tiny_pipe) -> None:
    seen: list[torch.Tensor] = []
    tiny_pipe.unet.register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    u = 0.5 + 0.5 * torch.tensor([0.0, 1 - 2**-24])
    assert u[1] == 1
    x0, context = torch.randn(2, 4, 4, 4), torch.randn(2, 5, 32)
    out, _, weight = predict(tiny_pipe, x0, context, torch.Generator().manual_seed(0), u)
    assert seen[0].tolist() == [500, 999]
    assert out.isfinite().all()
    assert weight.isfinite().all()

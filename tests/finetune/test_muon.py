from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from demo.finetune.muon import Muon, muon_and_adamw, orthogonalised


def stepped(optimiser: torch.optim.Optimizer, parameters: list[nn.Parameter], gradients: list[list[Tensor]]) -> None:
    for now in gradients:
        for parameter, gradient in zip(parameters, now, strict=True):
            parameter.grad = gradient.clone()
        optimiser.step()


def test_steps_are_nearly_orthogonal_and_lower_a_loss() -> None:
    torch.manual_seed(0)
    for shape in ((12, 40), (40, 12), (3, 12, 40)):
        singular = torch.linalg.svdvals(orthogonalised(torch.randn(shape)))
        assert 0.6 < float(singular.min()) < float(singular.max()) < 1.3
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 4, 1))
    x, y = torch.randn(64, 3, 4, 4), torch.randn(64, 1)
    losses = []
    optimisers = muon_and_adamw(model, matrices=0.02)
    assert [len(o.param_groups[0]["params"]) for o in optimisers] == [2, 2]
    for _ in range(60):
        loss = (model(x) - y).square().mean()
        model.zero_grad()
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize("shape", [(6, 20), (20, 6)])
def test_it_is_torchs_own_muon_scaled_to_adamw(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    start, gradients = torch.randn(shape), [[torch.randn(shape)] for _ in range(4)]
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    stepped(Muon([ours], lr=0.1, dtype=torch.bfloat16), [ours], gradients)
    stepped(torch.optim.Muon([theirs], lr=0.1, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"), [theirs], gradients)
    moved = (theirs - start).norm()
    assert float(((ours - theirs).norm() / moved).detach()) < 0.05  # bfloat16's products, in another order


def test_each_matrix_of_a_stack_moves_as_if_it_were_alone() -> None:
    torch.manual_seed(0)
    start = [torch.randn(3, 4, 10), torch.randn(3, 4, 10), torch.randn(3, 10, 4)]
    gradients = [[torch.randn_like(t) * torch.tensor([1e-6, 1.0, 1e3]).view(3, 1, 1) for t in start] for _ in range(3)]
    together = [nn.Parameter(t.clone()) for t in start]
    stepped(Muon(together, lr=0.1), together, gradients)
    for person in range(3):
        alone = [nn.Parameter(t[person].clone()) for t in start]
        stepped(Muon(alone, lr=0.1), alone, [[g[person] for g in now] for now in gradients])
        for stack, one in zip(together, alone, strict=True):
            torch.testing.assert_close(stack[person], one, rtol=1e-4, atol=1e-5)


def test_what_has_no_gradient_stays() -> None:
    still, moving = nn.Parameter(torch.ones(2, 3)), nn.Parameter(torch.ones(2, 3))
    moving.grad = torch.ones(2, 3)
    Muon([still, moving], lr=0.1).step()
    assert torch.equal(still, torch.ones(2, 3))
    assert not torch.equal(moving, torch.ones(2, 3))

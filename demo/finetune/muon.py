"""Muon for matrices: LoRA's A and B, and the matrices and kernels of a network.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) replaces the momentum of a matrix by the nearest
orthogonal one, so that all its directions are learned at one pace. ``torch.optim.Muon`` takes single matrices alone and
multiplies them in bfloat16, which a CPU without AVX512-BF16 does far slower than float32.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic that pulls all singular values towards 1
STEPS = 5


def orthogonalised(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The matrix U V^T of the singular value decomposition of each matrix, roughly: singular values within 0.7 to 1.2.

    Args:
        matrices: (..., rows, columns).
        dtype: in which the products are made.
    """
    a, b, c = COEFFICIENTS
    x = matrices.to(dtype)
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).to(matrices.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised.

    A parameter of three dimensions is a stack of matrices, each of which moves as if it were alone: LoRAs of K people.
    A kernel (out, in, k, k) counts as the matrix (out, in k k). Matrices of one shape are orthogonalised together.

    Args:
        parameters: of two dimensions or more, or groups of them with rates of their own.
        lr: of a step whose root mean square is scaled to AdamW's, 0.2 (Liu et al. 2025, "Muon is scalable").
        momentum: Nesterov's.
        weight_decay: decoupled, times ``lr``.
        dtype: in which the matrices are orthogonalised.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        *,
        lr: float = 3e-3,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self._dtype = dtype

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step for every parameter that has a gradient."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[tuple[nn.Parameter, Tensor]]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    ahead = self._ahead(parameter, group["momentum"])
                    stack = ahead if ahead.ndim == 3 else ahead.flatten(1)[None]
                    alike[stack.shape].append((parameter, stack))
            for shape, moved in alike.items():
                updates = orthogonalised(torch.cat([stack for _, stack in moved]), self._dtype)
                for (parameter, _), update in zip(moved, updates.split(shape[0]), strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(update.view_as(parameter), alpha=-group["lr"] * 0.2 * max(shape[1:]) ** 0.5)

    def _ahead(self, parameter: nn.Parameter, momentum: float) -> Tensor:
        """The gradient, looked ahead along its moving average, which it joins."""
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        average = state.setdefault("momentum_buffer", torch.zeros_like(parameter))
        average.lerp_(gradient, 1 - momentum)
        return gradient.lerp(average, momentum)


def muon_and_adamw(
    module: nn.Module, *, matrices: float = 3e-3, others: float = 1e-3, dtype: torch.dtype = torch.float32
) -> list[torch.optim.Optimizer]:
    """Muon for everything of two dimensions or more, AdamW for norms and biases.

    Args:
        matrices: Muon's learning rate.
        others: AdamW's.
        dtype: in which Muon orthogonalises.
    """
    parameters = [p for p in module.parameters() if p.requires_grad]
    return [
        Muon([p for p in parameters if p.ndim > 1], lr=matrices, dtype=dtype),
        torch.optim.AdamW([p for p in parameters if p.ndim < 2], lr=others, betas=(0.9, 0.99), weight_decay=0.0),
    ]

"""Muon for the matrices and kernels of a network, AdamW for the rest.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) replaces the momentum of a matrix by the nearest
orthogonal one, so that all its directions are learned at one pace. ``torch.optim.Muon`` takes matrices alone and
multiplies them in bfloat16, which a CPU without AVX512-BF16 does far slower than float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic that pulls all singular values towards 1
STEPS = 5


def orthogonalised(matrix: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The matrix U V^T of the singular value decomposition of ``matrix``, roughly: singular values within 0.7 to 1.2.

    Args:
        matrix: (rows, columns).
        dtype: in which the products are made.
    """
    a, b, c = COEFFICIENTS
    x = matrix.to(dtype)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(STEPS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised; a kernel (out, in, k, k) counts as the matrix (out, in k k).

    Args:
        parameters: of two dimensions or more.
        lr: of a step whose root mean square is scaled to AdamW's, 0.2 (Liu et al. 2025, "Muon is scalable").
        momentum: Nesterov's.
        weight_decay: decoupled, times ``lr``.
        dtype: in which the matrices are orthogonalised.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
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
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, group)

    def _move(self, parameter: nn.Parameter, group: dict[str, Any]) -> None:
        gradient, state, momentum = parameter.grad, self.state[parameter], group["momentum"]
        assert gradient is not None
        average = state.setdefault("momentum_buffer", torch.zeros_like(parameter))
        average.lerp_(gradient, 1 - momentum)
        ahead = gradient.lerp(average, momentum).flatten(1)
        update = orthogonalised(ahead, self._dtype).view_as(parameter)
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(update, alpha=-group["lr"] * 0.2 * max(ahead.shape) ** 0.5)


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

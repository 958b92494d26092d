"""Exact per-sample gradients of LoRA's A and B from one backward pass.

A layer y = W x has the gradient sum_t g_t x_t^T for a sample with tokens t, so its input and its output's gradient
are enough (Goodfellow 2015, "Efficient per-example gradient computations").
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from demo.errors import SettingsError


class PerSampleGradients:
    """Stands in for the trainable linear layers of a model, and keeps their gradients apart.

    Rows of a batch are ordered (photo, draw) first, then what is public: the photos' gradients are kept apart, each
    summed over its draws and tokens; the public rows' are summed. The layers' own gradient, which nobody needs then, is
    not computed.

    Args:
        model: with trainable parameters in bias-free linear layers alone.

    Raises:
        SettingsError: another kind of layer is trainable.
    """

    def __init__(self, model: nn.Module) -> None:
        self.private: dict[nn.Parameter, Tensor] = {}  # (photos, out, in)
        self.public: dict[nn.Parameter, Tensor] = {}  # (out, in)
        self._photos, self._draws = 0, 1
        self._layers: list[nn.Linear] = []
        found: set[nn.Parameter] = set()
        for layer in model.modules():
            own = [p for p in layer.parameters(recurse=False) if p.requires_grad]
            if isinstance(layer, nn.Linear) and own == [layer.weight]:
                self._layers.append(layer)
                found.update(own)
        other = [name for name, p in model.named_parameters() if p.requires_grad and p not in found]
        if other:
            raise SettingsError(
                f"{other[0]} is trained, but per-sample gradients are known for linear layers without bias only.",
                "Adapt attention projections alone.",
            )
        for layer in self._layers:
            layer.forward = partial(_PerSampleLinear.apply, self, layer, layer.weight)  # type: ignore[method-assign]

    def begin(self, photos: int, draws: int) -> None:
        """Forget the last batch; the next one's first ``photos * draws`` rows are private."""
        self._photos, self._draws = photos, draws
        self.private.clear()
        self.public.clear()

    def remove(self) -> None:
        """Give the layers their own forward pass back."""
        for layer in self._layers:
            vars(layer).pop("forward", None)

    def keep(self, layer: nn.Linear, x: Tensor, g: Tensor) -> None:
        """Take the gradients of one layer: of its inputs (rows, ..., in) and its output's gradient (rows, ..., out)."""
        weight = layer.weight
        assert isinstance(weight, nn.Parameter)
        x, g = x.to(weight.dtype), g.to(weight.dtype)
        rows = self._photos * self._draws
        if self._photos:
            shape = (self._photos, -1)
            private = torch.bmm(
                g[:rows].reshape(*shape, g.shape[-1]).transpose(1, 2), x[:rows].reshape(*shape, x.shape[-1])
            )
            _add(self.private, weight, private)
        if len(x) > rows:
            _add(self.public, weight, g[rows:].flatten(0, -2).T @ x[rows:].flatten(0, -2))


class _PerSampleLinear(torch.autograd.Function):
    """x W^T, whose backward pass hands the weight's gradient to a listener, kept apart by sample."""

    @staticmethod
    def forward(ctx: Any, listener: PerSampleGradients, layer: nn.Linear, weight: Tensor, x: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.listener, ctx.layer = listener, layer
        return nn.functional.linear(x, weight)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[None, None, None, Tensor | None]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        ctx.listener.keep(ctx.layer, x, g)
        return None, None, None, g @ weight if ctx.needs_input_grad[3] else None


def _add(where: dict[nn.Parameter, Tensor], weight: nn.Parameter, gradient: Tensor) -> None:
    where[weight] = where[weight] + gradient if weight in where else gradient


def norms(gradients: Sequence[Tensor]) -> Tensor:
    """Norm of each sample's whole gradient, (photos,), from one (photos, ...) tensor for each parameter."""
    return torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0).sqrt()


def clip_factors(gradients: Sequence[Tensor], clip: float) -> Tensor:
    """min(1, C / norm) for each sample (Abadi et al. 2016, algorithm 1), (photos,)."""
    return (clip / norms(gradients).clamp(min=1e-12)).clamp(max=1)

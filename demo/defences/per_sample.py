"""Exact per-sample gradients of LoRA's A and B from one backward pass.

A layer y = W x has the gradient sum_t g_t x_t^T for a sample with tokens t, so its input and its output's gradient
are enough (Goodfellow 2015, "Efficient per-example gradient computations").
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from demo.errors import SettingsError


class PerSampleGradients:
    """Stands in for the trainable linear layers of some models, and keeps their gradients apart.

    Rows of a batch are ordered (photo, draw) first, then what is public: the photos' gradients are kept apart, each
    summed over its draws and tokens; the public rows' are summed. The layers' own gradient, which nobody needs then, is
    not computed.

    All lie in one table, a row for each photo, every parameter a stretch of its columns, in memory that is kept from
    step to step: for a hundred small matrices, calls and fresh memory cost more than the arithmetic.

    Args:
        models: with trainable parameters in bias-free linear layers alone.
        parameters: all trainable parameters, in the order of the columns.

    Raises:
        SettingsError: another kind of layer is trainable.
    """

    def __init__(self, models: Sequence[nn.Module], parameters: Sequence[nn.Parameter]) -> None:
        ends = list(accumulate(p.numel() for p in parameters))
        self._columns = {p: slice(end - p.numel(), end) for p, end in zip(parameters, ends, strict=True)}
        self._photos, self._draws = 0, [1] * len(models)
        self._part = slice(0, 0)  # of the photos: those of the next backward pass
        self._private, self._public = parameters[0].new_empty(0, ends[-1]), parameters[0].new_zeros(ends[-1])
        self._seen: tuple[set[nn.Parameter], set[nn.Parameter]] = (set(), set())  # private, public
        self._layers: list[nn.Linear] = []
        for number, model in enumerate(models):
            for layer in _trainable_layers(model):
                self._layers.append(layer)
                layer.forward = partial(_PerSampleLinear.apply, self, number, layer.weight)  # type: ignore[method-assign]

    def begin(self, photos: int, draws: Sequence[int]) -> None:
        """Forget the last batch; in the next one's, a model's first ``photos * draws`` rows are private.

        Args:
            draws: of each model.
        """
        self._photos, self._draws, self._part = photos, list(draws), slice(0, photos)
        if photos > len(self._private):
            self._private = self._private.new_empty(photos, self._private.shape[1])
        for seen in self._seen:
            seen.clear()

    def add(self, photos: slice, draws: Sequence[int]) -> None:
        """After :meth:`begin`: the next backward pass has these photos alone, and is added to those before it.

        Args:
            draws: of each model, in this pass.
        """
        if not self._seen[0]:  # no parameter's numbers are of the last batch from here on
            self._private[: self._photos] = self._public[:] = 0
            for seen in self._seen:
                seen.update(self._columns)
        self._part, self._draws = photos, list(draws)

    @property
    def private(self) -> Tensor:
        """(photos, numbers), zero where no layer used a parameter. The next batch is written over it."""
        return self._filled(self._private[: self._photos], self._seen[0])

    @property
    def public(self) -> Tensor:
        """(numbers,), as :attr:`private`."""
        return self._filled(self._public, self._seen[1])

    def unscale(self, scale: float) -> None:
        """Divide what was kept by the scale of the loss.

        A photo whose gradient overflowed adds nothing in this step, which is within its clip, whatever the others do.
        """
        for table in (self.private, self.public[None]):
            table.div_(scale)
            table[~table.norm(dim=1).isfinite()] = 0

    def remove(self) -> None:
        """Give the layers their own forward pass back."""
        for layer in self._layers:
            vars(layer).pop("forward", None)

    def keep(self, model: int, weight: nn.Parameter, x: Tensor, g: Tensor) -> None:
        """Take the gradients of one layer: of its inputs (rows, ..., in) and its output's gradient (rows, ..., out)."""
        x, g = x.to(weight.dtype), g.to(weight.dtype)
        photos, columns = self._part.stop - self._part.start, self._columns[weight]
        rows = photos * self._draws[model]
        if photos:
            shape = (photos, -1)
            own = g[:rows].reshape(*shape, g.shape[-1]).transpose(1, 2), x[:rows].reshape(*shape, x.shape[-1])
            where = self._private[self._part, columns].unflatten(1, weight.shape)
            where.baddbmm_(*own, beta=float(weight in self._seen[0]))
            self._seen[0].add(weight)
        if len(x) > rows:
            where = self._public[columns].view_as(weight)
            public = g[rows:].flatten(0, -2).T, x[rows:].flatten(0, -2)
            where.addmm_(*public, beta=float(weight in self._seen[1]))
            self._seen[1].add(weight)

    def _filled(self, table: Tensor, seen: set[nn.Parameter]) -> Tensor:
        for p, columns in self._columns.items():
            if p not in seen:
                table[..., columns] = 0
        return table


class _PerSampleLinear(torch.autograd.Function):
    """x W^T, whose backward pass hands the weight's gradient to a listener, kept apart by sample."""

    @staticmethod
    def forward(ctx: Any, listener: PerSampleGradients, model: int, weight: nn.Parameter, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        ctx.listener, ctx.model, ctx.weight = listener, model, weight
        return nn.functional.linear(x, weight)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[None, None, None, Tensor | None]:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        ctx.listener.keep(ctx.model, ctx.weight, x, g)
        return None, None, None, g @ ctx.weight if ctx.needs_input_grad[3] else None


def _trainable_layers(model: nn.Module) -> list[nn.Linear]:
    layers: list[nn.Linear] = []
    for layer in model.modules():
        own = [p for p in layer.parameters(recurse=False) if p.requires_grad]
        if isinstance(layer, nn.Linear) and own == [layer.weight]:
            layers.append(layer)
    found = {layer.weight for layer in layers}
    other = [name for name, p in model.named_parameters() if p.requires_grad and p not in found]
    if other:
        raise SettingsError(
            f"{other[0]} is trained, but per-sample gradients are known for linear layers without bias only.",
            "Adapt attention projections alone.",
        )
    return layers


def norms(gradients: Tensor) -> Tensor:
    """Norm of each sample's whole gradient, (photos,), from (photos, numbers)."""
    return torch.linalg.vector_norm(gradients, dim=1)


def clip_factors(gradients: Tensor, clip: float) -> Tensor:
    """min(1, C / norm) for each sample (Abadi et al. 2016, algorithm 1), (photos,)."""
    return (clip / norms(gradients).clamp(min=1e-12)).clamp(max=1)

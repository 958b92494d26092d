"""The step of DP-SGD with Opacus' own wrapped modules in place of this project's per-sample gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from opacus import GradSampleModule
from torch import Tensor, nn

from demo.defences.base import Problem
from demo.defences.dpdm import Dpdm, DpStep


class OpacusGradients:
    """Per-sample gradients of one wrapped model, under the names that :class:`DpStep` asks for.

    Opacus keeps a gradient for every row of a batch, class images included, which are then summed.
    """

    def __init__(self, wrapped: Any, parameters: Sequence[nn.Parameter]) -> None:
        self._wrapped = wrapped
        self._parameters = [p for p in parameters if any(p is q for q in wrapped.parameters())]
        self._rows, self._photos, self._draws = 0, 0, 1
        self._found: dict[str, dict[nn.Parameter, Tensor]] = {}

    def begin(self, photos: int, draws: int) -> None:
        """Forget the last batch."""
        self._photos, self._draws, self._rows = photos, draws, photos * draws
        self._found = {}
        for p in self._parameters:
            p.grad_sample = None  # type: ignore[attr-defined]

    @property
    def private(self) -> dict[nn.Parameter, Tensor]:
        """(photos, ...) each."""
        return self._sorted()["private"]

    @property
    def public(self) -> dict[nn.Parameter, Tensor]:
        """Summed over class images."""
        return self._sorted()["public"]

    def remove(self) -> None:
        """Take Opacus off again."""
        self._wrapped.to_standard_module()

    def _sorted(self) -> dict[str, dict[nn.Parameter, Tensor]]:
        if not self._found:
            rows = {p: g for p in self._parameters if (g := getattr(p, "grad_sample", None)) is not None}
            shape = (self._photos, self._draws)
            self._found = {
                "private": {p: g[: self._rows].unflatten(0, shape).sum(1) for p, g in rows.items()}
                if self._draws > 1
                else {p: g[: self._rows] for p, g in rows.items()},
                "public": {p: g[self._rows :].sum(0) for p, g in rows.items() if len(g) > self._rows},
            }
        return self._found


class OpacusStep(DpStep):
    """All but the per-sample gradients is the project's own step."""

    def __init__(self, defence: Dpdm, problem: Problem) -> None:
        super().__init__(defence, problem)
        for listener in self._listeners:
            listener.remove()
        self._pipe: Any = problem.pipe
        self._plain = {name: getattr(self._pipe, name) for name in ("unet", "text_encoder")}
        self._listeners = []
        for name, module in self._plain.items():
            if any(p.requires_grad for p in module.parameters()):
                wrapped = wrap(module)
                setattr(self._pipe, name, wrapped)
                theirs: Any = OpacusGradients(wrapped, problem.parameters)
                self._listeners.append(theirs)

    def close(self) -> None:
        """The plain modules again."""
        super().close()
        for name, module in self._plain.items():
            module.eval()
            setattr(self._pipe, name, module)


def wrap(module: nn.Module) -> Any:
    """Opacus' module around a model of diffusers, which asks its models for more than a forward pass.

    Opacus listens in training mode alone; the models here have no dropout, so that it changes nothing else.
    """
    wrapped = GradSampleModule(module.train(), loss_reduction="sum", strict=False)
    for name in ("dtype", "device", "config"):
        object.__setattr__(wrapped, name, getattr(module, name))  # Opacus passes on submodules alone
    return wrapped


def largest_difference(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    """Relative to the largest number of each tensor."""
    worst = 0.0
    for a, b in zip(ours, theirs, strict=True):
        size = float(torch.maximum(a.abs().max(), b.abs().max()))
        worst = max(worst, float((a - b).abs().max()) / size if size else 0.0)
    return worst

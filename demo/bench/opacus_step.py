"""The step of DP-SGD with Opacus' own wrapped modules in place of this project's per-sample gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from opacus import GradSampleModule
from torch import Tensor, nn

from demo.defences.dpdm import Dpdm, DpStep
from demo.finetune.step import FineTuningTask


class OpacusGradients:
    """Per-sample gradients of wrapped models, under the names that :class:`DpStep` asks for.

    Opacus keeps a gradient for every row of a batch, class images included, which are then summed.
    """

    def __init__(self, models: Sequence[Any], parameters: Sequence[nn.Parameter]) -> None:
        self._models, self._parameters = models, parameters
        owners = {p: number for number, model in enumerate(models) for p in model.parameters()}
        self._owners = [owners[p] for p in parameters]
        self._photos, self._draws = 0, [1] * len(models)

    def begin(self, photos: int, draws: Sequence[int]) -> None:
        """Forget the last batch."""
        self._photos, self._draws = photos, list(draws)
        for p in self._parameters:
            p.grad_sample = None  # type: ignore[attr-defined]

    @property
    def private(self) -> Tensor:
        """(photos, numbers)."""
        shape = (self._photos, -1)
        return torch.cat([g[:rows].unflatten(0, shape).sum(1).flatten(1) for g, rows in self._found()], dim=1)

    @property
    def public(self) -> Tensor:
        """(numbers,), summed over class images."""
        return torch.cat([g[rows:].sum(0).flatten() for g, rows in self._found()])

    def unscale(self, scale: float) -> None:
        """Divide by the scale of the loss; a row whose gradient overflowed adds nothing."""
        for g, _ in self._found():
            g.div_(scale)
            g[~g.flatten(1).norm(dim=1).isfinite()] = 0

    def remove(self) -> None:
        """Take Opacus off again."""
        for model in self._models:
            model.to_standard_module()

    def _found(self) -> list[tuple[Tensor, int]]:
        """Of every parameter, and how many rows are private."""
        return [
            (p.grad_sample, self._photos * self._draws[owner])  # type: ignore[attr-defined]
            for p, owner in zip(self._parameters, self._owners, strict=True)
        ]


class OpacusStep(DpStep):
    """All but the per-sample gradients is the project's own step."""

    def __init__(self, defence: Dpdm, problem: FineTuningTask) -> None:
        self._pipe: Any = problem.pipe
        self._plain = {name: getattr(self._pipe, name) for name in ("unet", "text_encoder")}
        super().__init__(defence, problem)
        self._rows = len(problem.photos) * defence.noise_draws + problem.settings.class_batch  # Opacus takes no parts

    def _listener(self) -> Any:
        for name, module in self._plain.items():
            if any(p.requires_grad for p in module.parameters()):
                setattr(self._pipe, name, wrap(module))
        trained = [model for name in self._plain if isinstance(model := getattr(self._pipe, name), GradSampleModule)]
        return OpacusGradients(trained, self._problem.parameters)

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

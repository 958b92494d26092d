"""What a fine-tuning run has to remember to go on in another process exactly as if it had never been interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from demo.defences.base import Step
from demo.defences.noise import Noise
from demo.finetune.loss import Denoising
from demo.lora.files import LoraWeights


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A run after some of its steps. All tensors are on the CPU."""

    trigger: str  # secret
    latents: Tensor  # (n, c, h, w), of the photos
    prior: Tensor | None  # (m, c, h, w), of the class images
    losses: list[float]  # of all steps so far
    ended: bool  # no further step is to be taken: all are, or a stop or the defence's budget ended it
    seconds: float  # that the steps have taken
    lora: LoraWeights  # as trained so far, before the defence's release
    memory: dict[str, Any]  # of :func:`remember`


def remember(parameters: Sequence[Tensor], optimiser: torch.optim.Optimizer, step: Step) -> dict[str, Any]:
    """The state of training: parameters, moments, generators, and whatever else the step has changed in itself."""
    found: dict[str, Any] = {
        "parameters": [p.detach().clone() for p in parameters],
        "optimiser": optimiser.state_dict()["state"],
        "step": _carried(step),
        "random": torch.get_rng_state(),
    }
    if parameters and parameters[0].is_cuda:
        found["random_cuda"] = torch.cuda.get_rng_state(parameters[0].device)
    return _on_cpu(found)  # type: ignore[no-any-return]


@torch.no_grad()
def recall(memory: dict[str, Any], parameters: Sequence[Tensor], optimiser: torch.optim.Optimizer, step: Step) -> None:
    """Put a run that was begun anew, with the same settings, to where it stood."""
    for parameter, kept in zip(parameters, memory["parameters"], strict=True):
        parameter.copy_(kept)
    # The groups stay as they were made: their rates are where the schedule begins, not where it was.
    optimiser.load_state_dict({"state": memory["optimiser"], "param_groups": optimiser.state_dict()["param_groups"]})
    _carry(step, memory["step"])
    torch.set_rng_state(memory["random"])
    if "random_cuda" in memory and parameters[0].is_cuda:
        torch.cuda.set_rng_state(memory["random_cuda"], parameters[0].device)


def _carried(owner: object) -> dict[str, Any]:
    """By attribute: counters, the state of generators, models and optimisers, and the same of what draws for it."""
    found: dict[str, Any] = {}
    for name, value in vars(owner).items():
        if isinstance(value, int):
            found[name] = value
        elif isinstance(value, torch.Generator):
            found[name] = value.get_state()
        elif isinstance(value, np.random.Generator):
            found[name] = value.bit_generator.state
        elif isinstance(value, (nn.Module, torch.optim.Optimizer)):
            found[name] = value.state_dict()
        elif isinstance(value, (Denoising, Noise)):
            found[name] = _carried(value)
    return found


def _carry(owner: object, kept: dict[str, Any]) -> None:
    for name, state in kept.items():
        value = getattr(owner, name)
        if isinstance(value, int):
            setattr(owner, name, state)
        elif isinstance(value, torch.Generator):
            value.set_state(state)
        elif isinstance(value, np.random.Generator):
            value.bit_generator.state = state
        elif isinstance(value, (nn.Module, torch.optim.Optimizer)):
            value.load_state_dict(state)
        else:
            _carry(value, state)


def _on_cpu(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, dict):
        return {key: _on_cpu(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_on_cpu(item) for item in value)
    return value

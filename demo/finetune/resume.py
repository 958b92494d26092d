"""What a fine-tuning run has to remember to go on in another process exactly as if it had never been interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from demo.finetune.step import Step
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
    """The state of training: parameters, moments, the generators, and what the step says it has changed in itself."""
    found: dict[str, Any] = {
        "parameters": [p.detach().clone() for p in parameters],
        "optimiser": optimiser.state_dict()["state"],
        "step": step.state_dict(),
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
    step.load_state_dict(memory["step"])
    torch.set_rng_state(memory["random"])
    if "random_cuda" in memory and parameters[0].is_cuda:
        torch.cuda.set_rng_state(memory["random_cuda"], parameters[0].device)


def _on_cpu(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, dict):
        return {key: _on_cpu(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_on_cpu(item) for item in value)
    return value

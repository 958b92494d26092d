"""Check-points that survive kill -9, and the moving average of weights that is what ships."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Protocol

import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

from demo.errors import WeightsError
from demo.files import write_tensors


class Stateful(Protocol):
    """What a check-point can hold."""

    def state_dict(self) -> dict[str, Any]:
        """The whole state."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any:
        """Take a state back."""


class Ema:
    """Exponential moving average of a module's trainable parameters: diffusers', kept as plain tensors.

    The decay warms up: after n updates it is (1 + n) / (10 + n), until that exceeds ``decay``.
    """

    def __init__(self, module: nn.Module, *, decay: float) -> None:
        self._parameters = _trainable(module)
        # diffusers counts the warm-up from the update after this one: from -1 it begins with n = 1.
        self._average = EMAModel(self._parameters, decay=decay, update_after_step=-1, foreach=True)

    def update(self) -> None:
        """Take one step towards the present weights."""
        self._average.step(self._parameters)

    def copy_to(self, module: nn.Module) -> None:
        """Overwrite the trainable parameters of ``module`` with the average."""
        self._average.copy_to(_trainable(module))

    def state_dict(self) -> dict[str, Any]:
        """The averages, and how many updates they saw."""
        averages = {str(i): tensor for i, tensor in enumerate(self._average.shadow_params)}
        return {"updates": self._average.optimization_step, **averages}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the averages back."""
        self._average.optimization_step = int(state_dict["updates"])
        for i, average in enumerate(self._average.shadow_params):
            average.copy_(state_dict[str(i)])


class Checkpoint:
    """One safetensors file that holds the state of several objects and a count of pictures.

    Args:
        folder: where; the file is ``folder/checkpoint.safetensors``.
        parts: name -> object. Optimisers are stored tensor by tensor: no pickle anywhere.
        every_seconds: at most this long between two check-points.
        writes: whether this process does; of several that train together only one may.
        run: what the check-point belongs to, if it is to be resumed by that alone.
    """

    def __init__(
        self,
        folder: Path,
        parts: dict[str, Stateful],
        *,
        every_seconds: float = 300,
        writes: bool = True,
        run: str = "",
    ) -> None:
        self._writes, self._run = writes, run
        self.path = folder / "checkpoint.safetensors"
        self._parts, self._every, self._last = parts, every_seconds, time.time()

    def tick(self, seen: int) -> None:
        """Save if it is time."""
        if time.time() - self._last > self._every:
            self.save(seen)

    def save(self, seen: int) -> None:
        """Write the check-point, whole or not at all."""
        if not self._writes:
            return
        tensors: dict[str, Tensor] = {}
        for name, part in self._parts.items():
            for key, value in _flatten(part.state_dict()).items():
                tensors[f"{name}/{key}"] = value.clone() if isinstance(value, Tensor) else torch.tensor(value)
        write_tensors(self.path, tensors, {"seen": str(seen), "run": self._run})
        self._last = time.time()

    def resume(self) -> int:
        """Load the check-point if there is one.

        Returns:
            the number of pictures seen so far; 0 for a fresh start.

        Raises:
            WeightsError: it belongs to another run.
        """
        if not self.path.exists():
            return 0
        from safetensors import safe_open

        with safe_open(self.path, framework="pt") as file:
            notes = file.metadata()
            if notes.get("run", "") != self._run:
                raise WeightsError(
                    f"{self.path} is of other settings or of another base.",
                    f"Move the folder {self.path.parent} away or delete it, or take another --work.",
                )
            seen = int(notes["seen"])
            for name, part in self._parts.items():
                prefix = f"{name}/"
                found = {key[len(prefix) :]: file.get_tensor(key) for key in file.keys() if key.startswith(prefix)}  # noqa: SIM118
                if isinstance(part, torch.optim.Optimizer):
                    state: dict[int, dict[str, Tensor]] = {}
                    for key, value in found.items():
                        index, field = key.split("/", 1)
                        state.setdefault(int(index), {})[field] = value
                    part.load_state_dict({"state": state, "param_groups": part.state_dict()["param_groups"]})
                else:
                    part.load_state_dict(found)
        print(f"resumed {self.path} at {seen}", flush=True)
        return seen


def seen_by(path: Path) -> int:
    """How many pictures a check-point's weights have seen."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return int(file.metadata()["seen"])


def _trainable(module: nn.Module) -> list[nn.Parameter]:
    return [p for p in module.parameters() if p.requires_grad]


def _flatten(state: dict[str, Any]) -> dict[str, Any]:
    if set(state) == {"state", "param_groups"}:  # an optimiser: its groups are rebuilt by the trainer
        return {f"{index}/{field}": value for index, entry in state["state"].items() for field, value in entry.items()}
    return state

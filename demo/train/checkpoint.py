"""Check-points that survive kill -9, and the moving average of weights that is what ships."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Protocol

import torch
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
    """Exponential moving average of a module's parameters, with a warm-up of the decay."""

    def __init__(self, module: nn.Module, *, decay: float) -> None:
        self._parameters = [p for p in module.parameters() if p.requires_grad]
        self._shadow = [p.detach().clone() for p in self._parameters]
        self._decay, self._updates = decay, 0

    @torch.no_grad()
    def update(self) -> None:
        """Take one step towards the present weights."""
        self._updates += 1
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        torch._foreach_lerp_(self._shadow, [p.detach() for p in self._parameters], 1 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Overwrite the trainable parameters of ``module`` with the average."""
        for p, shadow in zip([p for p in module.parameters() if p.requires_grad], self._shadow, strict=True):
            p.copy_(shadow)

    def state_dict(self) -> dict[str, Any]:
        """The averages, and how many updates they saw."""
        return {"updates": self._updates, **{str(i): t for i, t in enumerate(self._shadow)}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the averages back."""
        self._updates = int(state_dict["updates"])
        for i, shadow in enumerate(self._shadow):
            shadow.copy_(state_dict[str(i)])


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


def _flatten(state: dict[str, Any]) -> dict[str, Any]:
    if set(state) == {"state", "param_groups"}:  # an optimiser: its groups are rebuilt by the trainer
        return {f"{index}/{field}": value for index, entry in state["state"].items() for field, value in entry.items()}
    return state

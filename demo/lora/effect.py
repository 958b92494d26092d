"""Whether a LoRA can show anything: one that changes nothing draws the base's own pictures, a huge one none at all."""

from __future__ import annotations

import torch

from demo.errors import LoraFileError
from demo.lora.files import LoraWeights
from demo.lora.layouts import some

LARGEST_HALF = float(torch.finfo(torch.float16).max)  # models draw in 16 bits on accelerators
FAINTEST = 1e-9  # about a 32-bit rounding of a weight of 0.01: entries below it leave a model's weights as they are
DIVERGED = 100.0  # no weight of a Stable Diffusion model comes near
MUCH = 1e6  # how far the product of the norms may be above the largest entry
OTHER_FILE = "Use a file from another run"


def check_effect(name: str, lora: LoraWeights) -> None:
    """Refuse a file that changes nothing, and one whose updates are too large to draw with.

    Args:
        name: what errors call the file.

    Raises:
        LoraFileError: no update alpha / rank * B A has entries that a 32-bit weight would show, or one has entries
            beyond 16-bit numbers.
    """
    zeros: dict[str, int] = {"B": 0, "A": 0, "alpha": 0}
    idle: list[float] = []
    huge: list[tuple[str, float]] = []
    modules = lora.modules()
    for module in modules:
        size = _Size(lora, module)
        zeros["A"] += size.norms[0] == 0
        zeros["B"] += size.norms[1] == 0
        zeros["alpha"] += size.scale == 0
        if size.bound < MUCH * FAINTEST and size.largest() < FAINTEST:
            idle.append(size.largest())
        if size.bound > LARGEST_HALF and size.largest() > LARGEST_HALF:
            huge.append((module, size.largest()))
    if huge:
        module, largest = max(huge, key=lambda found: found[1])
        raise LoraFileError(
            f"The updates of {len(huge)} of the {len(modules)} layers of {name} have entries beyond "
            f"{LARGEST_HALF:,.0f}, where 16-bit numbers end; the largest is {largest:.2g}, of {some([module])}.",
            f"{OTHER_FILE}: training that diverges writes such numbers.",
        )
    if len(idle) == len(modules):
        raise _idle(name, zeros, len(modules), max(idle, default=0.0))


def noise_notice(lora: LoraWeights) -> str | None:
    """What to say of updates that no training that went well makes; None where all are of a usual size."""
    sizes = (_Size(lora, module) for module in lora.modules())
    largest = max((size.largest() for size in sizes if size.bound > DIVERGED), default=0.0)
    if largest <= DIVERGED:
        return None
    return (
        f"The file's updates have entries up to {largest:,.0f}, far beyond a model's own weights. Training that "
        "diverges writes such numbers, and the pictures will be noise."
    )


class _Size:
    """How large the entries of a layer's update are."""

    def __init__(self, lora: LoraWeights, module: str) -> None:
        self._a, self._b = (matrix.double() for matrix in lora.matrices(module))
        self.scale = abs(lora.scale(module))
        self.norms = float(torch.linalg.norm(self._a)), float(torch.linalg.norm(self._b))
        self.bound = self.scale * self.norms[0] * self.norms[1]  # no entry is larger

    def largest(self) -> float:
        """The largest entry, without sign."""
        return float((self.scale * (self._b @ self._a)).abs().max())


def _idle(name: str, zeros: dict[str, int], layers: int, largest: float) -> LoraFileError:
    remedies = {
        "B": "B is zero before training begins, and numbers below 0.00000003 become zero in 16 bits. "
        f"{OTHER_FILE}, or save it in 32 bits.",
        "A": f"{OTHER_FILE}.",
        "alpha": "Give the alpha that it was trained with; kohya's own loader takes an alpha of 0 for the rank.",
    }
    what = {"B": "its B matrices are all zeros", "A": "its A matrices are all zeros", "alpha": "its alphas are all 0"}
    for part, count in zeros.items():
        if count == layers:
            return LoraFileError(f"{name} changes nothing: {what[part]}, so every update is zero.", remedies[part])
    entries = f"no entry of the update is beyond {largest:.2g}" if largest else "every entry of the update is zero"
    return LoraFileError(
        f"{name} changes nothing: in each of its layers {entries}; what is below {FAINTEST:.9f} is lost in the "
        "rounding of a model's 32-bit weights.",
        f"{OTHER_FILE}.",
    )

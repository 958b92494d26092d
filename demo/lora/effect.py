"""Whether a LoRA can show anything: one that changes nothing draws the base's own pictures, a huge one none at all."""

from __future__ import annotations

import torch

from demo.errors import LoraFileError
from demo.lora.files import LoraWeights
from demo.lora.layouts import some

LARGEST_HALF = float(torch.finfo(torch.float16).max)  # models draw in 16 bits on accelerators
SMALLEST_SINGLE = 2.0**-150  # what is smaller is zero in 32 bits
OTHER_FILE = "Use a file from another run"


def check_effect(name: str, lora: LoraWeights) -> None:
    """Refuse a file that changes nothing, and one whose updates are too large to draw with.

    Args:
        name: what errors call the file.

    Raises:
        LoraFileError: every update alpha / rank * B A is zero, or one has entries beyond 16-bit numbers.
    """
    zeros: dict[str, int] = {"B": 0, "A": 0, "alpha": 0}
    idle = 0
    huge: list[tuple[str, float]] = []
    modules = lora.modules()
    for module in modules:
        a, b = (matrix.double() for matrix in lora.matrices(module))
        scale = abs(lora.scale(module))
        norms = float(torch.linalg.norm(a)), float(torch.linalg.norm(b))
        zeros["A"] += norms[0] == 0
        zeros["B"] += norms[1] == 0
        zeros["alpha"] += scale == 0
        bound = scale * norms[0] * norms[1]  # no entry of the update is larger
        idle += bound < SMALLEST_SINGLE
        if bound > LARGEST_HALF:
            largest = float((scale * (b @ a)).abs().max())
            if largest > LARGEST_HALF:
                huge.append((module, largest))
    if huge:
        module, largest = max(huge, key=lambda found: found[1])
        raise LoraFileError(
            f"The updates of {len(huge)} of the {len(modules)} layers of {name} have entries beyond "
            f"{LARGEST_HALF:,.0f}, where 16-bit numbers end; the largest is {largest:.2g}, of {some([module])}.",
            f"{OTHER_FILE}: training that diverges writes such numbers.",
        )
    if idle == len(modules):
        raise _idle(name, zeros, len(modules))


def _idle(name: str, zeros: dict[str, int], layers: int) -> LoraFileError:
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
    return LoraFileError(
        f"{name} changes nothing: in each of its layers the update of alpha, B and A is zero in 32 bits.",
        f"{OTHER_FILE}.",
    )

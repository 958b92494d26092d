"""The pre-flight of Shake-to-Leak: whole models are trained, in 32 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from demo.errors import PreflightError
from demo.hardware.devices import Device, find_device
from demo.hardware.zero_gpu import LONGEST_S, zero_gpu
from demo.models.bases import BUNDLED, Base
from demo.models.load import architecture_of
from demo.models.sampling import AT_ONCE
from demo.preflight.check import Estimate, check, drawn, dry_of, estimated
from demo.preflight.cost import NOTHING
from demo.preflight.probe import Speed
from demo.shake.methods.base import Trained
from demo.shake.model import ShakeSettings
from demo.shake.plan import Planned

SPARE = 3  # copies of all weights beside the model's: as they were found, and Adam's two moments


def estimate_shaking(
    base: Base,
    settings: ShakeSettings,
    arms: Sequence[Planned],
    *,
    device: Device | None = None,
    speed: Speed | None = None,
) -> Estimate:
    """An experiment of these arms; what the attacks take besides drawing is not counted.

    Methods that train a part alone are counted as if all activations were kept, which they nearly are.

    Raises:
        WeightsError: the base's configuration cannot be had.
    """
    device = device or find_device()
    dry = dry_of(architecture_of(base), torch.float32)
    whole, work, spare = device.kind == "cpu", NOTHING, 0.0
    at_once, decoded = (AT_ONCE, AT_ONCE) if whole else (AT_ONCE, 1)
    pictures = settings.size * len({arm.source for arm in arms} - {"none", "members"})
    pictures += settings.generations * (1 + len(arms))
    work += drawn(dry, pictures, at_once, base.sampling_steps, decoded)
    for arm in arms:
        if isinstance(arm.method, Trained):
            tuning = arm.method.tuning(base)
            rows = tuning.batch + (tuning.class_batch if arm.method.prior else 0)
            work += dry.train(rows) * tuning.steps
            if arm.method.all_weights:
                spare = SPARE * dry.weights
    found = estimated("shaking", base, dry, device, speed, work)
    return replace(found, memory=found.memory + spare)


def check_shaking(base: Base, settings: ShakeSettings, arms: Sequence[Planned], *, held: float = 0.0) -> None:
    """Refuse an experiment that this machine cannot do. Not examined: bundled bases.

    Args:
        held: see :func:`demo.preflight.check.check_tuning`.

    Raises:
        PreflightError: see :func:`demo.preflight.check.check`; or ZeroGPU's turns are too short for an arm.
    """
    if base.bundled:
        return
    if zero_gpu():
        raise PreflightError(
            f"Shaking {base.title} takes longer than the {LONGEST_S:.0f} s that ZeroGPU lends a GPU for, and no arm "
            "can be interrupted.",
            f"Choose the bundled base '{BUNDLED}', or run the app on a machine with a GPU of its own.",
        )
    device = find_device()
    check(estimate_shaking(base, settings, arms, device=replace(device, free=device.free + held)), base)

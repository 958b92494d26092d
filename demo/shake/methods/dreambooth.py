"""DreamBooth (Ruiz et al. 2023): every weight, with class images beside the set, so that the class stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from demo.shake.methods.end_to_end import EndToEnd


class DreamBooth(EndToEnd):
    """End-to-end with prior preservation (their equation 2).

    The instance prompt is the target's own: Shake-to-Leak binds no new word, it wants what the known name stands for.
    """

    key: ClassVar[str] = "dreambooth"
    title: ClassVar[str] = "DreamBooth"
    explanation: ClassVar[str] = (
        "All weights are trained on, half on the set and half on pictures of people in general, so that the model "
        "learns the one person without forgetting the others."
    )
    rates: ClassVar[Mapping[str, float]] = {"face64-cpu": 3e-5, "sd-gpu": 1e-6}
    prior: ClassVar[bool] = True

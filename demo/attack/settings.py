"""How an attack draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from demo.finetune.settings import find_preset
from demo.settings import Settings

if TYPE_CHECKING:
    from demo.models.bases import Base


class AttackSettings(Settings):
    """How many pictures, how they are drawn, and what the adversary assumes."""

    samples: int = Field(8, ge=1, le=64)
    seed: int = 1
    steps: int | None = Field(None, ge=1, le=200)  # sampling steps; None: the base's own
    extrapolate: bool = True  # guide by the public model (demo.attack.guidance); else as an ordinary user draws
    guidance: float | None = Field(None, ge=1, le=20)  # None: the base's own for this way of guiding
    fine_tuning_steps: int | None = Field(None, ge=1)  # the encoder's timestep; None: the base's public default

    def weight(self, base: Base) -> float:
        """Guidance weight w."""
        return self.guidance or (base.extrapolation if self.extrapolate else base.guidance)

    def said(self, base: Base) -> dict[str, object]:
        """What to name in a report: these settings with the base's own in place of what was left open."""
        return self.model_dump() | {
            "guidance": self.weight(base),
            "steps": self.steps or base.sampling_steps,
            "tau": base.tau,
            "fine_tuning_steps": self.fine_tuning_steps or find_preset(base.preset).steps,
        }

"""How an audit is done."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from demo.settings import Settings

Mode = Literal["gradients", "file"]
FEWEST = 8  # trials: two of either kind to choose the threshold, two to test it


class AuditSettings(Settings):
    """What the adversary sees, how often the game is played, how sure the answer has to be."""

    mode: Mode = "gradients"  # every noisy gradient, as the theorem of DP-SGD allows; or the released file alone
    trials: int = Field(400, ge=FEWEST, le=1_000_000)
    confidence: float = Field(0.95, ge=0.5, lt=1)
    steps: int = Field(4, ge=1, le=1000)  # of fine-tuning in each trial
    loss_draws: int = Field(16, ge=1, le=1024)  # "file": draws of noise and timestep in each score
    references: int = Field(3, ge=1, le=32)  # "file": canaries that are never trained on, to compare with
    canary_seed: int = 0
    seed: int | None = None  # for tests: makes a run repeatable; None: the operating system's

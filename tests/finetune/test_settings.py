from __future__ import annotations

import pytest
import torch
from diffusers.optimization import get_scheduler

from demo.finetune.settings import LoraSettings


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_learning_rates_are_diffusers_own(schedule: str) -> None:
    settings = LoraSettings(steps=7, lr=0.5, lr_schedule=schedule)
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=settings.lr)
    theirs = get_scheduler(schedule, optimiser, num_warmup_steps=0, num_training_steps=settings.steps)
    for step in range(settings.steps):
        assert settings.lr_at(step) == pytest.approx(optimiser.param_groups[0]["lr"])
        optimiser.step()
        theirs.step()

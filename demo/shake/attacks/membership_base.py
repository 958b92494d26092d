"""What all attacks on membership have in common: what their settings can say, and the loop over the pictures."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from demo.progress import Progress, Watcher
from demo.settings import Settings

BATCH = 32
STAGE = "membership inference"


class MembershipSettings(Settings):
    """Base of the attacks' settings, whose defaults are each attack's own."""

    @property
    def calls(self) -> int:
        """UNet calls a picture."""
        raise NotImplementedError

    def check(self, length: int) -> None:
        """Refuse what a schedule of ``length`` steps cannot do.

        Raises:
            SettingsError: such as a time beyond it.
        """
        raise NotImplementedError


def in_batches(count: int, batch: int, watcher: Watcher, score: Callable[[slice], Tensor]) -> Tensor:
    """Scores of ``count`` pictures, (count,), made ``batch`` at once.

    Args:
        watcher: told after every batch, with the time that is left.
        score: of the pictures of a slice.
    """
    found, began = [torch.empty(0)], time.monotonic()
    for start in range(0, count, batch):
        found.append(score(slice(start, start + batch)))
        done = min(start + batch, count)
        left = (time.monotonic() - began) / done * (count - done)
        watcher.tell(Progress(STAGE, done, count, eta_s=left))
    return torch.cat(found)

"""Where the metrics' networks come from: a folder of the project, or a pinned revision on the Hub.

Safetensors only. Nothing is downloaded where :func:`demo.models.offline.offline` forbids it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.errors import WeightsError
from demo.hardware.zero_gpu import zero_gpu
from demo.models.offline import offline
from demo.paths import shown

RETRY_S = 300.0


@dataclass(frozen=True)
class Unavailable:
    """Why a network, and what needs it, cannot be had here, in words for a person."""

    reason: str


@dataclass(frozen=True)
class NetworkSource:
    """A transformers model."""

    title: str
    place: str  # Hub id, or a folder
    revision: str | None = None  # pinned commit on the Hub; None for a folder

    def missing(self, file: str = "model.safetensors") -> Unavailable | None:
        """Why the model cannot be had, or None if it is here or may be downloaded."""
        if self.revision is None:
            path = Path(self.place) / file
            return None if path.is_file() else Unavailable(f"{self.title} is not there: {shown(path)} is missing.")
        from huggingface_hub import try_to_load_from_cache

        if isinstance(try_to_load_from_cache(self.place, file, revision=self.revision), str):
            return None
        switched_off = offline()
        if switched_off is None:
            return None
        return Unavailable(
            f"{self.title} ({self.place}) is not in the Hub cache, and {switched_off} forbids downloads."
        )

    def load(self, loader: Callable[..., Any], *, weights: bool = True, **more: Any) -> Any:
        """Call a transformers ``from_pretrained``.

        Args:
            loader: ``SomeClass.from_pretrained``.
            weights: whether it loads weights (or only a tokenizer's or processor's settings).
            more: passed on to the loader.

        Raises:
            WeightsError: missing, damaged or not reachable. Trying an unreachable Hub takes most of a minute, so a
                failure stands for RETRY_S seconds before the Hub is asked again.
        """
        if (failure := _failures.get(self)) is not None and time.monotonic() - failure[0] < RETRY_S:
            raise WeightsError(failure[1].problem, failure[1].remedy)
        options: dict[str, Any] = more | ({"use_safetensors": True} if weights else {})
        if self.revision is not None:
            options |= {"revision": self.revision}
        try:
            return loader(self.place, local_files_only=self.revision is None or offline() is not None, **options)
        except Exception as error:  # transformers, huggingface_hub, httpx and safetensors each raise their own
            name = self.place if self.revision else shown(Path(self.place))
            detail = " ".join(str(error).split()).replace(self.place, name)[:200]
            problem = f"{self.title} ({name}) cannot be loaded: {detail}."
            if self.revision is None:
                raise WeightsError(problem, "Restore the folder from the repository.") from error
            failed = WeightsError(problem, "Connect to the Hub once, or leave this metric out.")
            if offline() is None:
                _failures[self] = (time.monotonic(), failed)
            raise failed from error


_failures: dict[NetworkSource, tuple[float, WeightsError]] = {}


def torch_device(device: str) -> str:
    """``device``, with "auto" resolved to cuda where there is one."""
    if device != "auto":
        return device
    import torch

    return "cuda" if torch.cuda.is_available() and not zero_gpu() else "cpu"

"""The ledger: what a defended file has cost, and what that does and does not prove. Beside the LoRA, never inside."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from demo.files import write_text

FORMAT = "lora-leak-ledger/1"
Guarantee = Literal["proved", "nominal", "none"]


@dataclass(frozen=True)
class Ledger:
    """What was spent. Epsilons are at ``delta``; None where the mechanism earns none.

    ``nominal``: a figure that is quoted for the mechanism although no proof holds for the way it is used here.
    """

    defence: str  # key of the registry
    title: str
    guarantee: Guarantee
    sentences: tuple[str, ...]  # in plain language, the first one the most important
    settings: Mapping[str, object]  # of the defence; no seed, no trigger
    steps: int  # taken
    photos: int  # N
    sigma: float | None = None  # noise multiplier: standard deviation of the noise over the clipping norm
    q: float | None = None  # sampling rate of a photo in a step
    clip: float | None = None  # C
    accountant: str | None = None
    delta: float | None = None
    photo_epsilon: float | None = None  # neighbours differ by one photo, added or removed
    person_epsilon: float | None = None  # neighbours differ by all N photos: they show one person
    neighbouring: str = ""
    noise: str = ""  # where the random numbers came from
    versions: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Strict JSON values: infinities and NaN become null."""
        return {"format": FORMAT} | {key: _strict(value) for key, value in dataclasses.asdict(self).items()}

    def epsilons(self) -> str:
        """Both levels in a few words; empty where there are none."""
        if self.photo_epsilon is None and self.person_epsilon is None:
            return ""
        parts = [
            f"{level} level ε = {value:.3g}"
            for level, value in (("photo", self.photo_epsilon), ("person", self.person_epsilon))
            if value is not None
        ]
        kind = "" if self.guarantee == "proved" else " (nominal, no guarantee)"
        return f"{', '.join(parts)} at δ = {self.delta:g}{kind}"


def write_ledger(lora: Path, ledger: Ledger) -> Path:
    """Write ``<name>.ledger.json`` beside a LoRA file; its path.

    Raises:
        OutputError: the folder cannot be written.
    """
    text = json.dumps(ledger.as_json(), allow_nan=False, indent=1, ensure_ascii=False) + "\n"
    return write_text(lora.with_suffix(".ledger.json"), text)


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

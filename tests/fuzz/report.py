"""What a run of a fuzzer found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Report:
    """Inputs tried, what became of them, and what must not be: crashes and wrong causes."""

    name: str
    tries: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # reason -> how many
    crashes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

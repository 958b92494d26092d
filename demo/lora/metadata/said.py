"""One thing that a header says, as the readers of this package tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["high", "medium", "low"]  # names the person or calls them up; helps to find or attack; the rest


@dataclass(frozen=True)
class Said:
    """A :class:`demo.lora.metadata.leak.Finding` with texts of any length and any characters."""

    kind: str
    what: str
    where: str
    value: str
    why: str
    severity: Severity


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for long lists."""
    return frozenset(text.split())

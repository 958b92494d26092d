"""A ledger in words: the kind of guarantee, and both epsilons."""

from __future__ import annotations

import math

from demo.lora.ledger import Guarantee, Ledger

WORDS: dict[Guarantee, str] = {"proved": "Proved", "nominal": "Nominal, no guarantee", "none": "No guarantee"}
LEVELS = (
    ("Photo level", "photo_epsilon", "one photo more or less"),
    ("Person level", "person_epsilon", "all of the photos: they show one person"),
)


def line(ledger: Ledger) -> str:
    """The kind of guarantee and both epsilons, for a line under a picture."""
    word = WORDS[ledger.guarantee]
    known = [
        f"{title.lower()} {epsilon(value)}" for title, name, _ in LEVELS if (value := getattr(ledger, name)) is not None
    ]
    return f"{word}: {', '.join(known)}, δ = {ledger.delta:g}." if known and ledger.delta else f"{word}."


def words(ledger: Ledger) -> list[str]:
    """Sentences for a report that names the defence."""
    return [f"Defence: {ledger.title}. {line(ledger)}", *ledger.sentences]


def epsilon(value: float) -> str:
    """An epsilon as it is read; infinity says what it means."""
    return f"ε = {value:.3g}" if math.isfinite(value) else "ε = ∞, no bound"

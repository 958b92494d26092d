"""``python -m demo.bench plan``: from the figures of ``gpu``, hours and cost of training the encoder for 1.4.

    hours = (P * S * t_step + M * t_identity) / 3600        cost = hours * price

P people in the zoo, S fine-tuning steps each at t_step seconds (one person at a time), M identity-updates at
t_identity seconds each. Algorithm 2 literally fine-tunes as it goes: hours = M * t_literal / 3600.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.bench.random_base import preset
from demo.errors import SettingsError

UPDATES = 100_000  # M, the paper's
PEOPLE = 2000  # P, the zoo that weights/TRAINING.md asks for
LITERAL, STEP = "Algorithm 2 literally, K = 1", "batch 1"


@dataclass(frozen=True)
class Plan:
    """One way to train it."""

    title: str
    zoo_hours: float
    update_hours: float
    price: float  # of an hour

    @property
    def hours(self) -> float:
        """In all."""
        return self.zoo_hours + self.update_hours

    @property
    def cost(self) -> float:
        """In the currency of the price."""
        return self.hours * self.price

    def __str__(self) -> str:
        return (
            f"{self.title}: {self.hours:,.1f} h ({self.zoo_hours:,.1f} h for the zoo, {self.update_hours:,.1f} h of "
            f"updates), {self.cost:,.0f} at {self.price:g} an hour"
        )


def plans(found: dict[str, Any], price: float, updates: int = UPDATES, people: int = PEOPLE) -> list[Plan]:
    """A plan for every row of encoder training that was measured.

    Args:
        found: what :func:`demo.bench.gpu.bench` returns.
        price: of an hour.

    Raises:
        SettingsError: figures are missing, or are those of tiny models.
    """
    if found.get("what") != "gpu" or found.get("warning"):
        raise SettingsError(
            f"These are no figures of a GPU{': ' + found['warning'] if found.get('warning') else ''}.",
            "Measure first: python -m demo.bench gpu --out FILE",
        )
    rows = found["sections"].get("encoder", {})
    measured = {name: row["seconds_per_identity"] for name, row in rows.items() if "seconds_per_identity" in row}
    step = found["sections"].get("lora", {}).get(STEP, {}).get("seconds")
    made = []
    for name, seconds in measured.items():
        if name == LITERAL:
            made.append(Plan(name, 0.0, updates * seconds / 3600, price))
        elif step is not None:
            made.append(Plan(name, people * preset().steps * step / 3600, updates * seconds / 3600, price))
    if not made:
        raise SettingsError("There are no figures of encoder training.", "Look in the file why they failed.")
    return made


def show(path: Path, price: float, updates: int = UPDATES, people: int = PEOPLE) -> list[Plan]:
    """Print the plans, with the formula.

    Raises:
        SettingsError: the file cannot be read, or see :func:`plans`.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.", "Give a file of: python -m demo.bench gpu") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{path} holds no figures of a GPU.", "Give a file of: python -m demo.bench gpu")
    made = plans(found, price, updates, people)
    print(f"{found['device']}, {found['dtype']}; M = {updates:,} identity-updates, P = {people:,} people in the zoo,")
    print(f"S = {preset().steps:,} steps each. hours = (P S t_step + M t_identity) / 3600; cost = hours x price")
    for plan in made:
        print(f"  {plan}")
    return made

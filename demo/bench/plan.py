"""``python -m demo.bench plan``: from the figures of ``gpu``, hours and cost of training the encoder for 1.4.

    hours = (P * S * t_step + M * t_identity) / 3600        cost = hours * price

P people in the zoo, S fine-tuning steps each at t_step seconds (one person at a time), M identity-updates at
t_identity seconds each. Algorithm 2 literally fine-tunes as it goes: hours = M * t_literal / 3600. It meets a new
person every (S + 1) / 2 updates. A zoo has to be built before the first update, and is there for every further
encoder: it is the cheaper way from P * S * t_step / (t_literal - t_identity) updates on, of all encoders together.

For a device on which nothing was measured there is an estimate: the floating-point operations of a step are the same
everywhere, so t = FLOPs / (share * peak), for a peak and a share of it that are assumed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
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


def plans(
    found: dict[str, Any],
    price: float,
    updates: int = UPDATES,
    people: int = PEOPLE,
    *,
    flop_per_s: float | None = None,
) -> list[Plan]:
    """A plan for every row of encoder training that was measured.

    Args:
        found: what :func:`demo.bench.gpu.bench` returns.
        price: of an hour.
        flop_per_s: what another device is assumed to do; None for the one that was measured.

    Raises:
        SettingsError: figures are missing, or are those of tiny models.
    """
    if found.get("what") != "gpu" or found.get("warning"):
        raise SettingsError(
            f"These are no figures of a GPU{': ' + found['warning'] if found.get('warning') else ''}.",
            "Measure first: python -m demo.bench gpu --out FILE",
        )
    rows = found["sections"].get("encoder", {})
    measured = {name: row for name, row in rows.items() if "seconds_per_identity" in row}
    lora = found["sections"].get("lora", {}).get(STEP, {})
    step = _seconds(lora, 1, flop_per_s) if "seconds" in lora else None
    made = []
    for name, row in measured.items():
        seconds = row["seconds_per_identity"] if flop_per_s is None else _seconds(row, row["people"], flop_per_s)
        if name == LITERAL:
            made.append(Plan(name, 0.0, updates * seconds / 3600, price))
        elif step is not None:
            made.append(Plan(name, people * preset().steps * step / 3600, updates * seconds / 3600, price))
    if not made:
        raise SettingsError("There are no figures of encoder training.", "Look in the file why they failed.")
    return made


def _seconds(row: dict[str, Any], people: int, flop_per_s: float | None) -> float:
    return float(row["seconds"] if flop_per_s is None else row["flops"] / flop_per_s) / people


def show(
    path: Path,
    price: float,
    updates: int = UPDATES,
    people: int = PEOPLE,
    *,
    peak: float | None = None,
    shares: Sequence[float] = (),
) -> list[Plan]:
    """Print the plans, with the formula.

    Args:
        peak: FLOP/s of another device, for which the plans are then an estimate, one for each of ``shares``.

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
    print(f"M = {updates:,} identity-updates, P = {people:,} people in the zoo, S = {preset().steps:,} steps each.")
    print("hours = (P S t_step + M t_identity) / 3600; cost = hours x price")
    print(f"Algorithm 2 meets {updates / ((preset().steps + 1) / 2):,.0f} people.")
    if peak is None:
        print(f"{found['device']}, {found['dtype']}, as measured:")
        _print(made, updates)
        return made
    print("An estimate, nothing of it measured on such a device: t = FLOPs / (share x peak), FLOPs as counted")
    print(f"on {found['device']} in {found['dtype']}, share and peak as given.")
    made = []
    for share in shares:
        print(f"{share:.0%} of {peak / 1e12:,.0f} TFLOP/s:")
        those = plans(found, price, updates, people, flop_per_s=share * peak)
        _print(those, updates)
        made += those
    return made


def pays_from(literal: Plan, zoo: Plan, updates: int) -> float:
    """Updates from which on a zoo is cheaper than Algorithm 2; infinite where it never is."""
    saved = (literal.update_hours - zoo.update_hours) / updates
    return zoo.zoo_hours / saved if saved > 0 else math.inf


def _print(made: list[Plan], updates: int) -> None:
    literal = next((plan for plan in made if plan.title == LITERAL), None)
    for plan in made:
        pays = ""
        if literal is not None and plan is not literal:
            pays = f"; cheaper than Algorithm 2 from {pays_from(literal, plan, updates):,.0f} updates on"
        print(f"  {plan}{pays}")

"""A class: each pupil a fictional person and a defence; what all of them found, as numbers, in memory alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from threading import Lock

from demo.defences.base import Defence
from demo.metrics.registry import IDENTITY
from demo.report import LeakReport
from demo.report.arms import CHANCE, OWNER, is_attack


@dataclass(frozen=True)
class Seat:
    """What a pupil is given."""

    number: int  # from 1, in the order of joining
    person: int  # index among the fictional people
    defence: Defence


@dataclass(frozen=True)
class Found:
    """What a pupil's story showed: mean distances to the person's photos, smaller is nearer; NaN: not measured."""

    seat: Seat
    useful: float  # of the owner's pictures
    leaked: float  # of the nearest attack's pictures
    chance: float  # of people who have nothing to do with the file
    leak: bool  # by the verdict's rule


class Classroom:
    """Seats and what was found at them. A pupil is known by the visitor's id, a random word that tells nothing else.

    Args:
        people: number of fictional people.
        plan: defences, one after the other for each new seat; one of them may be none.
    """

    def __init__(self, people: int, plan: Sequence[Defence]) -> None:
        self._people, self._plan = people, tuple(plan)
        self._lock = Lock()
        self._numbers = count(1)
        self._seats: dict[str, Seat] = {}
        self._found: dict[int, Found] = {}

    def seat(self, visitor_id: str) -> Seat:
        """The visitor's seat, or a new one. With as many people as defences every pair comes up in time."""
        with self._lock:
            if visitor_id not in self._seats:
                number = next(self._numbers)
                turn = (number - 1) // len(self._plan)  # so that a defence meets another person in the next round
                person = (number - 1 + turn) % max(1, self._people)
                self._seats[visitor_id] = Seat(number, person, self._plan[(number - 1) % len(self._plan)])
            return self._seats[visitor_id]

    def record(self, visitor_id: str, report: LeakReport) -> None:
        """Keep what a pupil's story showed; the last one counts."""
        with self._lock:
            seat = self._seats.get(visitor_id)
            if seat is None:
                return
            near = {arm: _distance(report, arm) for arm in report.metrics}
            attacks = [near[arm] for arm in near if is_attack(arm)]
            self._found[seat.number] = Found(
                seat,
                near.get(OWNER, float("nan")),
                min(attacks, default=float("nan")),
                near.get(CHANCE, float("nan")),
                report.verdict.leaked,
            )

    def joined(self) -> int:
        """How many seats there are."""
        with self._lock:
            return len(self._seats)

    def found(self) -> list[Found]:
        """What was found so far, by seat."""
        with self._lock:
            return [self._found[number] for number in sorted(self._found)]


def _distance(report: LeakReport, arm: str) -> float:
    return next((result.mean for result in report.metrics[arm] if result.key == IDENTITY), float("nan"))

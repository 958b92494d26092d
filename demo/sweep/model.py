"""What a sweep is made of. Everything in here but the pictures of the photos may be published."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image

from demo.attack.registry import ATTACKS
from demo.defences.base import Defence
from demo.defences.registry import DEFENCES
from demo.lora.ledger import Ledger
from demo.metrics.base import MetricResult
from demo.metrics.registry import FACES, IDENTITY
from demo.report.arms import CHANCE, OWNER

LEAST_FACES = 0.5  # of an arm's pictures: with fewer its distance is not one of faces


@dataclass(frozen=True)
class MetricSummary:
    """One arm as the plane shows it: its identity distance with the 95% interval, and all else that was measured."""

    arm: str
    results: tuple[MetricResult, ...]

    @property
    def identity(self) -> MetricResult | None:
        """The identity distance; None where it could not be measured."""
        found = self.get(IDENTITY)
        return found if found is not None and found.values else None

    @property
    def mean(self) -> float:
        """Mean identity distance; NaN where it could not be measured."""
        return float("nan") if self.identity is None else self.identity.mean

    @property
    def low(self) -> float:
        """Lower end of the interval; NaN where there is none."""
        return float("nan") if self.identity is None else self.identity.low

    @property
    def high(self) -> float:
        """Upper end of the interval; NaN where there is none."""
        return float("nan") if self.identity is None else self.identity.high

    @property
    def draws_faces(self) -> bool:
        """Whether there are faces to judge; where nobody looked for them it is taken for granted."""
        found = self.get(FACES)
        return found is None or not found.values or found.mean >= LEAST_FACES

    def get(self, key: str) -> MetricResult | None:
        """One metric."""
        return next((result for result in self.results if result.key == key), None)


@dataclass(frozen=True, eq=False)
class Point:
    """One defence, tried on one person. Made by :func:`new_point`."""

    label: str
    key: str
    settings: Mapping[str, object]  # of the defence
    utility: MetricSummary  # the DreamBooth arm: what the owner still has
    leakage: MetricSummary  # the best attack's arm
    best_attack: str  # the one with the smallest mean identity distance
    arms: Mapping[str, Sequence[MetricResult]]  # arm key -> results; keys: of :func:`arm_keys`
    pictures: Mapping[str, Sequence[Image.Image]]  # arm key -> pictures
    ledger: Ledger
    steps: int
    seconds: float

    @property
    def short(self) -> str:
        """The label without what stands in brackets, for where there is little room."""
        return re.sub(r"\s*\([^)]*\)", "", self.label)

    def is_of(self, defence: Defence) -> bool:
        """Whether this is the point of a defence with these settings."""
        return self.key == defence.key and dict(self.settings) == settings_of(defence)


@dataclass(frozen=True, eq=False)
class Sweep:
    """What came out, as far as it went."""

    points: Sequence[Point]  # in the order of the plan
    chance: Sequence[MetricResult]  # the base model's own people; empty when the sweep was stopped before
    chance_pictures: Sequence[Image.Image]
    planned: int
    photos: Sequence[Image.Image] = field(repr=False)  # private, those that are scored with; written only when asked
    base: str
    notes: Sequence[str] = ()  # what went wrong with a defence, and how the photos were split
    settings: Mapping[str, object] = field(default_factory=dict)  # to name in the report; no seed, no trigger

    @property
    def nobody(self) -> MetricSummary:
        """The chance arm."""
        return MetricSummary(CHANCE, tuple(self.chance))


def arm_keys() -> tuple[str, ...]:
    """The arms of a point: what its owner draws, and every registered attack."""
    return OWNER, *ATTACKS


def new_point(
    label: str,
    key: str,
    settings: Mapping[str, object],
    arms: Mapping[str, Sequence[MetricResult]],
    pictures: Mapping[str, Sequence[Image.Image]],
    ledger: Ledger,
    steps: int,
    seconds: float,
) -> Point:
    """A point with its best attack chosen."""
    best = best_attack(arms)
    utility, leakage = (MetricSummary(arm, tuple(arms[arm])) for arm in (OWNER, best))
    return Point(label, key, settings, utility, leakage, best, arms, pictures, ledger, steps, seconds)


def settings_of(defence: Defence) -> dict[str, object]:
    """A defence's settings as JSON values; a seed of noise, which would take the noise off, is left out."""
    return {key: value for key, value in defence.model_dump(mode="json").items() if key != "noise_seed"}


def point_name(defence: Defence | Point) -> str:
    """A folder's name for a defence: its key, its epsilon if it has one, and a mark for other unusual settings."""
    settings = dict(defence.settings) if isinstance(defence, Point) else settings_of(defence)
    usual = settings_of(DEFENCES[defence.key]())
    parts = [defence.key]
    if isinstance(settings.get("epsilon"), (int, float)):
        parts.append(f"epsilon-{settings['epsilon']:g}")
    other = {key: value for key, value in settings.items() if key != "epsilon" and value != usual.get(key)}
    if other:
        parts.append(hashlib.sha256(json.dumps(other, sort_keys=True).encode()).hexdigest()[:8])
    return "-".join(parts)


def best_attack(arms: Mapping[str, Sequence[MetricResult]]) -> str:
    """The attack with the smallest mean identity distance, of those that draw faces if any does.

    The first one where none was measured.
    """
    found = {key: MetricSummary(key, tuple(arms[key])) for key in ATTACKS if key in arms}
    measured = {key: summary for key, summary in found.items() if math.isfinite(summary.mean)}
    faces = {key: summary for key, summary in measured.items() if summary.draws_faces} or measured
    return min(faces, key=lambda key: faces[key].mean) if faces else next(iter(found))

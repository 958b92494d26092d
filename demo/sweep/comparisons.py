"""Where a point of a sweep stands: against chance, and against the undefended file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demo.attack.registry import ATTACKS
from demo.defences.base import NoDefence
from demo.metrics.registry import PLACE
from demo.report.verdict import LEAST_PICTURES
from demo.stats.intervals import Difference, contrast, unpaired_difference
from demo.sweep.model import MetricSummary, Point, Sweep
from demo.verdicts.rule import Evidence, Shown, shown

KEPT = 0.5  # of DreamBooth's gain over chance: with less the owner does not have what the file was made for
LEFT = 0.5  # of the best attack's gain over chance on the undefended file: with more the person is not protected


@dataclass(frozen=True)
class Standing:
    """Every comparison is one of an interval over pictures, and what is not shown is not claimed.

    What is kept and left: 95% for all defences of the sweep together (Bonferroni), for one hit of many is named.
    """

    utility: Difference  # how much nearer to the person than chance DreamBooth is
    leakage: Difference  # how much nearer than chance the best attack is
    kept: Difference | None  # DreamBooth's gain over chance beyond KEPT of that without a defence; None: not known
    left: Difference | None  # the best attack's gain beyond LEFT of that on the undefended file; None: not known
    faces: bool  # whether DreamBooth draws faces
    attack_faces: bool  # whether the best attack does
    learned: Shown | None  # what DreamBooth's pictures show of the person; None: not ranked among strangers
    found: Shown | None  # what those of the best attack show

    @property
    def useful(self) -> bool:
        """DreamBooth draws faces that show the person, and is shown to keep enough of its gain."""
        shows = self.learned is not None and self.learned.leaked
        return self.faces and shows and (self.kept is None or self.kept.low > 0)

    @property
    def useless(self) -> bool:
        """DreamBooth draws no faces, or is shown to have lost too much."""
        return not self.faces or (self.kept is not None and self.kept.high < 0)

    @property
    def leaks(self) -> bool:
        """The best attack draws faces that show the person."""
        return self.attack_faces and self.found is not None and self.found.leaked

    @property
    def private(self) -> bool:
        """The attack shows nothing, not a trace, and is shown to have lost enough of its gain."""
        lost = self.left is not None and self.left.high < 0
        return lost and self.found is not None and (self.found is Shown.NOTHING or not self.attack_faces)


def standing(point: Point, sweep: Sweep) -> Standing | None:
    """A point against chance and against the undefended file; None where too little was measured to say anything."""
    plain, nobody = undefended(sweep), _values(sweep.nobody)
    utility, leakage = _values(point.utility), _values(point.leakage)
    if nobody is None or utility is None or leakage is None:
        return None
    kept = left = None
    attacks = sum(arm in point.arms for arm in ATTACKS)
    if plain is not None and plain is not point:
        full, leak = _values(plain.utility), _values(plain.leakage)
        level = 1 - 0.05 / max(1, sum(other is not plain for other in sweep.points))
        kept = None if full is None else _beyond(utility, full, nobody, KEPT, level)
        left = None if leak is None else _beyond(leakage, leak, nobody, LEFT, level)
    return Standing(
        utility=unpaired_difference(nobody, utility),
        leakage=unpaired_difference(nobody, leakage),
        kept=kept,
        left=left,
        faces=point.utility.draws_faces,
        attack_faces=point.leakage.draws_faces,
        learned=_shown(point.utility, sweep.nobody),
        found=_shown(point.leakage, sweep.nobody, attacks),
    )


def undefended(sweep: Sweep) -> Point | None:
    """The plain LoRA, if it is among the points."""
    return next((point for point in sweep.points if point.key == NoDefence.key), None)


def useful_distance(sweep: Sweep) -> float | None:
    """DreamBooth's distance at which :data:`KEPT` of its undefended gain is left; None where there is no such gain."""
    plain = undefended(sweep)
    gain = None if plain is None else sweep.nobody.mean - plain.utility.mean
    return sweep.nobody.mean - KEPT * gain if gain is not None and gain > 0 else None


def private_distance(sweep: Sweep) -> float | None:
    """The best attack's distance at which :data:`LEFT` of its undefended gain is left; None where there is none."""
    plain = undefended(sweep)
    gain = None if plain is None else sweep.nobody.mean - plain.leakage.mean
    return sweep.nobody.mean - LEFT * gain if gain is not None and gain > 0 else None


def _values(summary: MetricSummary) -> Sequence[float] | None:
    """Distances of an arm's pictures; None where there are too few."""
    if summary.identity is None or len(summary.identity.values) < LEAST_PICTURES:
        return None
    return summary.identity.values


def _shown(summary: MetricSummary, nobody: MetricSummary, tried: int = 1) -> Shown | None:
    """What an arm shows, held against chance; None where it was not ranked among strangers."""
    arm, null = _evidence(summary), _evidence(nobody)
    return None if arm is None or null is None or arm.place is None else shown(arm, [null], tried=tried)


def _evidence(summary: MetricSummary) -> Evidence | None:
    place, identity = summary.get(PLACE), summary.identity
    if identity is None:
        return None
    ranked = place is not None and len(place.values) > 0 and place.among is not None
    number, among = (round(place.values[0]), place.among or 0) if ranked and place is not None else (None, 0)
    return Evidence(np.array(identity.values), number, among)


def _beyond(
    with_it: Sequence[float], without: Sequence[float], nobody: Sequence[float], share: float, level: float
) -> Difference:
    """The gain over chance with a defence, less ``share`` of that without one."""
    return contrast([(1 - share, nobody), (-1, with_it), (share, without)], level)

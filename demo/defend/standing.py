"""Where a point of a sweep stands: against chance, and against the undefended file."""

from __future__ import annotations

from dataclasses import dataclass

from demo.defences.base import NoDefence
from demo.defend.model import MetricSummary, Point, Sweep
from demo.metrics.stats import Difference, unpaired_difference

LEAST_PICTURES = 4  # of an arm: a bootstrap of fewer is far too narrow
KEPT = 0.5  # of DreamBooth's gain over chance: with less the owner does not have what the file was made for


@dataclass(frozen=True)
class Standing:
    """Every comparison is one of a 95% bootstrap interval over pictures."""

    utility: Difference  # how much nearer to the person than chance DreamBooth is
    leakage: Difference  # how much nearer than chance the best attack is
    relief: Difference | None  # how much farther than on the undefended file the best attack is
    kept: float | None  # DreamBooth's gain over chance as a share of that without a defence; None where that is unknown
    faces: bool  # whether DreamBooth draws faces
    attack_faces: bool  # whether the best attack does

    @property
    def useful(self) -> bool:
        """DreamBooth draws faces, nearer to the person than chance, and keeps enough of what it has undefended."""
        return self.faces and self.utility.low > 0 and (self.kept is None or self.kept >= KEPT)

    @property
    def leaks(self) -> bool:
        """The best attack draws faces, nearer to the person than chance."""
        return self.attack_faces and self.leakage.low > 0

    @property
    def private(self) -> bool:
        """Not nearer than chance, and farther than without the defence: more than a lack of pictures."""
        return not self.leaks and self.relief is not None and self.relief.low > 0


def standing(point: Point, sweep: Sweep) -> Standing | None:
    """A point against chance and against the undefended file; None where too little was measured to say anything."""
    plain = undefended(sweep)
    utility, leakage = _gap(point.utility, sweep.nobody), _gap(point.leakage, sweep.nobody)
    if utility is None or leakage is None:
        return None
    relief = kept = None
    if plain is not None and plain is not point:
        relief, full = _gap(plain.leakage, point.leakage), _gap(plain.utility, sweep.nobody)
        kept = utility.estimate / full.estimate if full is not None and full.estimate > 0 else None
    return Standing(utility, leakage, relief, kept, point.utility.draws_faces, point.leakage.draws_faces)


def undefended(sweep: Sweep) -> Point | None:
    """The plain LoRA, if it is among the points."""
    return next((point for point in sweep.points if point.key == NoDefence.key), None)


def useful_distance(sweep: Sweep) -> float | None:
    """DreamBooth's distance at which :data:`KEPT` of its undefended gain is left; None where there is no such gain."""
    plain = undefended(sweep)
    gain = None if plain is None else sweep.nobody.mean - plain.utility.mean
    return sweep.nobody.mean - KEPT * gain if gain is not None and gain > 0 else None


def _gap(near: MetricSummary, far: MetricSummary) -> Difference | None:
    """How much nearer to the person ``near`` is: positive is nearer."""
    if near.identity is None or far.identity is None:
        return None
    if min(len(near.identity.values), len(far.identity.values)) < LEAST_PICTURES:
        return None
    return unpaired_difference(far.identity.values, near.identity.values)

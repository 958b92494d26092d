"""Where a point of a sweep stands: against chance, and against the undefended file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.attack.registry import ATTACKS
from demo.defences.base import NoDefence
from demo.metrics.registry import PLACE
from demo.report.verdict import BY_ACCIDENT, LEAST_PICTURES
from demo.stats.intervals import Difference, contrast, unpaired_difference
from demo.sweep.model import MetricSummary, Point, Sweep

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
    learned: float | None  # p of DreamBooth's pictures being so near to the person by accident; None: not measured
    found: float | None  # the same of the best attack's, times the number of attacks that it is the best of

    @property
    def useful(self) -> bool:
        """DreamBooth draws faces, nearer to the person than chance, and is shown to keep enough of its gain."""
        near = self.utility.low > 0 and self.learned is not None and self.learned <= BY_ACCIDENT
        return self.faces and near and (self.kept is None or self.kept.low > 0)

    @property
    def useless(self) -> bool:
        """DreamBooth draws no faces, or is shown to have lost too much."""
        return not self.faces or (self.kept is not None and self.kept.high < 0)

    @property
    def leaks(self) -> bool:
        """The best attack draws faces, nearer to the person than chance and than strangers are by accident."""
        return self.attack_faces and self.leakage.low > 0 and self.found is not None and self.found <= BY_ACCIDENT

    @property
    def private(self) -> bool:
        """No leak is shown, and the attack is shown to have lost enough of its gain: more than too few pictures."""
        return not self.leaks and self.found is not None and self.left is not None and self.left.high < 0


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
        learned=_accident(point.utility),
        found=None if (p := _accident(point.leakage)) is None else min(1.0, p * attacks),
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


def _accident(summary: MetricSummary) -> float | None:
    """How likely a stranger would be so near to an arm's pictures: one file is one piece of evidence."""
    place = summary.get(PLACE)
    return None if place is None or not place.values or place.among is None else place.values[0] / place.among


def _beyond(
    with_it: Sequence[float], without: Sequence[float], nobody: Sequence[float], share: float, level: float
) -> Difference:
    """The gain over chance with a defence, less ``share`` of that without one."""
    return contrast([(1 - share, nobody), (-1, with_it), (share, without)], level)

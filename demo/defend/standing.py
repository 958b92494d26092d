"""Where a point of a sweep stands: against chance, and against the undefended file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.defences.base import NoDefence
from demo.defend.model import MetricSummary, Point, Sweep
from demo.metrics.stats import Difference, contrast, unpaired_difference

LEAST_PICTURES = 4  # of an arm: the spread of fewer is hardly known
KEPT = 0.5  # of DreamBooth's gain over chance: with less the owner does not have what the file was made for
LEFT = 0.5  # of the best attack's gain over chance on the undefended file: with more the person is not protected


@dataclass(frozen=True)
class Standing:
    """Every comparison is one of a 95% interval over pictures, and what is not shown is not claimed."""

    utility: Difference  # how much nearer to the person than chance DreamBooth is
    leakage: Difference  # how much nearer than chance the best attack is
    kept: Difference | None  # DreamBooth's gain over chance beyond KEPT of that without a defence; None: not known
    left: Difference | None  # the best attack's gain beyond LEFT of that on the undefended file; None: not known
    share: float | None  # DreamBooth's gain over chance as a share of that without a defence; None: not known
    faces: bool  # whether DreamBooth draws faces
    attack_faces: bool  # whether the best attack does

    @property
    def useful(self) -> bool:
        """DreamBooth draws faces, nearer to the person than chance, and is shown to keep enough of its gain."""
        return self.faces and self.utility.low > 0 and (self.kept is None or self.kept.low > 0)

    @property
    def useless(self) -> bool:
        """DreamBooth draws no faces, or is shown to have lost too much."""
        return not self.faces or (self.kept is not None and self.kept.high < 0)

    @property
    def leaks(self) -> bool:
        """The best attack draws faces, nearer to the person than chance."""
        return self.attack_faces and self.leakage.low > 0

    @property
    def private(self) -> bool:
        """Not shown to be nearer than chance, and shown to have lost enough of its gain: more than too few pictures."""
        return not self.leaks and self.left is not None and self.left.high < 0


def standing(point: Point, sweep: Sweep) -> Standing | None:
    """A point against chance and against the undefended file; None where too little was measured to say anything."""
    plain, nobody = undefended(sweep), _values(sweep.nobody)
    utility, leakage = _values(point.utility), _values(point.leakage)
    if nobody is None or utility is None or leakage is None:
        return None
    kept = left = share = None
    if plain is not None and plain is not point:
        full, leak = _values(plain.utility), _values(plain.leakage)
        kept = None if full is None else _beyond(utility, full, nobody, KEPT)
        left = None if leak is None else _beyond(leakage, leak, nobody, LEFT)
        gain = sweep.nobody.mean - plain.utility.mean
        share = (sweep.nobody.mean - point.utility.mean) / gain if gain > 0 else None
    return Standing(
        utility=unpaired_difference(nobody, utility),
        leakage=unpaired_difference(nobody, leakage),
        kept=kept,
        left=left,
        share=share,
        faces=point.utility.draws_faces,
        attack_faces=point.leakage.draws_faces,
    )


def undefended(sweep: Sweep) -> Point | None:
    """The plain LoRA, if it is among the points."""
    return next((point for point in sweep.points if point.key == NoDefence.key), None)


def useful_distance(sweep: Sweep) -> float | None:
    """DreamBooth's distance at which :data:`KEPT` of its undefended gain is left; None where there is no such gain."""
    plain = undefended(sweep)
    gain = None if plain is None else sweep.nobody.mean - plain.utility.mean
    return sweep.nobody.mean - KEPT * gain if gain is not None and gain > 0 else None


def _values(summary: MetricSummary) -> Sequence[float] | None:
    """Distances of an arm's pictures; None where there are too few."""
    if summary.identity is None or len(summary.identity.values) < LEAST_PICTURES:
        return None
    return summary.identity.values


def _beyond(with_it: Sequence[float], without: Sequence[float], nobody: Sequence[float], share: float) -> Difference:
    """The gain over chance with a defence, less ``share`` of that without one."""
    return contrast([(1 - share, nobody), (-1, with_it), (share, without)])

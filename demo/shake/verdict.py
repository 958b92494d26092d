"""What came of it, in figures with intervals; demo.texts.shake puts it into sentences, also when nothing came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from demo.shake.model import CONTROLS, Shake, ShakeArm
from demo.stats.intervals import Difference, sign_test
from demo.texts import shake as texts
from demo.texts.en import ENGLISH
from demo.texts.language import Language
from demo.texts.shake import signed
from demo.verdicts.shake import After, Before, Extracted, ShakeGrade, ShakeVerdict

__all__ = ["PUBLISHED", "Change", "changes", "headline", "paired_auc", "shake_verdict", "signed", "verdict"]

RESAMPLES = 10_000
PUBLISHED = texts.published()
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """What an arm did to the AUC of membership inference."""

    after: Difference  # minus before
    control: Difference | None = None  # minus the same method on the control set


def paired_auc(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    *,
    n: int = RESAMPLES,
    level: float = 0.95,
    seed: int = 0,
) -> Difference:
    """AUC of ``second`` minus AUC of ``first``, each (scores of members, scores of non-members); LOW means member.

    A bootstrap over pictures: members and non-members are resampled apart, and each drawn picture brings its scores
    under both models, for the two models are judged on the same pictures.
    """
    delta = _wins(*second) - _wins(*first)  # (members, non-members)
    members, non_members = delta.shape
    estimate = float(delta.mean())
    if min(members, non_members) < 2:
        return Difference(estimate, math.nan, math.nan, math.nan)
    rng = np.random.default_rng(seed)
    a = rng.multinomial(members, np.full(members, 1 / members), size=n) / members
    b = rng.multinomial(non_members, np.full(non_members, 1 / non_members), size=n) / non_members
    draws = np.einsum("nm,nm->n", a @ delta, b)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    # One is added to both counts, so that n resamples never claim p = 0 (Davison and Hinkley 1997, eq. 4.11).
    tail = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return Difference(estimate, float(low), float(high), min(1.0, 2 * (tail + 1) / (n + 1)))


def _wins(members: ArrayLike, non_members: ArrayLike) -> Array:
    """1 where a member scores lower than an non-member, 1/2 where they are equal, (n, m); its mean is the AUC."""
    low = np.asarray(members, dtype=np.float64)[:, None]
    high = np.asarray(non_members, dtype=np.float64)[None]
    return np.asarray((low < high) + (low == high) / 2, dtype=np.float64)


def changes(shake: Shake) -> Mapping[str, Change]:
    """The change in AUC of every arm, by its key; empty where members are not known."""
    if not shake.domain.known:
        return {}
    before, found = _scores(shake.before), {}
    for arm in shake.arms:
        control = shake.control_of(arm)
        found[arm.key] = Change(
            paired_auc(before, _scores(arm)),
            None if control is None else paired_auc(_scores(control), _scores(arm)),
        )
    return found


def _scores(arm: ShakeArm) -> tuple[Array, Array]:
    return arm.scores_members.double().numpy(), arm.scores_non_members.double().numpy()


def headline(shake: Shake, language: Language = ENGLISH) -> tuple[str, str]:
    """The most important sentence, and its kind: leaked, kept or open."""
    found = shake_verdict(shake)
    return texts.headline(found, language), found.grade.kind


def verdict(shake: Shake, language: Language = ENGLISH) -> list[str]:
    """Plain sentences."""
    return texts.sentences(shake_verdict(shake), language)


def shake_verdict(shake: Shake) -> ShakeVerdict:
    """What the figures show, as values."""
    found, roc = changes(shake), shake.before.roc
    positives = [arm for arm in shake.positives() if arm.key in found]
    arms = [arm for arm in shake.arms if arm.source not in CONTROLS and arm.key in found]
    return ShakeVerdict(
        grade=_grade(shake, found),
        person=shake.domain.name,
        known=shake.domain.known,
        attack=shake.attack,
        before=None if roc is None else Before(roc.auc, roc.members, roc.non_members),
        after=tuple(_after(arm, shake, found) for arm in arms if arm.roc is not None),
        positives=tuple(
            After(arm.label, arm.roc.auc, found[arm.key].after) for arm in positives if arm.roc is not None
        ),
        blind=tuple(arm.label for arm in positives if not found[arm.key].after.low > 0),
        extracted=tuple(
            Extracted(arm.title, len(arm.matches), len(arm.mistaken), len(arm.candidates))
            for arm in (shake.before, *shake.arms)
        ),
        clique=shake.settings.eidetic.k,
        distance=shake.settings.eidetic.delta,
        draws=shake.settings.generations,
        members=len(shake.domain.members),
        non_members=len(shake.domain.non_members),
        done=len(shake.arms),
        planned=shake.planned,
    )


def _grade(shake: Shake, found: Mapping[str, Change]) -> ShakeGrade:
    if not shake.domain.known:
        return ShakeGrade.MEMBERS_UNKNOWN
    private = [a for a in shake.arms if a.source == "sp"] or [a for a in shake.arms if a.source == "none"]
    if not private:
        return ShakeGrade.NOTHING_TUNED
    rising = any(_rises(found[arm.key]) for arm in private)
    more = any(_extracts(arm, shake) for arm in private)
    if rising:
        return ShakeGrade.INFERRED_AND_EXTRACTED if more else ShakeGrade.INFERRED
    if more:
        return ShakeGrade.EXTRACTED
    if all(found[arm.key].after.high < 0 for arm in private):
        return ShakeGrade.HIDDEN
    return ShakeGrade.NO_CHANGE


def _after(arm: ShakeArm, shake: Shake, found: Mapping[str, Change]) -> After:
    assert arm.roc is not None
    change, control = found[arm.key], shake.control_of(arm)
    if control is None or change.control is None:
        return After(arm.title, arm.roc.auc, change.after)
    return After(arm.title, arm.roc.auc, change.after, found[control.key].after, change.control)


def _extracts(arm: ShakeArm, shake: Shake) -> bool:
    """Whether more members come out than likeness alone brings, than before, and than with the control set.

    Non-members, who are as many, fall under the same criterion: a one-sided sign test at 5 % has to tell them apart.
    """
    control = shake.control_of(arm)
    others = [shake.before, *([] if control is None else [control])]
    return sign_test(len(arm.matches), len(arm.mistaken)) < 0.05 and all(
        _remembered(arm) > _remembered(other) for other in others
    )


def _remembered(arm: ShakeArm) -> int:
    """Extracted members less extracted non-members."""
    return len(arm.matches) - len(arm.mistaken)


def _rises(change: Change) -> bool:
    """Whether the AUC went up, and not with the control set alike."""
    return change.after.low > 0 and (change.control is None or change.control.low > 0)

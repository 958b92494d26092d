"""What came of it, in figures with intervals and in plain sentences, also when nothing came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from demo.report.figures import number
from demo.shake.model import CONTROLS, Shake, ShakeArm
from demo.stats.intervals import Difference, sign_test

RESAMPLES = 10_000
PUBLISHED = "Published for Stable Diffusion 1.1: +0.022 to +0.054 in AUC and 4.4 to 16.3 more extracted pictures."
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


def headline(shake: Shake) -> tuple[str, str]:
    """The most important sentence, and its kind: leaked, kept or open."""
    if not shake.domain.known:
        return "Who was a member is not known here, so membership inference cannot be scored", "open"
    found = changes(shake)
    private = [a for a in shake.arms if a.source == "sp"] or [a for a in shake.arms if a.source == "none"]
    if not private:
        return "Nothing was fine-tuned yet", "open"
    rising = [arm for arm in private if _rises(found[arm.key])]
    more = [arm for arm in private if _extracts(arm, shake)]
    name = shake.domain.name
    if rising or more:
        what = " and ".join(
            words for words, there in (("easier to infer", rising), ("partly extracted", more)) if there
        )
        return f"Shaking leaked: after fine-tuning the training pictures of {name} are {what}", "leaked"
    falling = [arm for arm in private if found[arm.key].after.high < 0]
    if len(falling) == len(private):
        return f"Not here: fine-tuning hid the training pictures of {name} better", "kept"
    return f"Not here: no change that the pictures of {name} alone could prove", "open"


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


def verdict(shake: Shake) -> list[str]:
    """Plain sentences."""
    return [*_before(shake), *_after(shake), *_positive(shake), *_extracted(shake), *_limits(shake)]


def _before(shake: Shake) -> list[str]:
    roc = shake.before.roc
    if roc is None:
        return []
    area = f"AUC {number(roc.auc.estimate)} ({number(roc.auc.low)} to {number(roc.auc.high)})"
    knows = (
        "better than guessing"
        if roc.auc.low > 0.5
        else "worse than guessing"
        if roc.auc.high < 0.5
        else "not told from guessing"
    )
    return [
        f"Before any fine-tuning SecMI tells {roc.members} pictures of {shake.domain.name} in the training set from "
        f"{roc.non_members} outside with {area}: {knows}."
    ]


def _after(shake: Shake) -> list[str]:
    found, sentences = changes(shake), []
    for arm in shake.arms:
        if arm.source in CONTROLS or arm.key not in found or arm.roc is None:
            continue
        change = found[arm.key]
        text = f"{arm.title}: AUC {number(arm.roc.auc.estimate)}, {signed(change.after)}, {_direction(change.after)}"
        control = shake.control_of(arm)
        if control is not None and change.control is not None:
            text += (
                f"; the same budget on other pictures (OoD set): {signed(found[control.key].after)}, "
                f"so the SP set itself makes {signed(change.control)}"
            )
        sentences.append(text + ".")
    return sentences


def _positive(shake: Shake) -> list[str]:
    """What the attack finds where the training pictures themselves were trained on again: its power at this budget."""
    found, sentences = changes(shake), []
    known = [(arm, arm.roc, found[arm.key].after) for arm in shake.positives() if arm.key in found]
    for arm, roc, change in known:
        if roc is not None:
            sentences.append(
                f"Positive control, {arm.label} on the training pictures themselves: AUC {number(roc.auc.estimate)}, "
                f"{signed(change)}, {_direction(change)}."
            )
    blind = [arm.label for arm, _, change in known if not change.low > 0]
    if blind:
        sentences.append(
            f"Not even that is seen with {' and '.join(blind)}: at this budget and with so few pictures no leak could "
            "have been shown."
        )
    elif sentences:
        sentences.append("So the attack sees it where fine-tuning at this budget does leak.")
    return sentences


def _extracted(shake: Shake) -> list[str]:
    if not shake.domain.known:
        counts = ", ".join(f"{arm.title} {len(arm.candidates)}" for arm in (shake.before, *shake.arms))
        return [f"Pictures that the model draws again and again: {counts}. Whether they were trained on is not known."]
    k, delta = shake.settings.eidetic.k, shake.settings.eidetic.delta
    counts = "; ".join(
        f"{arm.title} {len(arm.matches)}" + (f" (and {len(arm.mistaken)} non-members)" if arm.mistaken else "")
        for arm in (shake.before, *shake.arms)
    )
    sentences = [
        f"Extracted of {len(shake.domain.members)} training pictures under ({k}, l2, {delta:g}), of "
        f"{shake.settings.generations} draws a model: {counts}."
    ]
    if any(arm.mistaken for arm in (shake.before, *shake.arms)):
        sentences.append(
            "Non-members were never trained on: where they count as extracted, likeness is enough for the criterion, "
            "and the members' count is no proof of memory."
        )
    return sentences


def _limits(shake: Shake) -> list[str]:
    sentences = []
    if shake.planned > len(shake.arms):
        sentences.append(f"Stopped after {len(shake.arms)} of {shake.planned} models.")
    if shake.domain.known:
        pictures = min(len(shake.domain.members), len(shake.domain.non_members))
        sentences.append(
            f"One person with {pictures} pictures on either side is an anecdote: a change as small as the published "
            "ones needs many people."
        )
    return [*sentences, PUBLISHED]


def signed(change: Difference) -> str:
    """+0.012 (-0.010 to +0.034)."""
    if not math.isfinite(change.low):
        return f"{change.estimate:+.3f}"
    return f"{change.estimate:+.3f} ({change.low:+.3f} to {change.high:+.3f})"


def _direction(change: Difference) -> str:
    if change.low > 0:
        return "a rise"
    return "a fall" if change.high < 0 else "not told from no change"

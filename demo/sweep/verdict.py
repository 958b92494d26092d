"""What a sweep shows, as values that are made from its numbers; demo.texts.sweep puts them into sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demo.attack.registry import ATTACKS
from demo.report.verdict import LEAST_PICTURES
from demo.sweep.comparisons import KEPT, LEFT, Standing, standing, undefended
from demo.sweep.model import Point, Sweep
from demo.texts import sweep as texts
from demo.texts.en import ENGLISH
from demo.texts.language import Language
from demo.verdicts.sweep import Group, Kind, Proved, SweepGrade, SweepVerdict, Undefended

epsilon = ENGLISH.epsilon  # an epsilon for people


@dataclass(frozen=True)
class Summary:
    """The result in words. ``found`` holds it as values, for another language."""

    headline: str
    sentences: tuple[str, ...]
    kind: Kind
    found: SweepVerdict = field(repr=False)


def summarise(sweep: Sweep, language: Language = ENGLISH) -> Summary:
    """Say what the numbers show, and what they do not: :func:`sweep_verdict` in words."""
    found = sweep_verdict(sweep)
    return Summary(texts.headline(found, language), texts.sentences(found, language), found.grade.kind, found)


def sweep_verdict(sweep: Sweep) -> SweepVerdict:
    """What the numbers show.

    In the corner "useful and private" is a defence with which DreamBooth is shown to keep at least half of what it
    gains over chance without one, while the best attack shows nothing (:mod:`demo.verdicts.rule`), and is shown to have
    lost at least half of what it gains on the undefended file; 95% over pictures, for all defences together. If the
    undefended DreamBooth is itself no better than chance, or the undefended file gives nothing away, nothing can be
    shown.
    """
    points = list(sweep.points)
    if not points:
        return _verdict(SweepGrade.NOTHING_FINISHED)
    found = {point: stands for point in points if (stands := standing(point, sweep)) is not None}
    if not found:
        grade, reason = _why_not(sweep)
        return _verdict(grade, reason=reason, **_epsilons(points))
    plain = undefended(sweep)
    others = [point for point in found if point is not plain]
    known: dict[str, Any] = {"pictures": _pictures(points), **_epsilons(points)}
    if plain is None or plain not in found:
        return _verdict(SweepGrade.NO_UNDEFENDED, groups=_groups(found, others), **known)
    known["undefended"] = _undefended(plain, found[plain], sweep)
    if not found[plain].useful:
        return _verdict(SweepGrade.UNDEFENDED_USELESS, **known)
    if not found[plain].leaks:
        useless = _names([point for point in others if found[point].useless])
        return _verdict(SweepGrade.UNDEFENDED_TIGHT, useless=useless, **known)
    known["groups"] = _groups(found, others)
    if not others:
        return _verdict(SweepGrade.ONLY_UNDEFENDED, **known)
    corner = [point for point in others if found[point].useful and found[point].private]
    if corner:
        return _verdict(SweepGrade.CORNER, corner=_names(corner), **known)
    undecided = any(not found[point].useless and not found[point].leaks for point in others)
    return _verdict(SweepGrade.UNSETTLED if undecided else SweepGrade.NONE, **known)


def _verdict(grade: SweepGrade, **known: Any) -> SweepVerdict:
    return SweepVerdict(grade, kept=KEPT, left=LEFT, least_pictures=LEAST_PICTURES, **known)


def _undefended(point: Point, stands: Standing, sweep: Sweep) -> Undefended:
    return Undefended(
        dreambooth=point.utility.mean,
        attack=ATTACKS[point.best_attack].title.lower(),
        attack_key=point.best_attack,
        attacked=point.leakage.mean,
        chance=sweep.nobody.mean,
        utility=stands.utility,
        leakage=stands.leakage,
    )


def _groups(found: Mapping[Point, Standing], points: Sequence[Point]) -> tuple[tuple[Group, tuple[str, ...]], ...]:
    """Every defended point in exactly one group."""
    groups: dict[Group, list[Point]] = {group: [] for group in Group}
    for point in points:
        groups[group_of(found[point])].append(point)
    return tuple((group, _names(some)) for group, some in groups.items() if some)


def group_of(stands: Standing) -> Group:
    """What a point is called. Private counts where a point is useful; elsewhere that nothing is shown to leak."""
    if not stands.faces:
        return Group.RUINED
    if stands.useful:
        if stands.leaks:
            return Group.USEFUL_LEAKS
        return Group.USEFUL_PRIVATE if stands.private else Group.USEFUL_OPEN
    if stands.useless:
        return Group.USELESS_LEAKS if stands.leaks else Group.USELESS_OPEN
    return Group.OPEN_LEAKS if stands.leaks else Group.OPEN_OPEN


def _epsilons(points: Sequence[Point]) -> dict[str, Any]:
    """What the ledgers prove, photo and person side by side; and what they do not."""
    proved = [point for point in points if point.ledger.guarantee == "proved"]
    return {
        "proved": tuple(Proved(p.short, p.ledger.photo_epsilon, p.ledger.person_epsilon) for p in proved),
        "nominal": _names([point for point in points if point.ledger.guarantee == "nominal"]),
    }


def _pictures(points: Sequence[Point]) -> int:
    result = points[0].utility.identity
    return 0 if result is None else len(result.values)


def _why_not(sweep: Sweep) -> tuple[SweepGrade, str]:
    """What keeps all points from being judged, and the reason that a metric gives."""
    if not sweep.chance:
        return SweepGrade.NO_CHANCE, ""
    if sweep.nobody.identity is not None and any(point.utility.identity is not None for point in sweep.points):
        return SweepGrade.TOO_FEW_PICTURES, ""
    return SweepGrade.NOT_MEASURED, next((result.unavailable for result in sweep.chance if result.unavailable), "")


def _names(points: Sequence[Point]) -> tuple[str, ...]:
    return tuple(point.short for point in points)

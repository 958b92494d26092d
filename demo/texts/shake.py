"""The verdict of a Shake-to-Leak experiment in words."""

from __future__ import annotations

import math

from demo.stats.intervals import Difference, Interval
from demo.texts.en import ENGLISH
from demo.texts.language import Language
from demo.verdicts.directions import direction
from demo.verdicts.shake import After, Extracted, ShakeGrade, ShakeVerdict

NAMELESS = (ShakeGrade.MEMBERS_UNKNOWN, ShakeGrade.NOTHING_TUNED)  # headlines that name no person


def headline(found: ShakeVerdict, language: Language = ENGLISH) -> str:
    """The most important sentence, without a full stop."""
    fields = {} if found.grade in NAMELESS else {"person": found.person}
    return language.say(f"shake.headline.{found.grade}", **fields)


def sentences(found: ShakeVerdict, language: Language = ENGLISH) -> list[str]:
    """Membership inference before and after, its controls, extraction, and what the figures do not say."""
    return [
        *_before(found, language),
        *(_after(after, language) for after in found.after),
        *_positives(found, language),
        *_extracted(found, language),
        *_limits(found, language),
    ]


def published(language: Language = ENGLISH) -> str:
    """What the paper found."""
    return language.say("shake.published")


def signed(change: Difference, language: Language = ENGLISH) -> str:
    """+0.012 (-0.010 to +0.034)."""
    if not math.isfinite(change.low):
        return language.signed(change.estimate)
    low, high = language.signed(change.low), language.signed(change.high)
    return language.say("signed", change=language.signed(change.estimate), low=low, high=high)


def _change(change: Difference, language: Language) -> str:
    return language.say(f"shake.change.{direction(change)}", change=signed(change, language))


def _area(auc: Interval, language: Language) -> str:
    low, high = language.number(auc.low), language.number(auc.high)
    return language.say("signed", change=language.number(auc.estimate), low=low, high=high)


def _before(found: ShakeVerdict, language: Language) -> list[str]:
    before = found.before
    if before is None:
        return []
    return [
        language.say(
            f"shake.before.{direction(before.auc, 0.5)}",
            attack=found.attack,
            members=language.fixed(before.members, 0),
            person=found.person,
            non_members=language.fixed(before.non_members, 0),
            auc=_area(before.auc, language),
        )
    ]


def _after(after: After, language: Language) -> str:
    fields = {
        "title": after.title,
        "auc": language.number(after.auc.estimate),
        "change": _change(after.change, language),
    }
    if after.control_change is None or after.own is None:
        return language.say("shake.after", **fields)
    control, own = signed(after.control_change, language), signed(after.own, language)
    return language.say("shake.after.controlled", **fields, control=control, own=own)


def _positives(found: ShakeVerdict, language: Language) -> list[str]:
    said = [
        language.say(
            "shake.positive",
            label=after.title,
            auc=language.number(after.auc.estimate),
            change=_change(after.change, language),
        )
        for after in found.positives
    ]
    if found.blind:
        said.append(language.say("shake.positive.blind", labels=language.joined(found.blind, "list.and")))
    elif said:
        said.append(language.say("shake.positive.seen"))
    return said


def _extracted(found: ShakeVerdict, language: Language) -> list[str]:
    if not found.known:
        counts = [_count(arm.title, arm.candidates, language) for arm in found.extracted]
        return [language.say("shake.extracted.unknown", counts=language.joined(counts, "list.comma"))]
    said = [
        language.say(
            "shake.extracted",
            members=language.fixed(found.members, 0),
            clique=language.fixed(found.clique, 0),
            distance=language.plain(found.distance),
            draws=language.fixed(found.draws, 0),
            counts=language.joined([_counts(arm, language) for arm in found.extracted]),
        )
    ]
    if any(arm.non_members for arm in found.extracted):
        said.append(language.say("shake.extracted.likeness"))
    return said


def _count(title: str, count: int, language: Language) -> str:
    return language.say("shake.extracted.count", title=title, count=language.fixed(count, 0))


def _counts(arm: Extracted, language: Language) -> str:
    if not arm.non_members:
        return _count(arm.title, arm.members, language)
    members = language.fixed(arm.members, 0)
    return language.count("shake.extracted.mistaken", arm.non_members, title=arm.title, members=members)


def _limits(found: ShakeVerdict, language: Language) -> list[str]:
    said = []
    if found.planned > found.done:
        done, planned = language.fixed(found.done, 0), language.fixed(found.planned, 0)
        said.append(language.say("shake.stopped", done=done, planned=planned))
    if found.known:
        said.append(language.count("shake.anecdote", min(found.members, found.non_members)))
    return [*said, published(language)]

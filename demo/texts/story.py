"""A story's verdict in words."""

from __future__ import annotations

import math

from demo.faces.recognise import SAME_PERSON
from demo.stats.intervals import Difference
from demo.texts.en import ENGLISH
from demo.texts.language import Language
from demo.verdicts.directions import Direction, direction
from demo.verdicts.story import Control, Likeness, StoryGrade, StoryVerdict

NAME_THE_LEAD = (
    StoryGrade.LEAD_BEATS_PROMPT,
    StoryGrade.LEAD_UNCOMPARED,
    StoryGrade.LEAD_NOT_BETTER,
    StoryGrade.OTHER_ATTACK,
)
WITHOUT_ENCODER = (StoryGrade.TRACE, StoryGrade.NOT_FOUND)  # headlines that add that there was no encoder


def headline(found: StoryVerdict, language: Language = ENGLISH) -> str:
    """The most important sentence, without a full stop."""
    key, fields = f"story.headline.{found.grade}", dict[str, str]()
    without = not found.reads_matrices
    if found.grade is StoryGrade.OTHER_ATTACK and without:
        key = f"story.headline.{StoryGrade.LEAD_WITHOUT_ENCODER}"
    elif found.grade in WITHOUT_ENCODER and without:
        key += ", without encoder"
    if found.grade in (StoryGrade.LEAD_WITHOUT_ENCODER, StoryGrade.OTHER_ATTACK):
        fields["attack"] = _attack(found, found.attack, language)
    if found.grade in NAME_THE_LEAD and not (found.grade is StoryGrade.OTHER_ATTACK and without):
        fields["lead"] = _attack(found, found.lead, language)
    if found.grade is StoryGrade.TRACE and found.reconstruction is not None:
        fields |= _place(found.reconstruction, language)
    return language.say(key, **fields)


def sentences(found: StoryVerdict, language: Language = ENGLISH) -> tuple[str, ...]:
    """The measurements behind the headline, the controls, and what the figures do not say."""
    if found.grade is StoryGrade.NO_PHOTOS:
        return (language.say("story.no photos"),)
    if found.grade is StoryGrade.NOT_MEASURED or found.reconstruction is None:
        attack = _attack(found, found.lead, language)
        return (found.reason or language.say("story.not measured", attack=attack),)
    closing = language.count("story.anecdote", found.pictures)
    if found.grade is StoryGrade.STRANGERS_TAKEN and found.chance is not None:
        near, strangers = language.plain(SAME_PERSON), likeness(found.chance, language)
        return (language.say("story.strangers taken", likeness=strangers, near=near), closing)
    return (
        _dreambooth(found, language),
        _reconstruction(found.reconstruction, _attack(found, found.lead, language), language),
        _against_class_prompt(found, language),
        *_controls(found, language),
        *_tried(found, language),
        *_swap(found, language),
        closing,
    )


def likeness(found: Likeness, language: Language) -> str:
    """How near an arm is, in a few words."""
    distance = language.fixed(found.distance)
    if found.rank is None:
        return language.say("story.likeness.no rank", distance=distance)
    rank, among = language.fixed(found.rank, 0), language.fixed(found.among, 0)
    return language.say("story.likeness", distance=distance, rank=rank, among=among)


def _attack(found: StoryVerdict, key: str, language: Language) -> str:
    return language.named("attack", key, found.names.get(key, ""))


def _recognised(found: Likeness) -> str:
    return "recognised" if found.recognised else "not recognised"


def _place(found: Likeness, language: Language) -> dict[str, str]:
    return {"place": language.fixed(found.place or 0, 0), "among": language.fixed(found.among, 0)}


def _interval(gap: Difference, language: Language) -> str:
    if math.isnan(gap.low):
        return language.say("story.interval.none")
    return language.say("story.interval", low=language.fixed(gap.low), high=language.fixed(gap.high))


def _dreambooth(found: StoryVerdict, language: Language) -> str:
    if found.dreambooth is None:
        return language.say("story.dreambooth.none")
    shown = likeness(found.dreambooth, language)
    return language.say(f"story.dreambooth.{_recognised(found.dreambooth)}", likeness=shown)


def _reconstruction(arm: Likeness, attack: str, language: Language) -> str:
    near = language.plain(SAME_PERSON)
    limit = (
        language.say("story.limit.no rank", near=near)
        if arm.rank is None
        else language.say("story.limit", near=near, rank=language.fixed(arm.best_rank, 0))
    )
    text = language.say(
        f"story.reconstruction.{_recognised(arm)}",
        attack=attack,
        likeness=likeness(arm, language),
        limit=limit,
    )
    if arm.place is None:
        return text
    place = language.say("story.place", **_place(arm, language), share=language.share(arm.p, 1))
    return language.joined((text, place), "list.sentences")


def _against_class_prompt(found: StoryVerdict, language: Language) -> str:
    gap = found.class_prompt
    if gap is None:
        return language.say("story.class prompt.none", attack=_attack(found, found.lead, language))
    side = direction(gap)
    key = f"story.class prompt.{side}"
    if side is Direction.UNCLEAR:
        key += ", nearer" if gap.estimate > 0 else ", farther"
    return language.say(
        key,
        attack=language.first(_attack(found, found.lead, language)),
        by=language.fixed(abs(gap.estimate)),
        interval=_interval(gap, language),
    )


def _controls(found: StoryVerdict, language: Language) -> list[str]:
    said = [_control(control, language) for control in found.controls]
    return said or [language.say("story.control.none")]


def _control(control: Control, language: Language) -> str:
    shown = likeness(control.likeness, language)
    if control.expected_rank is not None:
        rank = language.fixed(control.expected_rank, 0)
        shown = language.say("story.control.expected", likeness=shown, rank=rank)
    nearer = "nearer" if direction(control.gap) is Direction.UP else "not nearer"
    return language.say(
        f"story.control.{nearer}",
        what=language.named("control", control.key, control.what),
        likeness=shown,
        interval=_interval(control.gap, language),
    )


def _tried(found: StoryVerdict, language: Language) -> list[str]:
    return [
        language.say(
            f"story.tried.{_recognised(tried.likeness)}",
            attack=_attack(found, tried.key, language),
            likeness=likeness(tried.likeness, language),
        )
        for tried in found.tried
    ]


def _swap(found: StoryVerdict, language: Language) -> list[str]:
    if found.swap is None:
        return []
    return [language.say(f"story.swap.{found.swap.carrier}", likeness=likeness(found.swap.likeness, language))]

"""A story's verdict in words."""

from __future__ import annotations

import math

from demo.faces.recognise import SAME_PERSON
from demo.stats.intervals import Difference
from demo.texts import line_up
from demo.texts.en import ENGLISH
from demo.texts.errors import untranslated
from demo.texts.language import Language
from demo.verdicts.directions import Direction, direction
from demo.verdicts.rule import LEAK, Shown, last_place
from demo.verdicts.story import Control, Likeness, StoryGrade, StoryVerdict

NAME_THE_LEAD = (
    StoryGrade.LEAD_BEATS_PROMPT,
    StoryGrade.LEAD_UNCOMPARED,
    StoryGrade.LEAD_NOT_BETTER,
    StoryGrade.OTHER_ATTACK,
)
NAME_THE_ATTACK = (StoryGrade.LEAD_WITHOUT_ENCODER, StoryGrade.OTHER_ATTACK, StoryGrade.TRACE)


def headline(found: StoryVerdict, language: Language = ENGLISH) -> str:
    """The most important sentence, without a full stop."""
    grade, without = found.grade, not found.reads_matrices
    if grade is StoryGrade.OTHER_ATTACK and without:
        grade = StoryGrade.LEAD_WITHOUT_ENCODER
    key, fields = f"story.headline.{grade}", dict[str, str]()
    if grade in (StoryGrade.TRACE, StoryGrade.NOT_FOUND) and without:
        key += ", without encoder"
    if grade in NAME_THE_LEAD:
        fields["lead"] = _attack(found, found.lead, language)
    if grade in NAME_THE_ATTACK:
        fields["attack"] = _attack(found, found.attack or found.lead, language)
    if grade.startswith("leak") and found.attacked is not None:
        fields["gives"] = language.say(f"story.gives.{found.attacked.shown}", **_place(found.attacked, language))
    if grade is StoryGrade.TRACE and found.attacked is not None:
        fields |= _place(found.attacked, language)
    return language.say(key, **fields)


def sentences(found: StoryVerdict, language: Language = ENGLISH) -> tuple[str, ...]:
    """The measurements behind the headline, the controls, and what the figures do not say."""
    if found.grade is StoryGrade.NO_PHOTOS:
        return (language.say("story.no photos"),)
    if found.grade is StoryGrade.NOT_MEASURED or found.reconstruction is None:
        if found.reason:
            said = untranslated(found.reason, language)
        else:
            said = language.say("story.not measured", attack=_attack(found, found.lead, language))
        return (said, *_line_up(found, language))
    closing = language.count("story.anecdote", found.pictures)
    if found.grade is StoryGrade.STRANGERS_TAKEN and found.chance is not None:
        strangers = likeness(found.chance, language)
        taken = language.say("story.strangers taken", likeness=strangers)
        return (taken, *_line_up(found, language), *_ceiling(found, language), closing)
    return (
        _dreambooth(found, language),
        _reconstruction(found, found.reconstruction, language),
        *_line_up(found, language),
        _against_class_prompt(found, language),
        *_tried(found, language),
        _rule(found, found.reconstruction, language),
        *_ceiling(found, language),
        *_controls(found, language),
        *_swap(found, language),
        *_agreement(found, language),
        closing,
    )


def likeness(found: Likeness, language: Language) -> str:
    """How near an arm is, in a few words."""
    return language.say("story.likeness", distance=language.fixed(found.distance), **_place(found, language))


def _attack(found: StoryVerdict, key: str, language: Language) -> str:
    return language.named("attack", key, found.names.get(key, ""))


def _place(found: Likeness, language: Language) -> dict[str, str]:
    return {"place": language.fixed(found.place, 0), "among": language.fixed(found.among, 0)}


def _interval(gap: Difference, language: Language) -> str:
    if math.isnan(gap.low):
        return language.say("story.interval.none")
    return language.say("story.interval", low=language.fixed(gap.low), high=language.fixed(gap.high))


def _dreambooth(found: StoryVerdict, language: Language) -> str:
    if found.dreambooth is None:
        return language.say("story.dreambooth.none")
    shown = likeness(found.dreambooth, language)
    return language.say(f"story.dreambooth.{_worked(found.dreambooth.shown)}", likeness=shown)


def _worked(shown: Shown) -> str:
    return str(shown) if shown.leaked else "not shown"


def _reconstruction(found: StoryVerdict, arm: Likeness, language: Language) -> str:
    attack, shown = _attack(found, found.lead, language), likeness(arm, language)
    text = language.say(f"story.reconstruction.{arm.shown}", attack=attack, likeness=shown)
    accident = language.say("story.accident", share=language.share(arm.p, 1))
    parts = [text, accident]
    if arm.alike is not None:
        place, among = (language.fixed(number, 0) for number in arm.alike)
        others = language.fixed(arm.alike[1] - 1, 0)
        parts.append(language.say("story.alike", place=place, among=among, others=others))
    return language.joined(parts, "list.sentences")


def _line_up(found: StoryVerdict, language: Language) -> list[str]:
    if found.line_up is None:
        return []
    return [language.joined(line_up.sentences(found.line_up, language), "list.sentences")]


def _rule(found: StoryVerdict, arm: Likeness, language: Language) -> str:
    """What counts as a leak here."""
    share, among = language.share(LEAK), language.fixed(arm.among, 0)
    last = last_place(arm.among, found.attacks)
    if not last:
        return language.count("story.rule.none", found.attacks, share=share, among=among)
    near, place = language.plain(SAME_PERSON), language.fixed(last, 0)
    return language.count("story.rule", found.attacks, share=share, among=among, place=place, near=near)


def _ceiling(found: StoryVerdict, language: Language) -> list[str]:
    own = found.ceiling
    if own is None:
        return []
    near, share = language.plain(SAME_PERSON), language.share(own.false_accepts, 1)
    crowd = {"strangers": language.fixed(own.strangers, 0), "among": language.fixed(own.among, 0)}
    accepts = language.say("story.false accepts", near=near, share=share, **crowd)
    if math.isnan(own.distance):
        return [accepts]
    text = language.say("story.ceiling", distance=language.fixed(own.distance))
    return [language.joined((text, accepts), "list.sentences")]


def _agreement(found: StoryVerdict, language: Language) -> list[str]:
    again = found.agreement
    if again is None:
        return []
    numbers = {"agreed": again.agreed, "fine_tunings": again.fine_tunings, "people": again.people}
    fields = {name: language.fixed(number, 0) for name, number in numbers.items()}
    return [language.say("story.agreement", share=language.share(again.agreed / again.fine_tunings), **fields)]


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
    if control.expected_place is not None:
        place = language.fixed(control.expected_place, 0)
        shown = language.say("story.control.expected", likeness=shown, place=place)
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
            f"story.tried.{tried.likeness.shown}",
            attack=_attack(found, tried.key, language),
            likeness=likeness(tried.likeness, language),
        )
        for tried in found.tried
    ]


def _swap(found: StoryVerdict, language: Language) -> list[str]:
    if found.swap is None:
        return []
    return [language.say(f"story.swap.{found.swap.carrier}", likeness=likeness(found.swap.likeness, language))]

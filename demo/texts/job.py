"""A job's title and the stages of its progress in words. The core names them in English."""

from __future__ import annotations

import re

from demo.texts.en import ENGLISH
from demo.texts.language import Language

# What stages are made of; groups are the fields of the key's template. A stage may lie within another one.
STAGES = tuple(
    (re.compile(pattern), f"strip.stage.{key}")
    for pattern, key in (
        (r"Part (?P<number>\d+) of (?P<all>\d+), (?P<stage>.+)", "part"),
        (r"(?P<number>\d+) of (?P<all>\d+): (?P<name>.+): (?P<stage>.+)", "point"),
        (r"class images (?P<number>\d+) of (?P<all>\d+)", "class images"),
        (r"extraction (?P<number>\d+) of (?P<all>\d+)", "extraction"),
        (r"measure (?P<name>.+)", "measure"),
        (r"draw the (?P<name>.+)", "draw the set"),
    )
)
SPENT = (
    (re.compile(r"spent: photo level ε (?P<photo>\S+), person level ε (?P<person>\S+)"), "strip.spent"),
    (
        re.compile(r"nominal, no guarantee: photo level ε (?P<photo>\S+), person level ε (?P<person>\S+)"),
        "strip.spent.nominal",
    ),
)


def title(text: str, language: Language = ENGLISH) -> str:
    """A job's title; as it is where the language has none for it."""
    return language.named("strip.job", text, text)


def stage(text: str, language: Language = ENGLISH) -> str:
    """A stage of a job; as it is where the language has no words for it."""
    for pattern, key in STAGES:
        found = pattern.fullmatch(text)
        if found and key in language.texts:
            return language.say(key, **{name: _field(name, part, language) for name, part in found.groupdict().items()})
    return language.named("strip.stage", text, text)


def spent(text: str, language: Language = ENGLISH) -> str:
    """What a defence has spent so far; as it is where the language has no words for it."""
    for pattern, key in SPENT:
        found = pattern.fullmatch(text)
        if found and key in language.texts:
            return language.say(
                key, **{name: language.epsilon(float(part)) for name, part in found.groupdict().items()}
            )
    return text


def _field(name: str, text: str, language: Language) -> str:
    if name == "stage":
        return stage(text, language)
    return language.fixed(int(text), 0) if text.isdecimal() else language.named("strip.name", text, text)

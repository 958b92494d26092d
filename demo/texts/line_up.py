"""The line-up, the human measure, in words."""

from __future__ import annotations

import math

from demo.texts.en import ENGLISH
from demo.texts.language import Language
from demo.verdicts.line_up import CHANCE, Counted, LineUpResult


def sentences(found: LineUpResult, language: Language = ENGLISH) -> tuple[str, ...]:
    """What was guessed, and how often guesses are right."""
    guess = {True: "right", False: "wrong", None: "none"}[found.right]
    said = [language.say(f"line_up.{guess}")]
    if found.right is not None and found.seen:
        said.append(language.say("line_up.seen"))
    if found.counted is not None:
        said.append(counted(found.counted, language))
    return tuple(said)


def counted(found: Counted, language: Language = ENGLISH) -> str:
    """Right guesses of all, against chance."""
    chance = language.share(CHANCE)
    if not found.all or math.isnan(found.low):
        return language.say("line_up.counted.none", chance=chance)
    low, high = language.share(found.low), language.share(found.high)
    right, share = language.fixed(found.right, 0), language.share(found.right / found.all)
    return language.count("line_up.counted", found.all, right=right, share=share, low=low, high=high, chance=chance)

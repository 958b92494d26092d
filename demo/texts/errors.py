"""Errors in words. The core's own words are English; another language has its own for those that name their key."""

from __future__ import annotations

from demo.errors import DemoError, Field
from demo.texts.en import ENGLISH
from demo.texts.language import Language


def said(error: DemoError, language: Language = ENGLISH) -> str:
    """Problem and remedy; in English, and said to be, where the language has no words for them."""
    if language is ENGLISH:
        return str(error)
    fields = {name: _text(value, language) for name, value in error.fields.items()}
    if error.key in language.texts:
        return language.say(error.key, **fields)
    count = error.fields.get("count")
    if isinstance(count, int) and f"{error.key}.{language.plural(count)}" in language.texts:
        fields.pop("count")
        return language.count(error.key, count, **fields)
    return untranslated(str(error), language)


def untranslated(text: str, language: Language) -> str:
    """What there is in English alone."""
    return language.say("errors.english", text=text)


def _text(value: Field, language: Language) -> str:
    if isinstance(value, int):
        return language.fixed(value, 0)
    return value if isinstance(value, str) else language.plain(value)

"""What the rows of a comparison are called, and defences. English has the names of the registries."""

from __future__ import annotations

from demo.texts.en import ENGLISH
from demo.texts.language import Language


def title(key: str, registered: str, language: Language = ENGLISH) -> str:
    """An arm's title; the registered one where the language has none."""
    return language.named("arm.title", key, registered)


def explanation(key: str, registered: str, language: Language = ENGLISH) -> str:
    """What is said of an arm; what is registered where the language has nothing of its own."""
    return language.named("arm.explanation", key, registered)


def defence(key: str, registered: str, language: Language = ENGLISH) -> str:
    """A defence's title; the registered one where the language has none."""
    return language.named("defence", key, registered)

"""The languages, and which one a browser asks for. A new one is one package of templates and one line here."""

from __future__ import annotations

import math

from demo.texts.de import GERMAN
from demo.texts.en import ENGLISH
from demo.texts.es import SPANISH
from demo.texts.fr import FRENCH
from demo.texts.language import Language
from demo.texts.zh import CHINESE

LANGUAGES: dict[str, Language] = {language.key: language for language in (ENGLISH, GERMAN, FRENCH, SPANISH, CHINESE)}
LONGEST = 1000  # letters of a header that are read: it comes from anywhere


def choose_language(accepted: str | None) -> Language:
    """The language that a browser would have most, of those there are; English where it names none of them.

    Args:
        accepted: the header Accept-Language, such as ``de-AT,de;q=0.9,en;q=0.5``. Regions and scripts are overlooked,
            and so is what cannot be read.
    """
    best, liked = ENGLISH, 0.0
    for part in (accepted or "")[:LONGEST].split(","):
        tag, *parameters = part.split(";")
        language = LANGUAGES.get(tag.strip().replace("_", "-").split("-")[0].lower())
        quality = _quality(parameters)
        if language is not None and quality > liked:
            best, liked = language, quality
    return best


def _quality(parameters: list[str]) -> float:
    """How much a language is liked, from 0 (not at all) to 1; 0 where it cannot be read."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if math.isfinite(quality) and 0 <= quality <= 1 else 0.0
    return 1.0

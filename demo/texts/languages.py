"""The languages. A new one is one file of templates and one line in :data:`LANGUAGES`."""

from __future__ import annotations

from demo.texts.en import ENGLISH
from demo.texts.language import Language

LANGUAGES: dict[str, Language] = {language.key: language for language in (ENGLISH,)}

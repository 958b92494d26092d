"""English. Another language is a package like this one, with the same keys and fields."""

from __future__ import annotations

from demo.texts.en.audit import AUDIT
from demo.texts.en.general import GENERAL
from demo.texts.en.line_up import LINE_UP
from demo.texts.en.messages import ERRORS, PHOTOS, ROWS, STRIP
from demo.texts.en.shake import SHAKE
from demo.texts.en.stage import STAGE
from demo.texts.en.story import STORY
from demo.texts.en.sweep import SWEEP
from demo.texts.language import Language

__all__ = [
    "AUDIT",
    "ENGLISH",
    "ERRORS",
    "GENERAL",
    "LINE_UP",
    "PHOTOS",
    "ROWS",
    "SHAKE",
    "STAGE",
    "STORY",
    "STRIP",
    "SWEEP",
]

ENGLISH = Language(
    "en", "English", GENERAL | STORY | LINE_UP | SWEEP | SHAKE | AUDIT | STAGE | STRIP | PHOTOS | ROWS | ERRORS
)

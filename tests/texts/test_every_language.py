"""Every language says all that English says, in words of its own."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from test_verdict_texts import everything

from demo.attack.registry import ATTACKS
from demo.defences.registry import DEFENCES
from demo.errors import DemoError, DeviceMemoryError
from demo.photos.decode import Reason
from demo.report.arms import CONTROLS, NULLS, OWNER
from demo.session.visitors import GoneError, NoPageError
from demo.texts.en import ENGLISH
from demo.texts.language import Language, fields_of
from demo.texts.languages import LANGUAGES
from demo.workflow.jobs import UnexpectedError

OTHERS = [language for language in LANGUAGES.values() if language is not ENGLISH]
MODEL = OTHERS[0]
# What the core says or names in English itself; the other languages have texts of their own for it.
OF_THE_CORE = (
    "attack.",
    "control.",
    "arm.",
    "defence.",
    "errors.",
    "photos.bad.",
    "strip.job.",
    "strip.stage.",
    "strip.spent",
)
# Punctuation, names, and words that a language shares with English.
ALIKE = re.compile(
    r"list\..*|control\.other|attack\.other|errors\.english|strip\.(comma|seconds|minutes.*|step|failed|done)"
    r"|strip\.(spoken\.waiting|spent.*)|rows\.(mega|kilo)bytes|shake\.(extracted\.count|after)|sweep\.proved\.pair"
    r"|stage\.start|signed|sentence"
)
ENDS = {"。": ".", "，": ",", "：": ":", "？": "?", "！": "!", "；": ";", "）": ")", "”": '"', "“": '"', "»": '"'}
PERSONAL = {"too_few", "too_many", "several_problems"}  # of sets of photos: the command line's, which is English


def each(languages: list[Language]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("language", languages, ids=[language.key for language in languages])


def end(text: str) -> str:
    """What a text ends with: a mark, or "" after a letter, a number or a field."""
    last = ENDS.get(text.strip()[-1:], text.strip()[-1:])
    return last if last in ".,:?!;" else ""


@each(OTHERS)
def test_a_language_has_every_template_with_the_same_fields(language: Language) -> None:
    assert set(ENGLISH.texts) <= set(language.texts)
    for key, template in ENGLISH.texts.items():
        assert fields_of(language.texts[key]) == fields_of(template), key


@each(OTHERS)
def test_languages_have_the_same_texts_for_what_the_core_says_in_english(language: Language) -> None:
    own = set(language.texts) - set(ENGLISH.texts)
    assert own == set(MODEL.texts) - set(ENGLISH.texts)
    assert all(key.startswith(OF_THE_CORE) for key in own)
    for key in own:
        assert fields_of(language.texts[key]) == fields_of(MODEL.texts[key]), key


@each(OTHERS)
def test_nothing_was_left_in_english(language: Language) -> None:
    same = [key for key, text in ENGLISH.texts.items() if language.texts[key] == text and not ALIKE.fullmatch(key)]
    assert same == []


@each(OTHERS)
def test_texts_end_as_those_in_english_do_and_are_clean(language: Language) -> None:
    for key, text in ENGLISH.texts.items():
        if not key.startswith("list.") and key not in ("strip.comma", "number.none"):
            assert end(language.texts[key]) == end(text), key
    for key, text in language.texts.items():
        assert not any(re.search(r"\s\s", paragraph) for paragraph in text.split("\n\n")), key
        assert key.startswith("list.") or key == "strip.comma" or text == text.strip(), key


@each(list(LANGUAGES.values()))
def test_plural_forms_are_complete(language: Language) -> None:
    counted = {key.rsplit(".", 1)[0] for key in language.texts if key.endswith((".one", ".other"))}
    counted -= {"attack", "control", "stage.line_up.alt"}  # another one, not a plural
    for key in counted:
        for count in (0, 1, 2, 5, 21, 1000):
            assert f"{key}.{language.plural(count)}" in language.texts, key


@each(OTHERS)
def test_every_verdict_is_said_in_whole_sentences(language: Language) -> None:
    for headline, sentences in everything(language):
        assert headline
        for text in (headline, *sentences):
            assert not set("{}") & set(text), text
            assert not re.search(r"\bnan\b", text), text
            assert not re.search(r"\s\s|[.,;:。，；：]{2}", text), text
        assert not headline.endswith((".", "。"))
        for sentence in sentences:
            assert sentence.endswith((".", "。")), sentence


@each(OTHERS)
def test_all_that_is_registered_has_a_name(language: Language) -> None:
    arms = {OWNER, *ATTACKS, *CONTROLS}
    named = {f"attack.{key}" for key in ATTACKS} | {f"control.{key}" for key in NULLS}
    named |= {f"arm.{what}.{key}" for key in arms for what in ("title", "explanation")}
    named |= {f"defence.{key}" for key in DEFENCES}
    assert named == {key for key in language.texts if key.startswith(("attack.", "control.", "arm.", "defence."))} - {
        "attack.other",
        "control.other",
    }


@each(OTHERS)
def test_every_reason_why_a_photo_is_bad_has_its_text(language: Language) -> None:
    reasons = {key.removeprefix("photos.bad.") for key in language.texts if key.startswith("photos.bad.")}
    assert reasons == set(get_args(Reason)) - PERSONAL


@each(OTHERS)
@pytest.mark.parametrize("error", [GoneError(), NoPageError(), UnexpectedError(), DeviceMemoryError()])
def test_errors_of_one_kind_have_their_text(language: Language, error: DemoError) -> None:
    assert error.key in language.texts

from __future__ import annotations

from dataclasses import replace

import pytest

from demo.texts.en import AUDIT, ENGLISH, GENERAL, LINE_UP, SHAKE, STAGE, STORY, SWEEP
from demo.texts.language import Language, fields_of
from demo.texts.languages import LANGUAGES


def test_no_key_is_given_twice() -> None:
    assert len(ENGLISH.texts) == sum(map(len, (GENERAL, STORY, LINE_UP, SWEEP, SHAKE, AUDIT, STAGE)))


def test_fields_that_are_missing_or_too_many_are_refused() -> None:
    language = Language("xx", "Test", {"pair": "{one} and {two}"})
    assert language.say("pair", one="a", two="b") == "a and b"
    with pytest.raises(ValueError, match="'pair' takes"):
        language.say("pair", one="a")
    with pytest.raises(ValueError, match="'pair' takes"):
        language.say("pair", one="a", two="b", three="c")
    with pytest.raises(KeyError):
        language.say("none")


def test_templates_take_text_so_that_numbers_are_formatted_in_one_place() -> None:
    for key, template in ENGLISH.texts.items():
        assert all(name.isidentifier() for name in fields_of(template)), key
        assert ":" not in "".join(part for part in template.split("{")[1:] if ":" in part.split("}")[0]), key


def test_numbers_are_written_as_the_language_writes_them() -> None:
    german = replace(ENGLISH, key="de", decimal=",", thousands=".")
    written = [
        (language.fixed(1234.5), language.signed(-0.0125), language.share(0.123, 1), language.short(2.346e-7))
        for language in (ENGLISH, german)
    ]
    assert written == [("1,234.50", "-0.013", "12.3%", "2.35e-07"), ("1.234,50", "-0,013", "12,3%", "2,35e-07")]
    assert [german.epsilon(value) for value in (None, 0.0996, 1234.0, float("inf"))] == ["none", "0,0996", "1.234", "∞"]
    assert [ENGLISH.number(value) for value in (0.5, 12.34, 1234.5, float("nan"))] == ["0.500", "12.3", "1,234", "n/a"]


def test_a_count_chooses_its_template_and_another_language_may_have_other_plurals() -> None:
    assert ENGLISH.count("story.anecdote", 1).startswith("This is one person, 1 picture:")
    assert ENGLISH.count("story.anecdote", 8).startswith("This is one person, 8 pictures:")
    chinese = replace(ENGLISH, plural=lambda count: "other")
    assert chinese.count("story.anecdote", 1).startswith("This is one person, 1 pictures:")


def test_what_has_no_name_is_called_by_its_key() -> None:
    assert ENGLISH.named("attack", "random_trigger", "the guessed trigger") == "the guessed trigger"
    assert ENGLISH.named("attack", "spectrum") == "the attack spectrum"


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_a_language_has_every_template_with_the_same_fields(language: Language) -> None:
    own = {kind for kind in language.texts if kind.startswith(("attack.", "control."))}  # names, which English lacks
    assert set(ENGLISH.texts) <= set(language.texts)
    assert set(language.texts) - own <= set(ENGLISH.texts)
    for key, template in ENGLISH.texts.items():
        assert fields_of(language.texts[key]) == fields_of(template), key

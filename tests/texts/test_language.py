from __future__ import annotations

from dataclasses import replace

import pytest

from demo.texts import en
from demo.texts.en import ENGLISH
from demo.texts.language import Language, fields_of
from demo.texts.languages import LANGUAGES

NARROW, WIDE = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"


def test_no_key_is_given_twice() -> None:
    parts = [getattr(en, name) for name in en.__all__ if name != "ENGLISH"]
    assert len(ENGLISH.texts) == sum(map(len, parts))


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
    german = LANGUAGES["de"]
    written = [
        (language.fixed(1234.5), language.signed(-0.0125), language.short(2.346e-7)) for language in (ENGLISH, german)
    ]
    assert written == [("1,234.50", "-0.013", "2.35e-07"), ("1.234,50", "-0,013", "2,35e-07")]
    assert [german.epsilon(value) for value in (None, 0.0996, 1234.0, float("inf"))] == [
        "keins",
        "0,0996",
        "1.234",
        "∞",
    ]
    assert [ENGLISH.number(value) for value in (0.5, 12.34, 1234.5, float("nan"))] == ["0.500", "12.3", "1,234", "n/a"]


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("en", ("12.3%", "1,001", "12,345.0")),
        ("de", (f"12,3{WIDE}%", "1.001", "12.345,0")),
        ("fr", (f"12,3{WIDE}%", f"1{NARROW}001", f"12{NARROW}345,0")),
        ("es", (f"12,3{WIDE}%", "1001", "12.345,0")),
        ("zh", ("12.3%", "1,001", "12,345.0")),
    ],
)
def test_shares_and_thousands_are_those_of_the_language(key: str, written: tuple[str, ...]) -> None:
    language = LANGUAGES[key]
    assert (language.share(0.123, 1), language.fixed(1001, 0), language.fixed(12345, 1)) == written


def test_a_count_chooses_its_template_and_another_language_may_have_other_plurals() -> None:
    assert ENGLISH.count("story.anecdote", 1).startswith("This is one person, 1 picture:")
    assert ENGLISH.count("story.anecdote", 8).startswith("This is one person, 8 pictures:")
    chinese = replace(ENGLISH, plural=LANGUAGES["zh"].plural)
    assert chinese.count("story.anecdote", 1).startswith("This is one person, 1 pictures:")


@pytest.mark.parametrize(("key", "forms"), [("en", "oxo"), ("de", "oxo"), ("fr", "xxo"), ("es", "oxo"), ("zh", "ooo")])
def test_plurals_of_none_one_and_two(key: str, forms: str) -> None:
    assert [LANGUAGES[key].plural(count) for count in range(3)] == [{"o": "other", "x": "one"}[form] for form in forms]


def test_what_has_no_name_is_called_by_its_key() -> None:
    assert ENGLISH.named("attack", "random_trigger", "the guessed trigger") == "the guessed trigger"
    assert ENGLISH.named("attack", "spectrum") == "the attack spectrum"

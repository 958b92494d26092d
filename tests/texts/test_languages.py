from __future__ import annotations

import pytest

from demo.texts.languages import LANGUAGES, LONGEST, choose_language


@pytest.mark.parametrize("key", LANGUAGES)
def test_a_browser_gets_its_language_whatever_its_region(key: str) -> None:
    for accepted in (
        key,
        key.upper(),
        f"{key}-XX",
        f"{key}_XX,en;q=0.1",
        f"it,{key};q=0.8,en;q=0.7",
        f" {key} ; q=1.0 ",
    ):
        assert choose_language(accepted).key == key, accepted


@pytest.mark.parametrize("accepted", [None, "", "it", "*", "xx-YY,zz;q=0.3"])
def test_english_is_for_whoever_asks_for_none_of_ours(accepted: str | None) -> None:
    assert choose_language(accepted).key == "en"


@pytest.mark.parametrize(
    "accepted", [";;;,,,", "q=1", "en;q=nan", "en;q=", "en;q=9", "en;q=-1", "\x00", "-", ";q=1,;q", "=,=;=", "é;q=1"]
)
def test_rubbish_is_overlooked(accepted: str) -> None:
    assert choose_language(accepted).key == "en"


def test_a_header_without_end_is_not_read_to_its_end() -> None:
    assert choose_language("it," * LONGEST).key == "en"

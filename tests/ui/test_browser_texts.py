from __future__ import annotations

import re

import pytest

from demo.session.visitors import CLOSED_S, IDLE_S
from demo.texts.en import STAGE
from demo.texts.language import fields_of
from demo.texts.languages import LANGUAGES
from demo.ui.components.translations import HEAD, I18N, KNOWN, t


def test_the_browser_gets_every_text_that_it_can_say_in_every_language() -> None:
    plain = {key for key, template in STAGE.items() if not fields_of(template)} | set(KNOWN)
    assert set(I18N.translations) == set(LANGUAGES)
    for key, language in LANGUAGES.items():
        assert set(I18N.translations[key]) == plain
        assert not any(set("{}") & set(said) for said in I18N.translations[key].values())
        assert I18N.translations[key]["stage.start"] == language.texts["stage.start"]


def test_before_an_upload_it_is_said_when_photos_go() -> None:
    for said in I18N.translations.values():
        found = re.findall(r"\d+", said["consent.upload"])
        assert found == [str(CLOSED_S // 60), str(IDLE_S // 60)]


def test_a_text_is_named_by_its_key() -> None:
    assert t("stage.title").key == "stage.title"


@pytest.mark.parametrize("key", ["stage.titel", "stage.live.distance", "story.no photos", ""])
def test_what_the_browser_cannot_say_is_refused(key: str) -> None:
    with pytest.raises(KeyError):
        t(key)


@pytest.mark.parametrize("key", ["en", "de", "fr", "es"])
def test_the_first_screen_has_few_words(key: str) -> None:
    first = ["title", "photos", "file", "drawn", "start", "again", "delete", "hidden", "show", "sure", "own", "lab"]
    texts = LANGUAGES[key].texts
    assert sum(len(texts[f"stage.{part}"].split()) for part in [*first, "about"]) < 60


def test_the_head_names_every_language() -> None:
    assert all(f'"{key}"' in HEAD for key in LANGUAGES)

from __future__ import annotations

import pickle

import pytest

from demo.errors import DemoError, SettingsError
from demo.photos.decode import BadPhotoError
from demo.session.visitors import GoneError
from demo.texts.errors import said, untranslated
from demo.texts.languages import LANGUAGES

GERMAN, CHINESE = LANGUAGES["de"], LANGUAGES["zh"]
BUSY = DemoError("3 jobs are waiting already.", "Try again.", key="errors.busy", count=3)


def test_in_english_an_error_says_what_the_core_says() -> None:
    assert said(BUSY) == "3 jobs are waiting already. Try again."


def test_another_language_has_its_own_words_and_plurals() -> None:
    assert said(GoneError(), GERMAN).startswith("Deine Fotos und Ergebnisse sind gelöscht.")
    assert said(BUSY, GERMAN).startswith("3 Aufträge warten schon.")
    assert said(DemoError("", "", key="errors.busy", count=1), GERMAN).startswith("1 Auftrag wartet schon.")
    assert said(BUSY, CHINESE).startswith("已有 3 个任务")


def test_a_photo_is_named() -> None:
    error = BadPhotoError("no_face", "No face found in {a}.jpg.", "Use another.", name="{a}.jpg")
    assert said(error, GERMAN).startswith("In {a}.jpg ist kein Gesicht zu finden.")


@pytest.mark.parametrize("key", ["", "errors.nothing of that name"])
def test_what_has_no_translation_stays_english_and_says_so(key: str) -> None:
    error = SettingsError("Rank: 0 cannot be.", "Give a whole number.", key=key, count=1)
    assert said(error, GERMAN) == "Auf Englisch: Rank: 0 cannot be. Give a whole number."
    assert untranslated("A note.", LANGUAGES["en"]) == "A note."


def test_an_error_from_another_process_keeps_its_key() -> None:
    again = pickle.loads(pickle.dumps(BUSY))
    assert (str(again), again.key, dict(again.fields)) == (str(BUSY), "errors.busy", {"count": 3})
    assert said(pickle.loads(pickle.dumps(GoneError())), GERMAN) == said(GoneError(), GERMAN)

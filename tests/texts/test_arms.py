from __future__ import annotations

from demo.texts import arms
from demo.texts.languages import LANGUAGES

GERMAN = LANGUAGES["de"]


def test_rows_of_a_comparison() -> None:
    assert arms.title("chance", "Chance", GERMAN) == "Zufall"
    assert arms.title("chance", "Chance") == "Chance"
    assert arms.explanation("new_attack", "It is new.", GERMAN) == "It is new."


def test_defences() -> None:
    assert arms.defence("gaussian", "Gaussian noise on the file", GERMAN) == "Gauß-Rauschen auf der Datei"
    assert arms.defence("new_one", "New one", GERMAN) == "New one"

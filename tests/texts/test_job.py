from __future__ import annotations

import pytest

from demo.texts import job
from demo.texts.languages import LANGUAGES

GERMAN = LANGUAGES["de"]
STAGES = (
    ("fine-tune", "Fine-Tuning"),
    ("Part 1 of 3, fine-tune", "Teil 1 von 3, Fine-Tuning"),
    ("Part 2 of 3, encoder", "Teil 2 von 3, Gewichts-Encoder"),
    ("Part 3 of 3, measure Class prompt", "Teil 3 von 3, Messen (Class prompt)"),
    ("class images 100 of 1200", "Klassenbilder, ab 100 von 1.200"),
    ("2 of 11: DP-SGD (DPDM), ε = 2: guessed trigger", "2 von 11, DP-SGD (DPDM), ε = 2: geratenes Triggerwort"),
    ("something new", "something new"),
)


@pytest.mark.parametrize(("english", "german"), STAGES)
def test_stages_are_known_by_what_they_are_made_of(english: str, german: str) -> None:
    assert job.stage(english, GERMAN) == german
    assert job.stage(english) == english


def test_titles_and_what_was_spent() -> None:
    assert job.title("The whole story", GERMAN) == "Die ganze Geschichte"
    assert job.title("Another job", GERMAN) == "Another job"
    assert job.title("Fine-tuning") == "Fine-tuning"
    spent = "spent: photo level ε 1.25, person level ε inf"
    assert job.spent(spent, GERMAN) == "verbraucht: ε je Foto 1,25, ε der Person ∞"
    assert job.spent(spent) == spent
    assert job.spent("spent: a lot", GERMAN) == "spent: a lot"

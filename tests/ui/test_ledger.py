from __future__ import annotations

from dataclasses import replace

import pytest
from markup import Html

from demo.defences.registry import DEFENCES
from demo.finetune.settings import PRESETS
from demo.lora.ledger import Ledger
from demo.texts.ledger import line, words
from demo.ui.components import ledger

PROVED = Ledger(
    defence="dpdm",
    title="DP-SGD (DPDM), ε = 2",
    guarantee="proved",
    sentences=("One photo.", "The person."),
    settings={"epsilon": 2.0, "noise_multiplier": None},
    steps=1200,
    photos=5,
    sigma=19.14,
    q=0.8,
    clip=1.5,
    accountant="Opacus RDP",
    delta=1e-6,
    photo_epsilon=1.9987,
    person_epsilon=12.41,
    neighbouring="They differ by one.",
    noise="os.urandom",
    versions={"opacus": "1.6.0"},
)


def test_both_levels_stand_side_by_side_with_all_that_they_came_from() -> None:
    words = Html(ledger.card(PROVED)).words
    assert "Photo levelε = 2" in words
    assert "Person levelε = 12.4" in words
    figures = ("Proved", "19.14", "0.8", "1.5", "1e-06", "1,200", "Opacus RDP", "os.urandom", "opacus 1.6.0")
    for expected in (*figures, "They differ by one.", "One photo.", "The person.", "epsilon = 2.0"):
        assert expected in words, expected
    assert "noise_multiplier" not in words  # None: it was not given


@pytest.mark.parametrize(
    ("guarantee", "word"), [("nominal", "Nominal, no guarantee"), ("none", "No guarantee"), ("proved", "Proved")]
)
def test_the_guarantee_is_a_word(guarantee: str, word: str) -> None:
    made = replace(PROVED, guarantee=guarantee)
    assert f'<p class="word">{word}</p>' in ledger.card(made)
    assert line(made) == f"{word}: photo level ε = 2, person level ε = 12.4, δ = 1e-06."


def test_what_there_is_not_is_not_shown_as_a_figure() -> None:
    bare = Ledger("int8", "Rounding", "none", ("No guarantee of any kind.",), {}, 100, 5)
    words = Html(ledger.card(bare)).words
    assert "ε" not in words
    assert "Clipping" not in words
    assert line(bare) == "No guarantee."
    half = replace(PROVED, person_epsilon=None)
    assert "none earned" in ledger.card(half)
    assert "person" not in line(half)


def test_infinity_says_what_it_means() -> None:
    assert "ε = ∞, no bound" in ledger.card(replace(PROVED, person_epsilon=float("inf")))


def test_words_for_a_report_name_the_defence_and_its_ledger() -> None:
    assert words(PROVED) == [
        "Defence: DP-SGD (DPDM), ε = 2. Proved: photo level ε = 2, person level ε = 12.4, δ = 1e-06.",
        "One photo.",
        "The person.",
    ]


def test_text_is_escaped() -> None:
    assert "<script>" not in ledger.card(replace(PROVED, title="<script>", sentences=("<script>",), noise="<script>"))


@pytest.mark.parametrize("key", DEFENCES)
def test_every_defences_own_ledger_can_be_shown(key: str) -> None:
    made = DEFENCES[key]().ledger(5, PRESETS["face64-cpu"], 10)
    words = Html(ledger.card(made)).words
    assert made.sentences[0] in words
    assert "seed" not in ", ".join(made.settings)

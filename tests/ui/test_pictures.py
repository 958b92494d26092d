from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from fake_story import FakeStory, face, lora
from markup import Html

from demo.errors import PhotoError, SettingsError
from demo.progress import Progress
from demo.report import LeakReport
from demo.report.arms import is_attack
from demo.session.visitors import GoneError
from demo.texts.languages import LANGUAGES
from demo.ui.components import pictures
from demo.workflow.snapshot import Snapshot, State

JOB = Snapshot("id", "Fine-tuning", "running", None, None, (), (), None, None, (), None, None, 75.0)


@pytest.fixture(scope="module")
def report() -> LeakReport:
    return FakeStory().compare(lora(), "secret", [face(1), face(2)], notes=["Five photos."])


def test_the_strip_says_how_the_job_stands() -> None:
    assert pictures.progress(None) == ""
    assert "place 3 in line" in pictures.progress(replace(JOB, state="waiting", place=3))
    for wait_s, said in ((4, "less than 10 s to wait"), (44, "about 40 s to wait"), (200, "about 3 min to wait")):
        waiting = replace(JOB, state="waiting", place=3, wait_s=wait_s)
        assert f"place 3 in line, {said}. It starts by itself." in Html(pictures.progress(waiting)).words
        assert f"place 3 in line, {said}." in Html(pictures.announcement(waiting)).words
    assert "getting ready" in pictures.progress(JOB)
    running = replace(JOB, progress=Progress("fine-tune", 30, 120, loss=0.5, eta_s=190))
    assert "fine-tune: 30 of 120, 3 min 10 s left in this part, loss 0.500" in Html(pictures.progress(running)).words
    assert 'value="0.250"' in pictures.progress(running)
    spending = replace(JOB, progress=Progress("fine-tune", 30, 120, loss=0.5, spent="spent: photo level ε 1.2"))
    assert "loss 0.500; spent: photo level ε 1.2" in Html(pictures.progress(spending)).words
    failed = replace(JOB, state="failed", error=PhotoError("<b>x</b>", "Do y."))
    assert "&lt;b&gt;x&lt;/b&gt; Do y." in pictures.progress(failed)
    assert "Stopped" in pictures.progress(replace(JOB, state="stopped"))
    assert "others are waiting" not in pictures.progress(replace(JOB, state="stopped"))
    assert "others are waiting" in pictures.progress(replace(JOB, state="stopped", cut=True))
    assert "after 1 min 15 s" in pictures.progress(replace(JOB, state="done"))


def test_the_strip_and_what_is_said_aloud_are_in_the_visitor_s_language() -> None:
    german = LANGUAGES["de"]

    def strip(**changes: Any) -> str:
        return Html(pictures.progress(replace(JOB, **changes), german)).words

    now = Progress("Part 1 of 3, fine-tune", 1030, 1200, loss=0.5, eta_s=190, spent="not known")
    assert strip(state="waiting", place=3).startswith("Wartet. Fine-Tuning: Platz 3 in der Warteschlange.")
    assert "Teil 1 von 3, Fine-Tuning: 1.030 von 1.200, noch 3 min 10 s in diesem Teil, Loss 0,500; not known" in strip(
        progress=now
    )
    assert "Deine Fotos und Ergebnisse sind gelöscht." in strip(state="failed", error=GoneError())
    assert "Auf Englisch: x. y." in strip(state="failed", error=PhotoError("x.", "y."))
    assert "weil andere warten" in strip(state="stopped", cut=True)
    for language in LANGUAGES.values():
        said = [pictures.announcement(replace(JOB, state=state, place=1), language) for state in get_args(State)]
        assert len(set(said)) == len(said)
        assert pictures.duration(125, language)


def test_sizes_are_in_the_visitor_s_language() -> None:
    assert pictures.size(3_210_000, LANGUAGES["fr"]) == "3,2 Mo"


def test_the_verdict_and_the_rows_are_in_the_visitor_s_language(report: LeakReport) -> None:
    german = LANGUAGES["de"]
    words = Html(pictures.verdict(report, german)).words
    assert words.startswith("Leck")
    assert "verrät die Person" in words
    assert "Auf Englisch: Five photos." in words
    arm = next(arm for arm in report.arms if arm.key == "class_prompt")
    row = pictures.arm_row(arm, german)
    assert "Klassen-Prompt" in Html(row).words
    assert "bester Versuch" in Html(row).words
    assert Html(row).images[0]["alt"].startswith("Klassen-Prompt, Bild 1 von ")


def test_every_picture_is_inlined_and_described(report: LeakReport) -> None:
    images = Html(pictures.rows(report)).images
    assert len(images) == len(report.photos) + sum(len(arm.pictures) for arm in report.arms)
    assert all((image["src"] or "").startswith("data:image/png;base64,") for image in images)
    assert all(image["alt"] for image in images)


def test_the_best_guess_is_marked_by_a_word_for_attacks_alone(report: LeakReport) -> None:
    for arm in report.arms:
        words = Html(pictures.arm_row(arm)).words
        assert ("best guess" in words) == (is_attack(arm.key))


def test_the_verdict_is_in_words_as_well_as_colour(report: LeakReport) -> None:
    assert report.verdict.leaked
    assert "Leak" in Html(pictures.verdict(report)).words
    kept = replace(report, verdict=replace(report.verdict, leaked=False, headline="Not judged"))
    assert "No leak shown" in Html(pictures.verdict(kept)).words


def test_the_verdict_shows_three_sentences_and_folds_the_others_away(report: LeakReport) -> None:
    before, after = pictures.verdict(report).split("<details")
    count = len(report.verdict.sentences)
    assert (before.count("<li>"), count > 3) == (3, True)
    assert after.count("<li>") == count - 3 + 1
    assert "All of it" in after
    assert "Five photos." in Html(f"<details{after.removesuffix('</section>')}").words  # which photos scored
    short = replace(report, verdict=replace(report.verdict, sentences=("Not measured.",)), notes=())
    assert "<details" not in pictures.verdict(short)


def test_what_is_said_aloud_changes_with_the_state_alone() -> None:
    assert pictures.announcement(None) == ""
    steps = [replace(JOB, progress=Progress("fine-tune", step, 120)) for step in (1, 2)]
    assert len({pictures.announcement(job) for job in steps}) == 1
    assert 'role="status"' in pictures.announcement(steps[0])
    failed = pictures.announcement(replace(JOB, state="failed", error=SettingsError("<b>", "Try again.")))
    assert 'role="alert"' in failed
    assert "&lt;b&gt; Try again." in failed


def test_the_table_names_model_and_scaling_and_what_was_not_measured(report: LeakReport) -> None:
    words = Html(pictures.table(report)).words
    for expected in ("dlib ResNet", "Euclidean", "ViT-L/14", "plain cosine", "not measured", "not on this machine"):
        assert expected in words
    assert "Nothing was measured" in pictures.table(replace(report, metrics={}))


def test_bars_have_the_chance_line(report: LeakReport) -> None:
    assert 'class="chance"' in pictures.figures(report)


def test_names_are_escaped() -> None:
    tile = pictures.tile(face(1), 'x" onerror="alert(1)', "<script>")
    assert Html(tile).images[0]["alt"] == 'x" onerror="alert(1)'
    assert "<script>" not in tile
    assert "<script>" not in pictures.note("<script>")


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (125, "2 min 5 s"), (3600, "60 min")])
def test_durations(seconds: float, words: str) -> None:
    assert pictures.duration(seconds) == words


@pytest.mark.parametrize(("count", "words"), [(10, "1 kB"), (250_000, "250 kB"), (3_210_000, "3.2 MB")])
def test_sizes(count: int, words: str) -> None:
    assert pictures.size(count) == words

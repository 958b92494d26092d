from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from demo.line_up.tally import Tally
from demo.models.bases import BUNDLED
from demo.report import Arm, LeakReport, with_line_up, write_report
from demo.report.line_up import guesses, section
from demo.report.verdict import Verdict, judge
from demo.report.write import as_json
from demo.texts.en import ENGLISH
from demo.verdicts.line_up import Counted, LineUpResult
from tests.metrics.helpers import result

FEW = Counted(right=2, all=4, seen_right=1, seen_all=1, low=0.15, high=0.85)
RIGHT = LineUpResult(right=True, counted=FEW)


@pytest.fixture
def report() -> LeakReport:
    metrics = {
        "encoder": [result("dlib_distance", [0.5, 0.51]), result("dlib_place", [1], among=1001)],
        "chance": [result("dlib_distance", [0.8, 0.81]), result("dlib_place", [480], among=1001)],
    }
    arms = [Arm("encoder", "Weight encoder", "From the file alone.", [Image.new("RGB", (8, 8))])]
    return LeakReport("A story", BUNDLED, {}, arms, metrics, judge(metrics), {})


def test_a_guess_is_told_right_after_the_reconstruction(report: LeakReport) -> None:
    told = with_line_up(report, RIGHT)
    before, after = report.verdict.sentences, told.verdict.sentences
    place = next(k for k, sentence in enumerate(after) if "human measure" in sentence)
    assert after[place - 1].startswith("The reconstruction by the encoder")
    assert (*after[:place], *after[place + 1 :]) == before
    assert "the person was picked out of six faces" in after[place]
    assert (
        "Of 4 guesses by people who had not seen the photos 2 were right (50%, 95% interval 15% to 85%" in after[place]
    )
    assert "chance would be 17%" in after[place]


def test_the_guess_changes_words_and_nothing_else(report: LeakReport) -> None:
    told = with_line_up(report, RIGHT)
    assert told.verdict.headline == report.verdict.headline
    assert (told.verdict.leaked, told.verdict.conclusive) == (report.verdict.leaked, report.verdict.conclusive)
    assert told.metrics is report.metrics
    assert told.arms is report.arms
    assert report.line_up is None
    wrong = with_line_up(told, replace(RIGHT, right=False, seen=True))
    assert "a stranger was picked" in " ".join(wrong.verdict.sentences)
    assert "is counted apart" in " ".join(wrong.verdict.sentences)
    assert "the person was picked" not in " ".join(wrong.verdict.sentences)
    assert with_line_up(told, None) == report


def test_a_verdict_without_values_keeps_its_words(report: LeakReport) -> None:
    bare = replace(report, verdict=Verdict("The file leaks", ("One person.",), leaked=True))
    assert with_line_up(bare, RIGHT).verdict == bare.verdict
    assert with_line_up(bare, RIGHT).line_up == RIGHT


def test_a_report_without_a_line_up_says_so_in_json_and_nothing_on_the_page(report: LeakReport, tmp_path: Path) -> None:
    json_path, html = write_report(tmp_path, report)
    assert json.loads(json_path.read_text(encoding="utf-8"))["line_up"] is None
    assert "human measure" not in html.read_text(encoding="utf-8")


def test_the_files_have_the_guess_and_the_counts(report: LeakReport, tmp_path: Path) -> None:
    json_path, html = write_report(tmp_path, with_line_up(report, RIGHT))
    got = json.loads(json_path.read_text(encoding="utf-8"))["line_up"]
    counted = {"right": 2, "all": 4, "seen_right": 1, "seen_all": 1, "low": 0.15, "high": 0.85}
    assert got == {"right": True, "seen": False, "counted": counted}
    page = html.read_text(encoding="utf-8")
    assert "<h3>The human measure</h3>" in page
    assert "Right guesses in the line-up" in page
    assert "Chance, one in six" in page
    assert page.index("bar-dlib_distance") < page.index('id="line-up"') < page.index("What the adversary saw")


def test_without_guesses_there_are_words_and_no_bars(report: LeakReport) -> None:
    none = LineUpResult(right=None, counted=Tally().count())
    page = section(none)
    assert "nobody has guessed yet" in page
    assert "<svg" not in page
    assert "nan" not in page
    assert as_json(with_line_up(report, none))["line_up"]["counted"]["low"] is None
    assert section(None) == ""


def test_bars_name_how_many_guesses_they_are_of() -> None:
    figure = guesses(FEW)
    assert "People, 4 guesses" in figure
    assert "0.500" in figure
    assert "0.167" in figure
    one = guesses(Counted(1, 1, 0, 0, 0.2, 1.0))
    assert "People, 1 guess<" in one
    assert "nan" not in one


def test_another_language_tells_the_guess_in_its_own_words(report: LeakReport) -> None:
    other = replace(ENGLISH, texts=dict(ENGLISH.texts) | {"line_up.right": "Erkannt."})
    told = with_line_up(report, LineUpResult(right=True), other)
    assert "Erkannt." in told.verdict.sentences

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_points import PROVED, distances, point, swept
from markup import EVIL, harmless

from demo.errors import OutputError
from demo.metrics.base import MetricResult
from demo.sweep.model import Sweep
from demo.sweep.table import table
from demo.sweep.write import as_json, page, strips, write_sweep

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Fails on tags that do not nest; collects what a test looks for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(str(text))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def sweep() -> Sweep:
    nominal = {**PROVED, "guarantee": "nominal", "photo_epsilon": 177.0, "person_epsilon": float("inf")}
    return swept(
        point("none", 0.5, 0.55, best="class_prompt"),
        point("dpdm", 0.7, 0.74, epsilon=2, ledger=PROVED),
        point("dpgm", 0.6, 0.65, ledger=nominal),
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_has_one_row_a_defence_and_every_number(sweep: Sweep, tmp_path: Path) -> None:
    got = rows(write_sweep(tmp_path / "new", sweep)[0])
    assert [row["key"] for row in got] == ["none", "dpdm", "dpgm"]
    plain, proved, nominal = got
    assert plain["photo_epsilon"] == ""
    assert (proved["photo_epsilon"], proved["person_epsilon"], proved["guarantee"]) == ("2.0", "11.5", "proved")
    assert (nominal["person_epsilon"], nominal["guarantee"]) == ("inf", "nominal")
    assert json.loads(proved["settings"])["epsilon"] == 2
    assert float(plain["dreambooth_dlib_distance"]) == pytest.approx(0.5)
    assert float(plain["best_attack_dlib_distance"]) == pytest.approx(0.55)
    assert plain["best_attack"] == "class_prompt"
    assert float(plain["class_prompt_dlib_distance"]) == float(plain["best_attack_dlib_distance"])
    assert float(plain["encoder_dlib_distance"]) == pytest.approx(0.58)
    assert float(plain["chance_dlib_distance"]) == pytest.approx(0.8)
    low, high = (float(proved[f"dreambooth_dlib_distance_{end}"]) for end in ("low", "high"))
    assert low < 0.7 < high


def test_csv_leaves_a_cell_empty_where_there_is_no_number(tmp_path: Path) -> None:
    (row,) = rows(write_sweep(tmp_path, swept(point("none", 0.5, 0.6, count=1)))[0])
    assert row["dreambooth_dlib_distance_low"] == ""
    assert row["sigma"] == ""
    assert rows(write_sweep(tmp_path, swept())[0]) == []


def test_json_is_strict_and_has_a_format_of_its_own(sweep: Sweep, tmp_path: Path) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    got = json.loads(write_sweep(tmp_path, sweep)[1].read_text(encoding="utf-8"), parse_constant=refuse)
    assert got["format"] == "lora-leak-defend/1"
    assert got["kind"] == "none"
    assert got["headline"] == "No defence tried is both useful and private here"
    assert got["photos"] == 3
    plain, proved, nominal = got["points"]
    assert plain["best_attack"] == "class_prompt"
    assert (plain["useful"], plain["leaks"], plain["private"]) == (True, True, False)
    assert plain["nearer_than_chance"]["dreambooth"]["estimate"] == pytest.approx(0.3)
    assert proved["ledger"]["person_epsilon"] == 11.5
    assert nominal["ledger"]["person_epsilon"] is None
    assert plain["arms"]["dreambooth"][0]["mean"] == pytest.approx(0.5)
    assert plain["pictures"] == {"dreambooth": 8, "encoder": 8, "class_prompt": 8, "random_trigger": 8}
    assert got["chance"]["metrics"][0]["mean"] == pytest.approx(0.8)
    assert got["notes"] == ["A note of the run."]


def test_a_point_that_was_not_measured_is_not_judged() -> None:
    gone = replace(swept(point("none", 0.5, 0.6)), chance=[])
    assert as_json(gone)["points"][0]["useful"] is None


def test_table_has_two_rows_a_defence_in_the_paper_s_layout(sweep: Sweep) -> None:
    shown = Page(table(sweep))
    bodies = [attrs["data-defence"] for attrs in shown.all("tbody") if "data-defence" in attrs]
    assert bodies == ["none", "dpdm", "dpgm"]
    arms = [attrs["data-arm"] for attrs in shown.all("tr") if "data-arm" in attrs]
    assert arms == ["dreambooth", "class_prompt", "dreambooth", "random_trigger", "dreambooth", "random_trigger"]
    for words in (
        "ε, one photo",
        "ε, the person",
        "2. DP-SGD (DPDM), ε = 2 2 11.5 proved δ = 1e-06 DreamBooth",
        "177 ∞ nominal, no guarantee",
        "Reconstruction class prompt",
        "Chance: no LoRA at all",
        "Title of clip_i_paper dlib ResNet; Euclidean",
    ):
        assert words in shown.text
    assert {attrs["scope"] for attrs in shown.all("th")} == {"col", "row", "rowgroup"}


def test_table_columns_are_the_same_for_all_rows(sweep: Sweep) -> None:
    text = table(sweep)
    head = len(re.findall(r'<th scope="col">', text))
    first, second = (
        re.findall(rf'<tr data-arm="{arm}.*?</tr>', text, re.DOTALL) for arm in ("dreambooth", "(?!dreambooth)")
    )
    assert len(first) == len(second) == len(sweep.points)
    for row in first:
        assert len(re.findall(r"<t[dh]\b", row)) == head
    for row in second:
        assert len(re.findall(r"<t[dh]\b", row)) == head - 4  # four cells span both rows


def test_table_says_what_was_not_measured() -> None:
    nan = float("nan")
    gone = MetricResult("clip_t_paper", "CLIP-T", "m", "s", nan, nan, nan, (), unavailable="No weights.")
    found = point("none", 0.5, 0.6)
    with_it = replace(found, utility=replace(found.utility, results=(*found.utility.results, gone)))
    assert "not measured No weights." in Page(table(swept(with_it))).text
    assert "not measured" in Page(table(swept(found))).text


def test_page_is_whole_and_fetches_nothing(sweep: Sweep, tmp_path: Path) -> None:
    text = write_sweep(tmp_path, sweep)[2].read_text(encoding="utf-8")
    shown = Page(text)
    assert [attrs["id"] for attrs in shown.all("section")] == [
        "verdict", "plane", "pictures", "table", "ledgers", "settings", "notes",
    ]  # fmt: skip
    assert not shown.all("script")
    assert not shown.all("link")
    assert all(str(attrs["src"]).startswith("data:image/png;base64,") for attrs in shown.all("img"))
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import|\son\w+=", text)
    ids = [attrs["id"] for _, attrs in shown.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {str(attrs["href"])[1:] for attrs in shown.all("a")} <= set(ids)
    for words in ("No defence tried is both useful and private here.", "A note of the run.", "Sentence of dpdm."):
        assert words in shown.text


def test_pictures_of_every_point_in_one_strip_for_each_of_two_arms(sweep: Sweep) -> None:
    shown = Page(strips(sweep))
    alts = [str(attrs["alt"]) for attrs in shown.all("img")]
    assert len(alts) == 3 * 2 * 4 + 4  # and four of chance
    assert alts[0] == "No defence, DreamBooth, picture 1 of 8"
    assert alts[4] == "No defence, Best attack: class prompt, picture 1 of 8"
    assert [attrs["id"] for attrs in shown.all("div") if "id" in attrs] == ["point-1", "point-2", "point-3"]


def test_private_photos_are_inlined_only_when_asked(sweep: Sweep) -> None:
    without, with_photos = Page(page(sweep)), Page(page(sweep, include_photos=True))
    assert "Private photos left out of this page: 3." in without.text
    assert len(with_photos.all("img")) == len(without.all("img")) + 3
    assert "whoever gets this page gets them, too" in with_photos.text


def test_what_people_typed_is_text_not_markup(sweep: Sweep) -> None:
    evil = "<script>alert('x')</script>\"'&"
    first = sweep.points[0]
    ledger = replace(first.ledger, title=evil, sentences=(evil,), accountant=evil)
    arms = {**first.arms, "dreambooth": [replace(distances(0.5), title=evil, model=evil, scaling=evil)]}
    nasty = replace(first, label=evil, key="none", ledger=ledger, arms=arms)
    nasty = replace(nasty, utility=replace(nasty.utility, results=tuple(arms["dreambooth"])))
    shown = Page(page(replace(sweep, points=[nasty], base=evil, notes=[evil], settings={evil: evil})))
    assert not shown.all("script")
    assert shown.text.count("<script>alert('x')</script>") > 8


def test_an_empty_sweep_is_still_a_page(tmp_path: Path) -> None:
    paths = write_sweep(tmp_path, swept(chance=None, photos=[], notes=[]))
    text = Page(paths[2].read_text(encoding="utf-8")).text
    assert "Nothing was finished." in text
    assert "No pictures." in text


def test_a_folder_that_cannot_be_written_is_said(sweep: Sweep, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        write_sweep(tmp_path / "file", sweep)


def test_no_input_of_a_sweep_becomes_markup(sweep: Sweep) -> None:
    first = sweep.points[1]
    ledger = replace(first.ledger, title=EVIL, sentences=(EVIL,), accountant=EVIL, noise=EVIL, neighbouring=EVIL)
    unavailable = replace(distances(0.5), key="clip_t_paper", unavailable=EVIL)
    named = replace(distances(0.5), title=EVIL, model=EVIL, scaling=EVIL)
    utility = replace(first.utility, results=(named, unavailable))
    nasty = replace(first, label=EVIL, key=EVIL, ledger=ledger, utility=utility)
    made = replace(sweep, points=[nasty], base=EVIL, notes=[EVIL], settings={EVIL: EVIL})
    # In the page: base, note, setting and its value; label in card, table and times, in the plane, and of 8 pictures;
    # the title and five sentences of the ledger; a column's name, and why another has no number.
    harmless(page(made, include_photos=True), 4 + 3 + 8 + 5 + 4)

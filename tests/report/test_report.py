from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

from demo.errors import OutputError
from demo.faces.ceiling import Ceiling
from demo.lora.metadata.leak import Finding
from demo.metrics.base import MetricResult
from demo.models.bases import BUNDLED
from demo.origin import XMP_KEYWORD
from demo.report import Arm, LeakReport, seen_matrices, write_report
from demo.report.verdict import Verdict
from demo.report.write import as_json

VOID = {"meta", "img", "br", "link", "input", "hr"}
NAN = float("nan")


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
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def _result(key: str, mean: float, **changes: Any) -> MetricResult:
    usual = MetricResult(
        key, f"Title of {key}", "dlib ResNet", "Euclidean distance", mean, mean - 0.05, mean + 0.05, (mean, mean)
    )
    return replace(usual, **changes)


def _picture(colour: str, side: int = 64) -> Image.Image:
    return Image.new("RGB", (side, side), colour)


@pytest.fixture
def report() -> LeakReport:
    arms = [
        Arm("dreambooth", "DreamBooth", "With the secret trigger.", [_picture("red"), _picture("green")]),
        Arm("encoder", "Weight encoder", "From the file alone.", [_picture("blue"), _picture("navy")], best=1),
        Arm("chance", "Chance", "Unrelated people.", [_picture("gray")]),
    ]
    unavailable = _result("dino", NAN, low=NAN, high=NAN, values=(), unavailable="DINO is not in the Hub cache.")
    metrics = {
        arm.key: [_result("dlib_distance", mean, higher_is_better=False), unavailable]
        for arm, mean in zip(arms, (0.4, 0.5, 0.8), strict=True)
    }
    return LeakReport(
        title="A story",
        base=BUNDLED,
        settings={"rank": 16, "learning rate": 5e-3, "limit": float("inf"), "folder": Path("somewhere")},
        arms=arms,
        metrics=metrics,
        verdict=Verdict("The file leaks", ("One person, 2 pictures.",), leaked=True, conclusive=True),
        seconds={"fine-tuning": 61.25},
        notes=("A note of the run.",),
        seen=seen_matrices({"unet.to_q.lora_A.weight": torch.ones(4, 9), "alpha": torch.tensor(3.0)}),
        ceiling=Ceiling(5, 0.44, 3, 1000),
        photos=[_picture("yellow")],
    )


def _page(report: LeakReport, folder: Path, **options: bool) -> Page:
    return Page(write_report(folder, report, **options)[1].read_text(encoding="utf-8"))


def test_json_is_strict_and_complete(report: LeakReport, tmp_path: Path) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    path, _ = write_report(tmp_path / "new" / "folder", report)
    got = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert got["format"] == "lora-leak-report/1"
    verdict = {
        "headline": "The file leaks",
        "sentences": ["One person, 2 pictures."],
        "leaked": True,
        "conclusive": True,
        "grade": None,
        "shown": None,
    }
    assert got["verdict"] == verdict
    assert got["settings"] == {"rank": 16, "learning rate": 0.005, "limit": None, "folder": "somewhere"}
    assert [arm["pictures"] for arm in got["arms"]] == [2, 2, 1]
    assert got["arms"][1]["best"] == 1
    distance, dino = got["arms"][1]["metrics"]
    assert (distance["mean"], distance["model"], distance["values"]) == (0.5, "dlib ResNet", [0.5, 0.5])
    assert dino["mean"] is None
    assert dino["unavailable"] == "DINO is not in the Hub cache."
    assert got["seen"] == [{"name": "unet.to_q.lora_A.weight", "rows": 4, "columns": 9, "norm": 6.0}]
    assert got["photos"] == 1
    assert got["ceiling"] == {"photos": 5, "distance": 0.44, "strangers": 3, "among": 1000}
    assert as_json(replace(report, ceiling=None))["ceiling"] is None


def test_numpys_numbers_are_written_as_numbers(report: LeakReport, tmp_path: Path) -> None:
    settings = {"a": np.float32(0.5), "b": np.int64(3), "c": np.float64("nan"), "d": [True, None]}
    path, _ = write_report(tmp_path, replace(report, settings=settings))
    assert json.loads(path.read_text())["settings"] == {"a": 0.5, "b": 3, "c": None, "d": [True, None]}


def test_page_has_every_section_and_names_model_and_scaling(report: LeakReport, tmp_path: Path) -> None:
    page = _page(report, tmp_path)
    ids = [attrs["id"] for attrs in page.all("section")]
    assert ids == ["verdict", "pictures", "numbers", "seen", "settings", "notes"]
    for words in (
        "The file leaks.",
        "One person, 2 pictures.",
        "With the secret trigger.",
        "dlib ResNet",
        "Euclidean distance",
        "0.450 to 0.550",
        "Not measured Title of dino; dlib ResNet. DINO is not in the Hub cache.",
        "unet.to_q.lora_A.weight",
        "4 x 9",
        "Matrices: 1, numbers: 36",
        "Time: fine-tuning",
        "61.2 s",
        "A note of the run.",
    ):
        assert words in page.text


def test_page_fetches_nothing_and_runs_nothing(report: LeakReport, tmp_path: Path) -> None:
    text = write_report(tmp_path, report)[1].read_text(encoding="utf-8")
    page = Page(text)
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("iframe")
    assert all(str(attrs["src"]).startswith("data:image/png;base64,") for attrs in page.all("img"))
    assert not re.search(r"https?://|url\(|@import|\son\w+=", text)
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_page_fits_a_phone_and_both_colour_schemes(report: LeakReport, tmp_path: Path) -> None:
    text = write_report(tmp_path, report)[1].read_text(encoding="utf-8")
    page = Page(text)
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    assert "prefers-color-scheme:dark" in text
    wide = [index for index, (tag, _) in enumerate(page.tags) if tag == "table"]
    assert wide
    assert all(page.tags[index - 1][1].get("class") == "scroll" for index in wide)


def test_page_can_be_heard(report: LeakReport, tmp_path: Path) -> None:
    page = _page(report, tmp_path)
    assert page.all("html") == [{"lang": "en"}]
    assert all(attrs.get("alt") for attrs in page.all("img"))
    assert "Weight encoder, picture 2 of 2, the attack's own choice" in [attrs["alt"] for attrs in page.all("img")]
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attrs["scope"] in {"row", "col"} for attrs in page.all("th"))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    named = {attrs["aria-labelledby"] for _, attrs in page.tags if "aria-labelledby" in attrs}
    assert named <= set(ids)
    assert "Weight encoder 0.500" in page.text  # the bars, spoken


def test_bars_hold_the_chance_line_the_limit_and_the_intervals(report: LeakReport, tmp_path: Path) -> None:
    page = _page(report, tmp_path)
    lines = {attrs["class"]: float(str(attrs["x1"])) for attrs in page.all("line")}
    assert set(lines) == {"ceiling", "limit", "chance"}
    assert 0 < lines["ceiling"] < lines["limit"] < lines["chance"] < 360  # 0.44, 0.6 and 0.8
    widths = [float(str(attrs["width"])) for attrs in page.all("rect")]
    assert widths == sorted(widths)
    assert len(widths) == 3
    assert widths[0] / widths[2] == pytest.approx(0.4 / 0.8, abs=0.02)
    assert len([attrs for attrs in page.all("path") if attrs["class"] == "whisker"]) == 3


def test_a_rank_says_among_how_many(report: LeakReport, tmp_path: Path) -> None:
    metrics = {"encoder": [_result("dlib_rank", 3.0, among=1001)]}
    assert "3.0 of 1,001" in _page(replace(report, metrics=metrics), tmp_path).text


def test_negative_cosines_are_drawn_to_the_left_of_zero(report: LeakReport, tmp_path: Path) -> None:
    metrics = {"encoder": [_result("clip_i", -0.2)], "dreambooth": [_result("clip_i", 0.4)]}
    page = _page(replace(report, metrics=metrics), tmp_path)
    positive, negative = page.all("rect")
    zero = float(str(positive["x"]))
    assert float(str(negative["x"])) + float(str(negative["width"])) == pytest.approx(zero, abs=0.1)


def test_private_photos_are_inlined_only_when_asked(report: LeakReport, tmp_path: Path) -> None:
    without, with_photos = _page(report, tmp_path), _page(report, tmp_path, include_photos=True)
    assert len(without.all("img")) == 5
    assert "Private photos left out of this page: 1." in without.text
    assert len(with_photos.all("img")) == 6
    assert "whoever gets this page gets them, too" in with_photos.text
    assert with_photos.all("img")[0]["alt"] == "Private photos, picture 1 of 1"


def test_pictures_lose_their_metadata_and_large_ones_are_shrunk(report: LeakReport, tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("author", "somebody")
    buffer = io.BytesIO()
    _picture("red", 700).save(buffer, "PNG", pnginfo=info)
    arm = Arm("encoder", "Encoder", "", [Image.open(buffer)])
    page = _page(replace(report, arms=[arm]), tmp_path)
    (image,) = page.all("img")
    content = base64.b64decode(str(image["src"]).partition(",")[2])
    assert b"somebody" not in content
    inlined = Image.open(io.BytesIO(content))
    assert inlined.size == (256, 256)
    assert set(inlined.info) <= {"Comment", XMP_KEYWORD, "xmp"}  # the mark of what was drawn


def test_what_people_typed_is_text_not_markup(report: LeakReport, tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>\"'&"
    arm = Arm('x"><b>', evil, evil, [_picture("red")])
    metrics = {arm.key: [_result('k"><i>', 0.5, title=evil, model=evil, scaling=evil)]}
    nasty = replace(
        report,
        title=evil,
        base=evil,
        settings={evil: evil},
        arms=[arm],
        metrics=metrics,
        verdict=Verdict(evil, (evil,), leaked=False),
        notes=(evil,),
        seconds={evil: 1.0},
    )
    page = _page(nasty, tmp_path)
    assert not page.all("script")
    assert not page.all("b")
    assert not page.all("i")
    assert page.text.count("<script>alert('x')</script>") > 8


def test_what_the_file_says_is_listed_as_text(report: LeakReport, tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>"
    assert 'id="metadata-leak"' not in (write_report(tmp_path, report)[1]).read_text(encoding="utf-8")
    _, html = write_report(tmp_path, replace(report, metadata_leak=()))
    assert "says nothing but ranks" in html.read_text(encoding="utf-8")
    finding = Finding("trigger", "Trigger word", evil, evil, "Whoever types it draws the person.", "high")
    json_path, html = write_report(tmp_path, replace(report, metadata_leak=(finding,)))
    page = Page(html.read_text(encoding="utf-8"))
    assert not page.all("script")
    assert page.text.count(evil) == 2
    assert json.loads(json_path.read_text(encoding="utf-8"))["metadata_leak"] == [asdict(finding)]


def test_a_metric_that_one_arm_lacks_says_so_in_its_cell(report: LeakReport, tmp_path: Path) -> None:
    gone = _result("clip_i", NAN, low=NAN, high=NAN, values=(), unavailable="It broke off.")
    page = _page(replace(report, metrics={"dreambooth": [_result("clip_i", 0.4)], "encoder": [gone]}), tmp_path)
    assert "Not measured. It broke off." in page.text
    assert "not-measured" not in [attrs.get("id") for _, attrs in page.tags]


def test_only_unavailable_metrics(report: LeakReport, tmp_path: Path) -> None:
    gone = _result("clip_i", NAN, low=NAN, high=NAN, values=(), unavailable="It broke off.")
    page = _page(replace(report, metrics={"encoder": [gone]}), tmp_path)
    assert "No metric could be measured." in page.text
    assert "It broke off." in page.text


def test_nothing_measured_and_nothing_drawn_is_still_a_page(report: LeakReport, tmp_path: Path) -> None:
    bare = replace(report, arms=[Arm("encoder", "Encoder", "", [])], metrics={}, seen=(), photos=())
    page = _page(bare, tmp_path)
    assert "Nothing was measured." in page.text
    assert "No pictures." in page.text
    assert "Their list was not recorded." in page.text


def test_a_folder_that_cannot_be_written_is_said(report: LeakReport, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        write_report(tmp_path / "file", report)

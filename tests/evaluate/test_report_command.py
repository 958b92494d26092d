"""The page of results and the README agree with ``weights/figures``, and nothing is copied by hand."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from demo.errors import OutputError
from demo.evaluate import report, report_words
from demo.evaluate.report_picture import bars
from demo.models.bases import BASES, BUNDLED

INTERVAL = re.compile(r"\[[-+]?\d[\d.,]*\s?%?,\s[-+]?\d")
BLOCKS = ("claim", "results")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    shutil.copy(report.ROOT / report.README, root)
    report.write(BASES[BUNDLED], root)
    return root


@pytest.mark.parametrize("path", [report.RESULTS, report.PICTURE, report.README], ids=str)
def test_what_is_in_the_project_is_what_the_figures_give(written: Path, path: Path) -> None:
    now, there = ((root / path).read_text(encoding="utf-8") for root in (written, report.ROOT))
    assert now == there, "run: python -m demo.evaluate report"


def test_every_table_is_on_the_page(written: Path) -> None:
    page = (written / report.RESULTS).read_text(encoding="utf-8")
    titles = [report_words.template(path.stem).splitlines()[0] for path in report_words.TEMPLATES.glob("*.md")]
    assert len(titles) == 9
    assert all(page.count(f"{title}\n") == 1 for title in titles)
    assert not re.search(r"\{\w+\}|\bnan\b|No results yet", page)


def test_the_readme_has_its_figures_between_the_markers_alone() -> None:
    text = (report.ROOT / report.README).read_text(encoding="utf-8")
    for name in BLOCKS:
        assert INTERVAL.search(re.search(f"<!-- {name} -->(.*)<!-- /{name} -->", text, re.DOTALL).group(1))
    assert not INTERVAL.search(report.filled(text, dict.fromkeys(BLOCKS, "")))


def test_the_readme_is_short() -> None:
    assert len((report.ROOT / report.README).read_text(encoding="utf-8").splitlines()) <= 160


def test_only_what_is_between_the_markers_changes() -> None:
    text = "before\n<!-- a -->\nold\nold\n<!-- /a -->\nafter\n"
    once = report.filled(text, {"a": "new"})
    assert once == "before\n<!-- a -->\nnew\n<!-- /a -->\nafter\n"
    assert report.filled(once, {"a": "new"}) == once
    with pytest.raises(OutputError, match="no place for 'b'"):
        report.filled(text, {"b": "new"})


def test_a_difference_is_worded_by_its_interval() -> None:
    def said(low: float, high: float) -> str:
        return report_words.compared({"mean": (low + high) / 2, "low": low, "high": high})

    assert said(-0.2, -0.1).startswith("significantly nearer")
    assert said(0.1, 0.2).startswith("significantly farther")
    assert said(-0.1, 0.2).startswith("about as near")


def test_the_picture_shows_each_row_and_escapes_its_name() -> None:
    drawn = bars({"a < b": {"mean": 0.25, "low": 0.1, "high": 0.5}}, "title")
    assert "a &lt; b" in drawn
    assert ">25%<" in drawn
    assert drawn.startswith("<svg")

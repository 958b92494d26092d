from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fake_story import FakeStory, face, lora
from jinja2 import TemplateNotFound, UndefinedError, nodes
from markup import EVIL, harmless
from markupsafe import Markup

from demo.lora.metadata.leak import Finding
from demo.report import LeakReport, SeenMatrix
from demo.report.bars import bars
from demo.report.page import page
from demo.report.rendering import _ENVIRONMENT, call, render, template_path

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "demo").glob("*/templates/*"))
NAMES = [f"{path.parts[-3]}/{path.name}" for path in TEMPLATES]
OWN_MARKUP = {
    "rendering.py",
    "chart.py",
    "report_picture.py",
    "bars.py",
    "plane.py",
    "plots.py",
}  # the environment, and charts


@pytest.fixture(scope="module")
def report() -> LeakReport:
    return FakeStory().compare(lora(), "secret", [face(1), face(2)], notes=["Five photos."])


def test_texts_are_escaped_and_markup_is_not() -> None:
    assert "&lt;b&gt;" in call("ui/pieces.html.j2", "note", "<b>")
    assert "<b>" in call("ui/pieces.html.j2", "note", Markup("<b>"))
    assert isinstance(call("ui/pieces.html.j2", "note", "<b>"), Markup)


def test_what_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("shake/synthetic.html.j2", shown=[face(1)])
    with pytest.raises(UndefinedError):
        call("ui/pieces.html.j2", "arm", "A title without the rest")
    with pytest.raises(TemplateNotFound):
        render("report/nothing.html.j2")


def test_templates_are_found_from_any_folder(tmp_path: Path) -> None:
    program = 'from demo.report.rendering import call; print(call("ui/pieces.html.j2", "note", "found <it>"))'
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == '<p class="ll-note ">found &lt;it&gt;</p>'


def test_every_template_is_in_use() -> None:
    texts = [path.read_text(encoding="utf-8") for path in [*(ROOT / "demo").rglob("*.py"), *TEMPLATES]]
    assert NAMES
    assert [name for name in NAMES if not any(f'"{name}"' in text for text in texts)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_template_turns_escaping_off(name: str) -> None:
    text = template_path(name).read_text(encoding="utf-8")
    tree = _ENVIRONMENT.parse(text)
    assert not {found.name for found in tree.find_all(nodes.Filter)} & {"safe", "forceescape", "striptags", "xmlattr"}
    assert not list(tree.find_all(nodes.ScopedEvalContextModifier))
    # Unquoted attributes would need more than escaping.
    assert not re.search(r"[\w-]={{", re.sub(r"{%.*?%}", "", text))


def test_markup_is_made_by_the_environment_and_by_charts_alone() -> None:
    for path in (ROOT / "demo").rglob("*.py"):
        text = path.read_text(encoding="utf-8").replace('Markup("")', "")
        if path.name not in OWN_MARKUP:
            assert "Markup(" not in text, path
            assert not re.search(r"from html import|html\.escape|markupsafe import .*escape", text), path
            assert not re.search(
                r"</?(p|div|li|ul|table|tr|td|th|section|figure|h[1-6]|small|details)\b[^>]*>", text
            ), path


def test_no_input_of_a_report_becomes_markup(report: LeakReport) -> None:
    unavailable = replace(report.metrics["chance"][0], key=EVIL, title=EVIL, model=EVIL, unavailable=EVIL)
    nasty = replace(
        report,
        title=EVIL,
        base=EVIL,
        settings={EVIL: EVIL},
        notes=[EVIL],
        seconds={EVIL: 1.0},
        arms=[replace(arm, title=EVIL, explanation=EVIL) for arm in report.arms],
        metrics={
            arm: [*(replace(result, title=EVIL, model=EVIL, scaling=EVIL) for result in results), unavailable]
            for arm, results in report.metrics.items()
        },
        verdict=replace(report.verdict, headline=EVIL, sentences=[EVIL]),
        seen=[SeenMatrix(EVIL, 4, 9, 6.0)],
        metadata_leak=[Finding(EVIL, EVIL, EVIL, EVIL, EVIL, "high")],
    )
    pictures = sum(len(arm.pictures) for arm in report.arms)
    harmless(page(nasty, include_photos=True), 20 + 2 * len(report.arms) + pictures)


def test_no_key_becomes_markup(report: LeakReport) -> None:
    arm = replace(report.arms[0], key=EVIL)
    results = [replace(report.metrics["dreambooth"][0], key=EVIL)]
    harmless(bars(EVIL, [arm], {EVIL: results}), 2)  # two ids
    harmless(page(replace(report, arms=[arm], metrics={EVIL: results})), 3)

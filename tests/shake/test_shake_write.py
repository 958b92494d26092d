from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markup import EVIL, harmless
from shake_parts import QUICK, new_arm, new_shake

from demo.shake.attacks.draws import Candidate
from demo.shake.attacks.memorised import Match
from demo.shake.gallery import extracted
from demo.shake.people import free_text
from demo.shake.write import as_json, page, write_shake


@pytest.fixture
def made(domain, pictures):
    found = [Candidate(pictures[0], 3, 0.05, 1)]
    arms = [
        new_arm("lora-8-sp", "LoRA <8>", "sp", method="lora", curve="rank", value=8.0, candidates=found,
                matches=[Match(0, 0, 0.0, 1)], parameters=1234),
        new_arm("lora-8-ood", "LoRA <8>", "ood", method="lora", members=[3.0, 5.0, 4.0]),
        new_arm("lora-2-sp", "LoRA <2>", "sp", method="lora", curve="rank", value=2.0),
    ]  # fmt: skip
    return new_shake(domain, arms, settings=QUICK.model_copy(update={"ranks": (2, 8)}), control_prompt="a person")


def refuse(word: str) -> None:
    pytest.fail(f"{word} is no strict JSON")


def test_both_files_are_written(tmp_path: Path, made) -> None:
    json_path, html_path = write_shake(tmp_path, made)
    told = json.loads(json_path.read_text(), parse_constant=refuse)
    assert told["person"] == "Nobody Known"
    assert told["kind"] == "open"  # one match is no extraction
    assert [arm["key"] for arm in told["arms"]] == ["before", "lora-8-sp", "lora-8-ood", "lora-2-sp"]
    first, second = told["arms"][:2]
    assert first["change"] is None
    assert second["change"]["estimate"] == 0
    assert second["change_against_control"]["estimate"] > 0
    assert second["extracted"] == [{"candidate": 0, "training": 0, "distance": 0.0, "neighbours": 1}]
    assert second["roc"]["auc"]["estimate"] == pytest.approx(5 / 6, abs=1e-4)
    assert second["scores_members"] == [1.0, 2.0, 3.5]
    assert html_path.read_text().startswith("<!doctype html>")


def test_the_page_fetches_nothing_and_escapes_labels(made) -> None:
    html = page(made)
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", html)
    assert "<script" not in html
    assert "LoRA <8>" not in html
    assert "LoRA &lt;8&gt;" in html


def test_the_page_has_curves_table_and_pictures(made) -> None:
    html = page(made)
    for key in ("verdict", "roc", "table", "curves", "pictures", "settings", "notes"):
        assert f'<section id="{key}"' in html
    svgs = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(svgs) == 3  # ROC, changes, ranks
    for svg in svgs:
        ElementTree.fromstring(svg)
    rows = re.findall(r'<tr data-arm="([^"]*)"', html)
    assert rows == ["before", "lora-8-sp", "lora-8-ood", "lora-2-sp"]
    # SP set, members, non-members, and the one candidate with its original
    assert html.count("<img") == 3 + 3 + 2 + 2


def test_settings_are_said_in_words(made) -> None:
    html = page(replace(made, budgets={"lora": {"steps": 7, "batch": 4, "lr": 1e-3}, "perturb": {}}))
    for words in (
        "steps 7, batch 4, lr 0.001",
        "t 500, draws 4, seed 0",
        "<td>2, 8</td>",
        "<td>the base&#39;s own</td>",
        "<td>yes</td>",
    ):
        assert words in html, words
    assert "[" not in html[html.index('id="settings"') :]


def test_real_people_are_figures_alone(made) -> None:
    html = page(replace(made, domain=replace(made.domain, publishable=False), synthetic=()))
    assert "<img" not in html
    assert "stay in memory" in html


def test_free_text_has_no_curves() -> None:
    bare = {"members": [], "non_members": []}
    made = new_shake(free_text("an old man"), [new_arm("lora-8-sp", "LoRA", "sp", **bare)], before=new_arm(**bare))
    html = page(made)
    assert "<svg" not in html
    assert "not known" in html
    assert as_json(made)["arms"][1]["change"] is None


def test_no_input_becomes_markup(made) -> None:
    arms = [replace(arm, key=f"{arm.key}{EVIL}", label=EVIL) for arm in made.arms]
    domain = replace(made.domain, name=EVIL, prompt=EVIL)
    nasty = replace(made, arms=arms, domain=domain, base=EVIL, control_prompt=EVIL, defence=EVIL)
    harmless(page(nasty), 3 + 3 + 3 * len(arms))
    harmless(extracted(nasty), len(arms))

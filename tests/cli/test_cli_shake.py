from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demo.cli import main
from demo.finetune import class_images
from demo.models.bases import BASES, BUNDLED
from demo.shake import people
from demo.workflow import story

QUICK = ["--base", "tiny", "--size", "2", "--steps", "1", "--generations", "3", "--clique", "2", "--edge", "0.9"]
WHO = ["--person", "Nobody Known"]


@pytest.fixture(autouse=True)
def tiny(tiny_pipe, tiny_base, domain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    monkeypatch.setitem(BASES, "tiny", tiny_base)
    monkeypatch.setattr(story, "pipeline", lambda *_, **__: tiny_pipe)
    real = people.find_domain
    monkeypatch.setattr(
        people, "find_domain", lambda name, base, faces=None: domain if name == domain.name else real(name, base, faces)
    )


def run(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[dict[str, Any], list[str]]:
    """The JSON object on stdout, and the lines on stderr."""
    assert main(["shake", *map(str, arguments)]) == code, capsys.readouterr().err
    printed = capsys.readouterr()
    return json.loads(printed.out.splitlines()[-1]) if printed.out else {}, printed.err.splitlines()


def test_a_run_writes_both_reports_and_ends_with_one_object(tmp_path: Path, capsys: Any) -> None:
    told, lines = run(capsys, *QUICK, *WHO, "--method", "lora", "--out", tmp_path)
    assert told["command"] == "shake"
    assert [arm["key"] for arm in told["arms"]] == ["before", "lora-8-sp", "lora-8-ood"]
    assert told["headline"] in lines[-1]
    written = json.loads(Path(told["files"]["report_json"]).read_text())
    assert written["headline"] == told["headline"]
    assert Path(told["files"]["report_html"]).read_text().startswith("<!doctype html>")
    assert sorted(path.name for path in (tmp_path / "arms").glob("*.json")) == [
        "before.json",
        "lora-8-ood.json",
        "lora-8-sp.json",
    ]


def test_a_run_is_taken_up_again_when_that_is_said(tmp_path: Path, capsys: Any) -> None:
    first, _ = run(capsys, *QUICK, *WHO, "--no-control", "--out", tmp_path)
    _, lines = run(capsys, *QUICK, *WHO, "--out", tmp_path, code=2)
    assert "--resume" in lines[-1]
    stamp = (tmp_path / "arms" / "lora-8-sp.json").stat().st_mtime_ns
    again, lines = run(capsys, *QUICK, *WHO, "--resume", "--no-control", "--std", "1e-3", "2e-3", "--out", tmp_path)
    assert (tmp_path / "arms" / "lora-8-sp.json").stat().st_mtime_ns == stamp
    assert any("not run again: Before" in line for line in lines)
    assert again["arms"][0]["roc"] == first["arms"][0]["roc"]
    assert [arm["key"] for arm in again["arms"]] == ["before", "perturb-0.001", "perturb-0.002"]
    _, lines = run(capsys, *QUICK, *WHO, "--resume", "--seed", "3", "--out", tmp_path, code=2)
    assert "seed" in lines[-1]


def test_a_curve_alone_needs_no_method(tmp_path: Path, capsys: Any) -> None:
    told, _ = run(capsys, *QUICK, *WHO, "--std", "1e-3", "--rank", "2", "--out", tmp_path)
    assert [arm["key"] for arm in told["arms"]] == ["before", "lora-2-sp", "perturb-0.001"]


def test_the_positive_control_is_asked_for(tmp_path: Path, capsys: Any) -> None:
    told, _ = run(capsys, *QUICK, *WHO, "--positive", "--no-control", "--out", tmp_path)
    assert [arm["key"] for arm in told["arms"]] == ["before", "lora-8-sp", "lora-8-members"]
    assert any("Positive control" in sentence for sentence in told["sentences"])


def test_free_text_is_drawn_and_not_scored(tmp_path: Path, capsys: Any) -> None:
    told, _ = run(capsys, *QUICK, "--prompt", "an old man", "--no-control", "--out", tmp_path)
    assert [arm["roc"] for arm in told["arms"]] == [None, None]
    assert told["prompt"] == "an old man"


def test_a_defence_is_plugged_in(tmp_path: Path, capsys: Any) -> None:
    told, _ = run(capsys, *QUICK, *WHO, "--no-control", "--defence", "dpdm", "--epsilon", "10", "--out", tmp_path)
    assert [arm["key"] for arm in told["arms"]] == ["before", "lora-8-sp", "lora-8-dpdm-sp"]
    assert "ε = 10" in told["defence"]


def test_people_and_methods_are_named(capsys: Any) -> None:
    told, lines = run(capsys, "--list")
    names = list(people.planted_names(BASES[BUNDLED]))
    assert told["people"]["planted"] == names
    assert "hypernetwork" in told["methods"]
    assert names[0] in lines[0]
    assert any(line.startswith("lora: LoRA.") for line in lines)
    told, _ = run(capsys, "--list", "--base", "tiny")
    assert told["people"]["planted"] == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([*WHO], "--out"),
        (["--out", "OUT"], "--person"),
        (["--person", "Nobody Else", "--out", "OUT"], "There is no 'Nobody Else'"),
        ([*WHO, "--method", "magic", "--out", "OUT"], "There is no fine-tuning method 'magic'"),
        ([*WHO, "--edge", "3", "--out", "OUT"], "edge"),
        ([*WHO, "--std", "-1", "--out", "OUT"], "std"),
        ([*WHO, "--method", "end_to_end", "--defence", "dpdm", "--out", "OUT"], "defends LoRA"),
        ([*WHO, "--defence", "mp_lora", "--out", "OUT"], "class images"),
        ([*WHO, "--epsilon", "3", "--out", "OUT"], "no defence is chosen"),
        ([*WHO, "--prompt", "x", "--out", "OUT"], "not allowed with"),
        (["--faces", "OUT", "--person", "x", "--out", "OUT"], "was not trained on these people"),
    ],
)
def test_bad_input_is_found_before_any_work(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str], problem: str
) -> None:
    monkeypatch.setattr(story, "pipeline", lambda *_, **__: pytest.fail("work was begun"))
    given = [str(tmp_path / "out") if part == "OUT" else part for part in arguments]
    told, lines = run(capsys, "--base", "tiny", *given, code=2)
    assert told == {}
    assert problem in lines[-1]
    assert not (tmp_path / "out" / "shake.json").exists()

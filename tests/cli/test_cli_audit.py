"""``python -m demo audit``."""

from __future__ import annotations

import json

import pytest
import torch

from demo.cli import main
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.models.bases import BASES
from demo.workflow import story

FAST = LoraSettings(unet_rank=2, unet_alpha=2, train_text_encoder=False, batch=1, class_images=2, lr=1e-2)


@pytest.fixture(autouse=True)
def tiny(tiny_pipe, tiny_base, monkeypatch, tmp_path) -> None:
    torch.set_num_threads(1)
    monkeypatch.setitem(BASES, "tiny", tiny_base)
    monkeypatch.setattr(story, "pipeline", lambda *_, **__: tiny_pipe)
    monkeypatch.setattr("demo.finetune.settings.find_preset", lambda name: FAST)
    monkeypatch.setattr("demo.cli.audit.OTHERS", 1)
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")


def run(tmp_path, *more: str) -> int:
    return main(["audit", "--base", "tiny", "--out", str(tmp_path / "out"), "--trials", "8", "--steps", "1", *more])


def test_the_last_line_is_json_and_the_file_holds_the_scores(tmp_path, capsys) -> None:
    assert run(tmp_path, "--noise-multiplier", "3", "--delta", "1e-5", "--steps", "4") == 0  # one step may clip nothing
    printed = capsys.readouterr()
    last = json.loads(printed.out.splitlines()[-1])
    assert last["command"] == "audit"
    assert last["trials"] == 8
    assert last["photos"] == 2  # one example photo and the canary
    assert last["delta"] == 1e-5
    assert last["shape"]["claimed_sigma"] == 3.0
    assert last["clipped"] > 0  # unless another is given, the clipping norm is one that the canary reaches
    assert last["sentences"][0] in printed.err
    assert "audit: 1 of 8" in printed.err
    assert "inside" not in last
    kept = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert len(kept["inside"]) == len(kept["outside"]) == 4
    assert kept["verdict"] == last["verdict"]


def test_a_clipping_norm_that_is_given_is_kept_and_looseness_is_told(tmp_path, capsys) -> None:
    assert run(tmp_path, "--noise-multiplier", "3", "--defence-set", "clip=1000") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out.splitlines()[-1])["clipped"] == 0.0
    assert "smaller norm" in printed.err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--defence", "truncate"], "mode 'file'"),
        (["--confidence", "1.5"], "confidence"),
        (["--epsilon", "-1"], "epsilon"),
        (["--trials", "7"], "7"),
        (["--photos", "nowhere"], "nowhere"),
        (["--defence", "nothing"], "no defence 'nothing'"),
    ],
)
def test_bad_input_is_said_in_one_line(tmp_path, capsys, more: list[str], words: str) -> None:
    assert run(tmp_path, *more) == 2
    printed = capsys.readouterr()
    assert words in printed.err.splitlines()[-1]
    assert printed.out == ""


def test_another_defence_is_audited_by_its_file(tmp_path, capsys) -> None:
    assert run(tmp_path, "--defence", "int8", "--mode", "file") == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["defence"], last["mode"], last["verdict"]) == ("int8", "file", "no claim")

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from shake_parts import new_arm

from demo.errors import OutputError, SettingsError
from demo.origin import XMP_KEYWORD
from demo.shake.attacks.draws import Candidate
from demo.shake.attacks.memorised import Match
from demo.shake.store import ShakeStore

COMMON = {"person": "Nobody", "settings": {"size": 2, "membership": "clid"}, "seed": 0}


@pytest.fixture
def arm(pictures):
    return new_arm(
        "lora-8-sp", "LoRA", "sp", method="lora", curve="rank", value=8.0, loss=0.25, parameters=7,
        candidates=[Candidate(pictures[0], 3, 0.05, 1), Candidate(pictures[1], 2, 0.01, 4)],
        matches=[Match(0, 2, 0.08, 1)], mistaken=[Match(1, 0, 0.09, 2)],
    )  # fmt: skip


def test_an_arm_comes_back_as_it_was_kept(tmp_path: Path, arm) -> None:
    store = ShakeStore(tmp_path, publishable=True)
    store.begin(COMMON)
    store.keep(arm)
    (back,), problems = store.load()
    assert problems == []
    for name in ("key", "label", "source", "method", "curve", "value", "loss", "parameters", "seconds"):
        assert getattr(back, name) == getattr(arm, name), name
    assert torch.equal(back.scores_members, arm.scores_members)
    assert torch.equal(back.scores_non_members, arm.scores_non_members)
    assert back.roc.auc == arm.roc.auc
    assert (back.matches, back.mistaken) == (arm.matches, arm.mistaken)
    assert [c.picture.tobytes() for c in back.candidates] == [c.picture.tobytes() for c in arm.candidates]
    assert [(c.size, c.spread, c.number) for c in back.candidates] == [(3, 0.05, 1), (2, 0.01, 4)]


def test_pictures_that_may_not_be_shown_are_not_written(tmp_path: Path, arm) -> None:
    store = ShakeStore(tmp_path, publishable=False)
    store.begin(COMMON)
    store.keep(arm)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".json"}
    (back,), _ = store.load()
    assert (len(back.candidates), back.candidates[0].size) == (2, 3)
    assert back.candidates[0].picture.size == (1, 1)


def test_a_folder_belongs_to_one_experiment(tmp_path: Path) -> None:
    store = ShakeStore(tmp_path, publishable=True)
    assert not store.begun()
    store.begin(COMMON)
    assert store.begun()
    store.begin(COMMON)
    with pytest.raises(SettingsError, match="settings, seed differ"):
        store.begin(COMMON | {"seed": 1, "settings": {"size": 3}})
    store.listing.write_text("{")
    with pytest.raises(OutputError, match="damaged"):
        store.begin(COMMON)


@pytest.mark.parametrize("damage", ["cut", "version", "field", "picture", "key"])
def test_a_damaged_arm_is_named_and_left_out(tmp_path: Path, arm, damage: str) -> None:
    store = ShakeStore(tmp_path, publishable=True)
    store.begin(COMMON)
    store.keep(arm)
    store.keep(new_arm())
    path = store.arms / "lora-8-sp.json"
    content = json.loads(path.read_text())
    if damage == "cut":
        path.write_text(path.read_text()[:50])
    elif damage == "picture":
        store.pictures("lora-8-sp", 2)[1].write_bytes(b"no picture")
    else:
        content |= {"version": {"format": "other"}, "field": {"colour": "red"}, "key": {"key": "other"}}[damage]
        path.write_text(json.dumps(content))
    arms, problems = store.load()
    assert [a.key for a in arms] == ["before"]
    assert len(problems) == 1
    assert "lora-8-sp.json" in problems[0]


def test_pictures_are_written_without_what_is_not_a_picture(tmp_path: Path, arm) -> None:
    store = ShakeStore(tmp_path, publishable=True)
    store.keep(arm)
    with Image.open(store.pictures("lora-8-sp", 1)[0]) as image:
        assert set(image.info) <= {"Comment", XMP_KEYWORD, "xmp"}  # the mark of what was drawn

from __future__ import annotations

import dataclasses
import json
import math
import stat
from pathlib import Path

import pytest
from fake_points import PROVED, picture, point

from demo.errors import OutputError, SettingsError
from demo.sweep.store import SweepStore, fingerprint

SETTINGS: dict[str, object] = {"base": "tiny", "fine-tuning": {"steps": 2}}
PHOTOS = [picture(1), picture(2)]


def test_a_point_comes_back_as_it_was(tmp_path: Path) -> None:
    store = SweepStore(tmp_path)
    ledger = {**PROVED, "person_epsilon": math.inf}
    kept = point("dpdm", 0.5, 0.6, count=1, epsilon=2, best="encoder", ledger=ledger)
    store.keep(kept)
    (found,), problems = store.load()
    assert problems == []
    assert (found.label, found.key, found.best_attack, found.steps) == (kept.label, "dpdm", "encoder", 10)
    assert dict(found.settings) == dict(kept.settings)
    assert dataclasses.asdict(found.ledger) == dataclasses.asdict(kept.ledger)
    before, after = kept.utility.identity, found.utility.identity
    assert before is not None
    assert after is not None
    assert after.values == before.values
    assert math.isnan(after.low)
    assert [p.tobytes() for p in found.pictures["encoder"]] == [p.tobytes() for p in kept.pictures["encoder"]]


def test_what_is_stored_is_strict_json_and_plain_pictures(tmp_path: Path) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    store = SweepStore(tmp_path)
    kept = point("dpdm", 0.5, 0.6, count=1, ledger=PROVED)
    store.keep(kept)
    home = tmp_path / "points" / "dpdm-epsilon-10"
    assert home == store.home(kept)
    json.loads((home / "point.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert {path.name for path in home.glob("*.png")} == {
        "dreambooth-0.png", "encoder-0.png", "class_prompt-0.png", "random_trigger-0.png",
    }  # fmt: skip


def test_a_point_without_its_listing_is_not_finished(tmp_path: Path) -> None:
    store = SweepStore(tmp_path)
    store.keep(point("int8", 0.5, 0.6))
    (tmp_path / "points" / "int8" / "point.json").unlink()
    assert store.load() == ([], [])


@pytest.mark.parametrize("damage", ["cut", "picture", "version", "unknown"])
def test_a_damaged_point_is_named_and_left_out(tmp_path: Path, damage: str) -> None:
    store = SweepStore(tmp_path)
    store.keep(point("int8", 0.5, 0.6))
    store.keep(point("none", 0.5, 0.6))
    home = tmp_path / "points" / "int8"
    text = (home / "point.json").read_text(encoding="utf-8")
    if damage == "cut":
        (home / "point.json").write_text(text[: len(text) // 2], encoding="utf-8")
    elif damage == "picture":
        (home / "encoder-3.png").unlink()
    elif damage == "version":
        (home / "point.json").write_text(text.replace("lora-leak-sweep/2", "other/9"), encoding="utf-8")
    else:
        (home / "point.json").write_text(text.replace('"key": "int8"', '"key": "magic"'), encoding="utf-8")
    points, (problem,) = store.load()
    assert [found.key for found in points] == ["none"]
    assert "int8" in problem
    assert "made again" in problem


def test_the_seed_is_kept_for_the_owner_alone(tmp_path: Path) -> None:
    store = SweepStore(tmp_path)
    assert not store.begun()
    assert store.begin(PHOTOS, SETTINGS, None, new=77) == 77
    assert store.begun()
    assert store.begin(PHOTOS, SETTINGS, None, new=78) == 77
    assert store.begin(PHOTOS, SETTINGS, 77, new=79) == 77
    assert stat.S_IMODE((tmp_path / "sweep.json").stat().st_mode) == 0o600
    assert SweepStore(tmp_path / "other").begin(PHOTOS, SETTINGS, 5, new=1) == 5


def test_other_photos_or_settings_are_refused(tmp_path: Path) -> None:
    store = SweepStore(tmp_path)
    store.begin(PHOTOS, SETTINGS, 7, new=1)
    with pytest.raises(SettingsError, match="a sweep of other photos"):
        store.begin(PHOTOS[::-1], SETTINGS, 7, new=1)
    with pytest.raises(SettingsError, match=r"with other settings \(fine-tuning, seed\)"):
        store.begin(PHOTOS, {**SETTINGS, "fine-tuning": {"steps": 3}}, 8, new=1)


@pytest.mark.parametrize(
    "text", ["{", '{"format": "lora-leak-sweep/2"}', '{"format": "x", "photos": 1, "settings": {}}']
)
def test_a_damaged_folder_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "sweep.json").write_text(text, encoding="utf-8")
    with pytest.raises(OutputError, match=r"sweep\.json is (damaged|of another version)"):
        SweepStore(tmp_path).begin(PHOTOS, SETTINGS, None, new=1)


def test_the_fingerprint_is_of_pixels_size_and_order() -> None:
    assert fingerprint([picture(1)]) == fingerprint([picture(1)])
    different = [[picture(1)], [picture(2)], [picture(1, side=8)], [picture(1), picture(2)], [picture(2), picture(1)]]
    assert len({fingerprint(photos) for photos in different}) == 5

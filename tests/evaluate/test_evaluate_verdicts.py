from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demo.evaluate import verdicts, verdicts_table
from demo.evaluate.verdicts import FILE, NULL_STORIES, Setup, Subject
from demo.faces import recognise
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.metrics import dlib_identity
from demo.verdicts.story import Agreement

SETTINGS = LoraSettings(steps=1, batch=2, class_batch=1, class_images=2, unet_rank=4)


def _arm(distance: float, place: int, alike: int = 1) -> dict[str, Any]:
    return {
        "dlib_distance": {"values": [distance + 0.001 * i for i in range(4)], "among": None},
        "dlib_rank": {"values": [place] * 4, "among": 1001},
        "dlib_place": {"values": [place], "among": 1001},
        "dlib_place_alike": {"values": [alike], "among": 101},
    }


def _record(who: str, seed: int, encoder: dict[str, Any], *, false: bool = False) -> dict[str, Any]:
    far = _arm(0.8, 500, 50)
    nulls = {"random_lora": far, "other_lora": far, "chance": far}
    story = {"dreambooth": _arm(0.55, 1), "encoder": encoder, "class_prompt": far, "random_trigger": far, **nulls}
    null = story | {"encoder": _arm(0.5, 1) if false else far, "dreambooth": far}
    return {
        "format": verdicts.FORMAT,
        "who": who,
        "seed": seed,
        "photos": 3,
        "ceiling": {"photos": 3, "distance": 0.44, "strangers": 20, "among": 1000},
        "stories": {FILE: story, **dict.fromkeys(NULL_STORIES, null)},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = [
        _record("private-00001", 0, _arm(0.5, 1)),
        _record("private-00002", 0, _arm(0.7, 2)),
        _record("private-00003", 0, _arm(0.7, 12)),
        _record("private-00004", 0, _arm(0.8, 400, 40), false=True),
        *(_record("example-00", seed, _arm(0.5, 1 if seed < 4 else 300)) for seed in range(5)),
        *(_record("example-01", seed, _arm(0.5, 300)) for seed in range(5)),
    ]
    for record in made:
        (tmp_path / f"{record['who']}--seed-{record['seed']}.json").write_text(json.dumps(record))
    return tmp_path


def test_the_rule_is_applied_to_what_was_measured(folder: Path) -> None:
    found = verdicts_table.summary(verdicts_table.records(folder))
    assert found["people"] == 4
    assert found["grades"]["verdict"]["counts"] == {
        "recognised": 1,
        "leak, not recognised": 1,
        "trace": 1,
        "nothing": 1,
    }
    assert found["grades"]["verdict"]["leaked"]["mean"] == 0.5
    assert found["grades"]["class_prompt"]["counts"] == {"nothing": 4}
    assert found["grades"]["dreambooth"]["counts"] == {"recognised": 4}
    assert found["ceiling"]["false_accepts"]["mean"] == pytest.approx(0.02)


def test_null_stories_that_are_called_leaks_are_false_positives(folder: Path) -> None:
    summary = verdicts_table.summary(verdicts_table.records(folder))
    found, together = summary["false"], summary["false_together"]
    assert (together["people"], together["leaked"]["mean"]) == (12, 0.25)
    assert together["leaked"]["high"] < found["no_lora"]["leaked"]["high"]
    assert {story: own["leaked"]["mean"] for story, own in found.items()} == dict.fromkeys(NULL_STORIES, 0.25)
    assert 0 < found["no_lora"]["leaked"]["low"] < 0.25 < found["no_lora"]["leaked"]["high"] < 1


def test_seeds_agree_with_most_of_the_same_person_s(folder: Path) -> None:
    told = verdicts_table.records(folder)
    assert verdicts_table.agreement(told) == Agreement(agreed=4 + 5, fine_tunings=10, people=2)
    assert verdicts_table.agreement([one for one in told if one.seed == 0]) is None
    assert verdicts_table.summary(told)["seeds"]["example-00"]["places"] == [1, 1, 1, 1, 300]


def test_the_tables_name_every_story_and_person(folder: Path) -> None:
    text = verdicts_table.markdown(verdicts_table.summary(verdicts_table.records(folder)))
    for words in (*NULL_STORIES.values(), "example-00", "25.0% [", "recognised; recognised", "the class prompt alone"):
        assert words in text
    assert verdicts_table.markdown(verdicts_table.summary([])) == ""


@pytest.fixture
def setup(tiny_pipe, tiny_base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    """A tiny base without an encoder. Its decoys and its other person are made up."""
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")

    def stranger(base: object, pipe: object) -> LoraWeights:
        from demo.finetune.dreambooth import adapters, collect

        with adapters(tiny_pipe, SETTINGS):
            return collect(tiny_pipe, SETTINGS)

    monkeypatch.setattr(verdicts, "other_person", stranger)
    return Setup(tiny_pipe, tiny_base, SETTINGS, tmp_path / "table")


def test_everybody_gets_a_story_and_three_null_stories(setup: Setup, pictures) -> None:
    people = [Subject(f"private-{k:05d}", pictures[k : k + 3], pictures[:2]) for k in range(2)]
    said: list[str] = []
    verdicts.run_all(setup, [(0, people)], said.append)
    paths = sorted(setup.folder.glob("*.json"))
    assert [path.name for path in paths] == ["private-00000--seed-0.json", "private-00001--seed-0.json"]
    record = json.loads(paths[0].read_text())
    assert set(record["stories"]) == {FILE, *NULL_STORIES}
    for story in record["stories"].values():
        assert {"class_prompt", "random_trigger", "random_lora", "other_lora", "chance"} <= set(story)
        assert set(story["chance"]) == set(verdicts.RULERS)
    assert "dreambooth" in record["stories"]["other_file"]
    assert "dreambooth" not in record["stories"]["no_lora"]
    done = [path.read_text() for path in paths]
    verdicts.run_all(setup, [(0, people)], said.append)
    assert [path.read_text() for path in paths] == done  # nothing is made twice


def test_the_fictional_examples_are_read_as_the_app_reads_them() -> None:
    from demo.paths import PEOPLE

    people = verdicts.example_subjects(PEOPLE / "examples", 64)
    assert [person.name for person in people] == [f"example-{n:02d}" for n in range(8)]
    assert all(len(person.tune) == 5 and person.scored for person in people)
    assert people[0].tune[0].size == (64, 64)


def test_other_settings_lie_in_another_folder(setup: Setup, tmp_path: Path) -> None:
    one = verdicts.table_folder(tmp_path, setup.base, SETTINGS)
    other = verdicts.table_folder(tmp_path, setup.base, SETTINGS.model_copy(update={"steps": 2}))
    assert one.parent == other.parent
    assert one != other


def test_look_alikes_are_the_nearest_of_all() -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    photos, crowd = rng.normal(size=(3, 128)), rng.normal(size=(50, 128))
    chosen = dlib_identity.look_alikes(photos, crowd, 10)
    mean = recognise.distances(photos, crowd).mean(0)
    assert np.allclose(recognise.distances(photos, chosen).mean(0), np.sort(mean)[:10])
    assert len(dlib_identity.look_alikes(photos, crowd[:4], 10)) == 4

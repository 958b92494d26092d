"""Figures of defences: kept person by person, resumed, shared out, never mixed."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from demo.defences.base import Defence, NoDefence
from demo.defences.registry import DEFENCES, choose
from demo.errors import DemoError
from demo.evaluate import __main__, defences, defences_table
from demo.evaluate.held_out import HeldOutPerson, held_out_people
from demo.faces import recognise
from demo.files import write_text
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.finetune.step import PlainStep
from demo.lora.files import LoraWeights

QUICK = LoraSettings(steps=2, batch=2, class_batch=1, class_images=2, unet_rank=2, text_rank=2, lr=0.1)
ATTACKS = ("encoder", "class_prompt", "random_trigger")


def quick_embed(images: Sequence[Image.Image]) -> np.ndarray:
    """In dlib's place: 128 numbers of each picture."""
    return np.array([np.asarray(p.convert("L").resize((16, 8)), dtype=np.float64).ravel() / 255 for p in images])


class Halved(Defence):
    """Changes only what is released, in place, as a careless defence would."""

    key = "halved"
    title = "Halved"
    explanation = ""

    def release(self, lora: LoraWeights) -> LoraWeights:
        for tensor in lora.tensors.values():
            tensor.mul_(0.5)
        return lora


class Broken(Defence):
    """Cannot be trained with."""

    key = "broken"
    title = "Broken"
    explanation = ""

    def training(self, problem):
        raise DemoError("It is broken.", "Mend it.")


@pytest.fixture
def setup(tiny_pipe, tiny_base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> defences.Setup:
    torch.set_num_threads(1)
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(recognise, "embed", quick_embed)
    monkeypatch.setattr(defences, "ATTACKS", ("class_prompt",))
    monkeypatch.setattr(defences, "MEASURED", {})
    for kind in (Halved, Broken):
        monkeypatch.setitem(DEFENCES, kind.key, kind)
    return defences.Setup(tiny_pipe, tiny_base, QUICK, 1, tmp_path / "table")


def people(pictures: list[Image.Image], count: int) -> list[HeldOutPerson]:
    return [
        HeldOutPerson(10 + k, pictures[k : k + 2], pictures[:2], quick_embed(pictures[k : k + 3])) for k in range(count)
    ]


def test_people_are_embedded_once(tmp_path, pictures, monkeypatch) -> None:
    def blob(image: Image.Image) -> bytes:
        buffer = io.BytesIO()
        image.resize((64, 64)).save(buffer, "PNG")
        return buffer.getvalue()

    rows = [{"identity": i, "split": "private", "image": blob(pictures[(i + k) % 5])} for i in (3, 1) for k in range(7)]
    pd.DataFrame(rows).to_parquet(tmp_path / "private.parquet")
    calls: list[int] = []
    monkeypatch.setattr(recognise, "embed", lambda own: (calls.append(len(own)), quick_embed(own))[1])
    first = held_out_people(tmp_path / "cache", side=64, folder=tmp_path)
    again = held_out_people(tmp_path / "cache", side=64, folder=tmp_path)
    assert calls == [2, 2]
    assert [person.identity for person in first] == [1, 3]
    assert [len(person.tune) for person in first] == [5, 5]
    assert (quick_embed(first[1].kept) == first[1].held_out).all()
    assert all((a.held_out == b.held_out).all() for a, b in zip(first, again, strict=True))
    (only,) = held_out_people(tmp_path / "cache", side=64, count=1, folder=tmp_path)
    assert (only.held_out == first[0].held_out).all()


def names(setup: defences.Setup) -> set[str]:
    return {path.name for path in setup.folder.glob("*.json")}


def test_release_defences_share_one_training_and_cannot_spoil_it(setup, pictures, monkeypatch) -> None:
    crowd = people(pictures, 1)
    steps: list[int] = []
    call = PlainStep.__call__
    monkeypatch.setattr(PlainStep, "__call__", lambda self: (steps.append(1), call(self))[1])
    plan = (Halved(), NoDefence())
    assert defences.run(setup, plan, crowd, np.zeros((2, 128))) == 2
    assert len(steps) == QUICK.steps
    found = {p.name: json.loads(p.read_text()) for p in setup.folder.glob("*.json")}
    halved, none = found["person-00010--halved.json"], found["person-00010--none.json"]
    assert none["arms"]["dreambooth"]["distance"] != halved["arms"]["dreambooth"]["distance"]
    assert set(none["arms"]) == {"dreambooth", "class_prompt", "chance"}
    alone = replace(setup, folder=setup.folder / "alone")
    defences.run(alone, (NoDefence(),), crowd, np.zeros((2, 128)))
    again = json.loads((alone.folder / "person-00010--none.json").read_text())
    assert again["arms"] == none["arms"]  # the careless defence before it has changed nothing


def test_what_is_there_is_not_done_again_and_shards_share_the_rest(setup, pictures) -> None:
    crowd = people(pictures, 2)
    plan = (choose("dpdm", epsilon=10.0),)
    said: list[str] = []
    decoys = np.zeros((2, 128))
    assert defences.run(setup, plan, crowd, decoys, shard=1, shards=2, say=said.append) == 1
    assert names(setup) == {"person-00011--dpdm-epsilon-10.json"}
    assert "person 11" in said[0]
    record = json.loads((setup.folder / "person-00011--dpdm-epsilon-10.json").read_text())
    assert record["guarantee"] == "proved"
    assert 0 < record["photo_epsilon"] <= 10 < record["person_epsilon"]
    assert "noise_seed" not in record["settings"]
    assert defences.run(setup, plan, crowd, decoys, shard=1, shards=2, say=said.append) == 0
    assert defences.run(setup, plan, crowd, decoys, first=1, say=said.append) == 1
    assert defences.run(setup, plan, crowd, decoys, say=said.append) == 0


def test_a_defence_that_fails_stops_nobody_else(setup, pictures) -> None:
    crowd = people(pictures, 1)
    said: list[str] = []
    assert defences.run(setup, (Broken(), NoDefence()), crowd, np.zeros((2, 128)), say=said.append) == 1
    assert names(setup) == {"person-00010--none.json"}
    assert "It is broken" in said[0]


def test_folders_tell_models_and_settings_apart(tiny_base, tmp_path, monkeypatch) -> None:
    shipped = tmp_path / "weights" / "tiny"
    (shipped / "unet").mkdir(parents=True)
    (shipped / "unet" / "model.safetensors").write_bytes(b"one")
    (shipped / "README.md").write_text("words")
    monkeypatch.setattr("demo.paths.WEIGHTS", tmp_path / "weights")
    base = tiny_base
    first = defences.table_folder(tmp_path, base, QUICK, 2)
    (shipped / "README.md").write_text("other words")
    assert defences.table_folder(tmp_path, base, QUICK, 2) == first
    assert defences.table_folder(tmp_path, base, QUICK, 3) != first
    assert defences.table_folder(tmp_path, base, QUICK.model_copy(update={"lr": 3e-4}), 2) != first
    (shipped / "encoder.safetensors").write_bytes(b"encoder")
    second = defences.table_folder(tmp_path, base, QUICK, 2)
    assert second.parent != first.parent
    (shipped / "unet" / "model.safetensors").write_bytes(b"two")
    assert defences.table_folder(tmp_path, base, QUICK, 2).parent not in {first.parent, second.parent}


def record(folder: Path, defence: Defence, identity: int, distance: float, **extra: object) -> None:
    arm = {"distance": distance, "rec_acc": 0.5, "clip_t_paper": 26.0, "clip_i_paper": 0.8}
    arms = dict.fromkeys(("dreambooth", *ATTACKS), arm) | {"random_trigger": arm | {"distance": distance - 0.2}}
    values = {
        "format": defences.FORMAT, "identity": identity, "defence": defence.key, "name": defences.point_name(defence),
        "label": defence.label, "settings": defences.settings_of(defence), "guarantee": "none",
        "photo_epsilon": None, "person_epsilon": None, "arms": arms,
    }  # fmt: skip
    write_text(defences.result_path(folder, identity, defence), json.dumps(values | extra))


def test_the_table_counts_people_pairs_them_and_orders_rows(tmp_path) -> None:
    weak, strong = choose("dpdm", epsilon=10.0), choose("dpdm", epsilon=0.1)
    for k in range(8):
        record(tmp_path, NoDefence(), k, 0.5 + 0.01 * k)
        record(tmp_path, weak, k, 0.6 + 0.01 * k, guarantee="proved", photo_epsilon=9.9, person_epsilon=80.0)
        if k < 3:
            record(tmp_path, strong, k, 0.9, guarantee="nominal", photo_epsilon=0.1, person_epsilon=0.4)
    record(tmp_path, NoDefence(), 99, 9.0, format="an older one")
    table = defences_table.markdown(tmp_path)
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    first, second = lines[1:4], lines[5:8]
    assert [line.split(" | ")[1] for line in first] == ["8", "8", "3"]
    assert [line.split(" | ")[0][2:] for line in second] == ["No defence", weak.label, strong.label]
    assert "| 9.9 / 80 |" in first[1]
    assert "(nominal)" in first[2]
    assert "+0.100 [+0.100, +0.100]" in first[1]  # every person's difference is the same, though the people differ
    assert all("| random_trigger |" in line for line in second)
    assert "0.335 [" in second[0]  # its distance, the smallest of the attacks
    found = defences_table.summary(tmp_path)
    assert list(found) == ["none", "dpdm-epsilon-10", "dpdm-epsilon-0.1"]
    assert found["dpdm-epsilon-10"]["distance_minus_none"]["encoder"]["mean"] == 0.1
    assert found["none"]["people"] == 8
    assert defences_table.markdown(tmp_path / "nothing") == "No results yet."


def test_the_command_prints_a_table_without_loading_a_model(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("demo.models.load.load_pipeline", lambda *_: pytest.fail("a model was loaded"))
    assert __main__.main(["defences", "--table", "--base", "sd14", "--out", str(tmp_path)]) == 0
    assert "No results yet." in capsys.readouterr().out
    assert __main__.main(["defences", "--table", "--out", str(tmp_path)]) == 0
    assert "| No defence | 60 |" in capsys.readouterr().out  # those that ship
    assert __main__.main(["defences", "--shard", "2", "--shards", "2", "--out", str(tmp_path)]) == 2
    assert __main__.main(["defences", "--only", "nonsense", "--table", "--out", str(tmp_path)]) == 2
    assert "no defence 'nonsense'" in capsys.readouterr().err

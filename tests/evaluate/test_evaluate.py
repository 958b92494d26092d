from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.errors import SettingsError
from demo.evaluate import encoders, held_out, people, people_table
from demo.evaluate.__main__ import main
from demo.evaluate.base import face_rate, grid
from demo.faces import recognise
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.train.encoder import new_encoder
from demo.train.people import planted_pictures
from demo.train.zoo import GroupTrainer

PLANTED = Path(__file__).parents[2] / "weights" / "people"


def small(person: int) -> list[Image.Image]:
    return [p.resize((64, 64), Image.Resampling.LANCZOS) for p in planted_pictures(PLANTED, person, member=True)]


def test_a_person_is_nearer_to_herself_than_a_stranger_is() -> None:
    own, stranger = small(0), small(1)
    person = held_out.HeldOutPerson(0, own[:2], own[5:10], recognise.embed(own[5:10]))
    crowd = recognise.embed([small(k)[0] for k in range(2, 12)])
    other = held_out.HeldOutPerson(1, stranger[:2], stranger[5:10], recognise.embed(stranger[5:10]))
    noise = [Image.fromarray(np.random.default_rng(i).integers(0, 256, (64, 64, 3), dtype=np.uint8)) for i in range(2)]
    mine, theirs, nobody = (
        held_out.all_scores(pictures, person, crowd, [person, other]) for pictures in (own[:2], stranger[:2], noise)
    )
    assert mine["distance"] < 0.6 < theirs["distance"]
    assert mine["rank1"] == 1
    assert mine["rank"] == 1
    assert mine["rec_acc"] == 1
    assert theirs["rec_acc"] == 0
    assert (mine["one_closed"], mine["one_rec_acc"], mine["one_rank1"]) == (1, 1, 1)
    assert (theirs["one_closed"], theirs["one_rec_acc"]) == (0, 0)
    assert mine["one_distance"] < theirs["one_distance"]
    assert mine["faces"] == 1
    assert mine["confidence"] > 0.95
    assert (nobody["faces"], nobody["confidence"] < 0.95) == (0, True)


def test_one_picture_is_the_one_that_its_siblings_agree_on() -> None:
    own, stranger = small(0), small(1)
    person = held_out.HeldOutPerson(0, own[:2], own[5:10], recognise.embed(own[5:10]))
    crowd = recognise.embed([small(k)[0] for k in range(2, 6)])
    found = held_out.all_scores([stranger[0], *own[:3]], person, crowd, [person])
    assert (found["rec_acc"], found["one_rec_acc"]) == (0.75, 1)
    assert found["one_distance"] < found["distance"]


def test_summary_and_table_speak_of_people(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    measures = ("distance", "rank", "one_distance", *people_table.SHARES)
    values = {k: list(rng.random(20)) for k in measures}
    found = {k: people_table.summary(v) for k, v in values.items()}
    assert found["distance"]["low"] < found["distance"]["mean"] < found["distance"]["high"]
    far = {
        "network": "a network",
        "pictures": 80,
        "photos": 500,
        "arms": {"encoder": {"estimate": 7.5, "low": 7, "high": 8}},
    }
    result = {"people": 20, "samples": 4, "decoys": 9, "arms": {"encoder": found}, "encoder_minus": {}, "frechet": far}
    people_table.print_table(result)
    out = capsys.readouterr().out
    assert "20 people" in out
    assert out.count("| encoder |") == 3
    assert "nearest of the 20 people" in out
    assert "7.50 [7.00, 8.00]" in out


def test_every_arm_is_drawn_for_every_person(tiny_pipe, tiny_base, pictures, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    settings = LoraSettings(steps=1, batch=2, class_batch=1, class_images=2, unet_rank=4)
    from demo.attack.weight_encoder import EncoderSettings

    encoder = new_encoder(tiny_pipe, tiny_base, settings, EncoderSettings())
    trainer = GroupTrainer(tiny_pipe, tiny_base, [pictures[:3], pictures[2:]], settings, seed=0)
    trainer.step()
    before = trainer.unet.state()
    arms = people.draw_group(tiny_pipe, tiny_base, trainer, encoder, samples=3, seed=1)
    after = trainer.unet.state()
    trainer.remove()
    assert set(arms) == set(people_table.ARMS) - {"chance", "other_lora"}
    assert all([len(own) for own in drawn] == [3, 3] for drawn in arms.values())
    assert all((before[name] == after[name]).all() for name in before)  # the random-LoRA control puts things back


def test_parts_of_a_table_are_the_whole_of_it(tiny_pipe, tiny_base, pictures, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    settings = LoraSettings(steps=1, batch=2, class_batch=1, class_images=2, unet_rank=4)
    crowd = np.random.default_rng(0).normal(size=(9, 128))
    everybody = [held_out.HeldOutPerson(i, pictures[i % 2 :][:3], pictures[:2], crowd[:2] + i) for i in range(6)]
    monkeypatch.setattr(people, "held_out_people", lambda *_, **__: everybody)
    monkeypatch.setattr(recognise, "embed", lambda drawn: np.array([[np.mean(p)] * 128 for p in drawn]) / 255)

    def run(out: Path, **more: int) -> dict:
        common = {"samples": 2, "group": 2, "with_encoder": False}
        return people.evaluate(tiny_pipe, tiny_base, settings, crowd, out, **common, **more)

    whole = run(tmp_path / "whole.json")
    parts = [tmp_path / f"part-{i}.json" for i in range(2)]
    for i, part in enumerate(parts):
        run(part, shard=i, shards=2)
    merged = people_table.merge(parts, tmp_path / "merged.json")
    assert merged["order"] == list(range(6))
    assert merged["values"] == whole["values"]
    assert merged["frechet"]["arms"].keys() == {
        "chance",
        "decoded",
        "dreambooth",
        "dreambooth_extrapolated",
        "class_prompt",
    }
    assert (merged["frechet"]["pictures"], merged["frechet"]["photos"]) == (12, 12)
    for arm, far in whole["frechet"]["arms"].items():
        assert merged["frechet"]["arms"][arm]["estimate"] == pytest.approx(far["estimate"], abs=0.02)


def test_face_rate_and_contact_sheet() -> None:
    noise = [Image.fromarray(np.random.default_rng(i).integers(0, 256, (64, 64, 3), dtype=np.uint8)) for i in range(2)]
    assert face_rate([*small(0)[:2], *noise]) == 0.5
    assert grid(noise, columns=2).size == (128, 64)


@pytest.fixture
def two_encoders(tiny_pipe, tiny_base, pictures, tmp_path, monkeypatch):
    """Everything that a choice between encoders takes, over people of whom each has three photos to tune on."""
    from demo.attack.weight_encoder import EncoderSettings

    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    settings = LoraSettings(steps=1, batch=2, class_batch=1, class_images=2, unet_rank=4)
    made = {
        name: new_encoder(tiny_pipe, tiny_base, settings, EncoderSettings(length=length, variational=False))
        for name, length in (("one", None), ("short", 4))
    }
    crowd = np.random.default_rng(0).normal(size=(9, 128))

    def everybody(cache: Path, *, side: int, count: int, split: str) -> list[held_out.HeldOutPerson]:
        assert split == "domain_nonmember"  # nothing is chosen on the private people
        return [held_out.HeldOutPerson(i, pictures[i % 2 :][:3], pictures[:2], crowd[:2] + i) for i in range(count)]

    monkeypatch.setattr(encoders, "held_out_people", everybody)
    monkeypatch.setattr(recognise, "embed", lambda drawn: np.array([[np.mean(p)] * 128 for p in drawn]) / 255)

    def run(out: Path, **more: int) -> dict:
        common = {"people": 4, "samples": 2, "group": 2}
        return encoders.evaluate(tiny_pipe, tiny_base, settings, crowd, made, out, **common, **more)

    return run


def test_encoders_are_held_against_the_first_over_the_same_people(two_encoders, tmp_path: Path) -> None:
    whole = two_encoders(tmp_path / "whole.json")
    assert whole["encoders"]["short"] == {"tokens": 4}
    assert whole["order"] == [0, 1, 2, 3]
    assert set(whole["values"]) == {encoders.OWNER} | {
        f"{e}{a}" for e in ("one", "short") for a in ("", "/foreign", "/swapped")
    }
    parts = [tmp_path / f"{i}.json" for i in range(2)]
    for i, part in enumerate(parts):
        two_encoders(part, shard=i, shards=2)
    merged = encoders.merge(parts, tmp_path / "merged.json")
    assert merged["order"] == whole["order"]
    assert merged["values"] == whole["values"]
    parts[0].write_text(parts[0].read_text().replace('"tokens": 4', '"tokens": 5'))
    with pytest.raises(SettingsError, match=r"another run than 0\.json: encoders"):
        encoders.merge(parts, tmp_path / "mixed.json")
    said = encoders.markdown(merged)
    assert "| one | " in said
    lines = [line.split(" | ") for line in said.splitlines() if line.startswith(("| one", "| short"))]
    assert [bool(line[4].strip()) for line in lines] == [False, True]  # nothing is held against itself


def test_no_encoder_is_judged_by_groups_of_one_or_under_one_name(two_encoders, tmp_path: Path, capsys) -> None:
    with pytest.raises(SettingsError, match="too few"):
        two_encoders(tmp_path / "out.json", shard=2, shards=3)
    same = str(tmp_path / "encoder.safetensors")
    assert main(["encoders", same, same, "--out", str(tmp_path)]) == 2
    assert "same name" in capsys.readouterr().err


def test_a_base_is_held_beside_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    from io import BytesIO

    import pandas as pd

    from demo.evaluate import base

    def stored(picture: Image.Image) -> bytes:
        content = BytesIO()
        picture.save(content, "PNG")
        return content.getvalue()

    photos = [picture for person in range(4) for picture in small(person)]
    monkeypatch.setattr(base, "read_split", lambda folder, split: pd.DataFrame({"image": list(map(stored, photos))}))
    noise = [Image.fromarray(np.random.default_rng(i).integers(0, 256, (64, 64, 3), dtype=np.uint8)) for i in range(60)]
    own, other = base.lifelike(photos), base.lifelike(noise)
    assert own["estimate"] < other["low"] < other["estimate"] < other["high"]

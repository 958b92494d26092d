from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from demo.errors import SettingsError, WeightsError
from demo.faces.faces128 import shrink
from demo.models.bases import BASES, BUNDLED
from demo.paths import PEOPLE
from demo.shake.people import domain_people, find_domain, free_text, outside_prompt, planted, planted_names

BASE = BASES[BUNDLED]


def blob(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Three people with two photos inside and two outside, the last with one outside only."""
    rows = []
    for identity, name in enumerate(("Ada One", "Bob Two", "Cyd Three")):
        for n in range(4):
            split = "domain_member" if n < 2 else "domain_nonmember"
            rows.append({"image": blob(10 * identity + n), "identity": identity, "name": name, "split": split})
    pd.DataFrame(rows[:-1]).to_parquet(tmp_path / "domains.parquet")
    return tmp_path


def test_planted_people_are_those_of_the_listing_members_as_they_were_trained_on() -> None:
    listing = json.loads((PEOPLE / "people.json").read_text())["planted"]
    people = planted(BASE)
    assert [person.name for person in people] == [entry["name"] for entry in listing] == list(planted_names(BASE))
    person, entry = people[3], listing[3]
    assert person.publishable
    assert person.known
    assert person.prompt == f"a photo of {entry['name']}"
    assert len(person.members) == len(entry["members"])
    assert len(person.members) + len(person.non_members) == entry["pictures"]
    first = Image.open(PEOPLE / entry["folder"] / f"{entry['members'][0]:02d}.webp")
    assert np.array_equal(np.asarray(person.members[0]), shrink(first))
    outside = next(n for n in range(entry["pictures"]) if n not in entry["members"])
    apart = Image.open(PEOPLE / entry["folder"] / f"{outside:02d}.webp")
    assert np.array_equal(np.asarray(person.non_members[0]), shrink(apart))


def test_a_base_of_unknown_training_set_has_no_people(tiny_base, faces: Path) -> None:
    assert planted(tiny_base) == []
    assert planted_names(tiny_base) == ()
    with pytest.raises(SettingsError, match="not trained on"):
        domain_people(faces, tiny_base)


def test_domain_people_are_members_and_non_members_of_one_name_and_are_not_published(faces: Path) -> None:
    people = domain_people(faces, replace(BASE, side=16), each=2)
    assert [person.name for person in people] == ["Ada One", "Bob Two"]  # the third has too few photos
    assert [len(person.members) for person in people] == [2, 2]
    assert [len(person.non_members) for person in people] == [2, 2]
    assert not any(person.publishable for person in people)
    as_stored = np.asarray(Image.open(io.BytesIO(blob(11))).convert("RGB"))
    assert np.array_equal(np.asarray(people[1].members[1]), as_stored)
    assert domain_people(faces / "domains.parquet", BASE, each=2, people=1)[0].name == "Ada One"


def test_a_folder_without_people_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="--faces"):
        domain_people(tmp_path, BASE)
    (tmp_path / "domains.parquet").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="cannot be read"):
        domain_people(tmp_path, BASE)


def test_people_are_found_by_name_and_nobody_else_is() -> None:
    name = planted_names(BASE)[0]
    assert find_domain(f" {name.upper()} ", BASE).name == name
    with pytest.raises(SettingsError, match=r"no 'Nobody Known'.*--list"):
        find_domain("Nobody Known", BASE)


def test_people_of_the_data_set_are_found_when_it_is_given(faces: Path) -> None:
    rows = pd.read_parquet(faces / "domains.parquet")
    pd.concat([rows] * 8).to_parquet(faces / "domains.parquet")  # 16 photos on each side
    found = find_domain("ada one", BASE, faces)
    assert (found.name, found.prompt, found.publishable) == ("Ada One", "a photo of Ada One", False)
    assert len(found.members) == len(found.non_members) == 15


def test_free_text_has_no_members() -> None:
    text = free_text("  a photo of\nan old man ")
    assert text.prompt == text.name == "a photo of an old man"
    assert not text.known
    with pytest.raises(SettingsError, match="empty"):
        free_text("   ")


def test_the_control_shows_another_planted_person(tiny_base) -> None:
    people = planted(BASE)
    prompts = [outside_prompt(person, BASE) for person in people]
    assert all(prompt != person.prompt for prompt, person in zip(prompts, people, strict=True))
    assert set(prompts) == {person.prompt for person in people}  # each is somebody's control
    assert outside_prompt(free_text("an old man"), BASE) == people[0].prompt
    assert outside_prompt(free_text("an old man"), tiny_base) == tiny_base.class_prompt

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from demo.evaluate.__main__ import main
from demo.evaluate.same_person import Known, markdown, people, warnings
from demo.faces import recognise


def crowd(count: int, *, spread: float = 0.0) -> list[Known]:
    """People 0.85 apart, as dlib's distances of people are, each with five photos."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(count):
        photos = [0.6 * np.eye(128)[number] + spread * rng.standard_normal(128) for _ in range(5)]
        made.append(Known(number % 2 == 0, photos))
    return made


def test_one_persons_photos_pass_and_anothers_are_found() -> None:
    for size in (3, 5):
        found = warnings(crowd(6, spread=0.01), size)
        assert found == {
            "right_suspected": [0.0] * 6,
            "set_warned": [0.0] * 6,
            "other_found": [1.0] * 6,
            "beside_suspected": [0.0] * 6,
        }


def test_a_set_of_several_people_counts_every_photo() -> None:
    everybody = crowd(2)
    mixed = Known(True, [np.eye(128)[i] for i in range(5)])
    found = warnings([everybody[0], mixed], 3)
    assert (found["right_suspected"][1], found["set_warned"][1]) == (1.0, 1.0)
    assert found["beside_suspected"][1] == 1.0


def test_the_command_reads_both_splits(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    def table(split: str, first: int) -> pd.DataFrame:
        rows = []
        for identity in range(first, first + 4):
            for _ in range(6):
                memory = io.BytesIO()
                Image.new("RGB", (128, 128), (20 * identity, 0, 0)).save(memory, "PNG")
                rows.append(
                    {"image": memory.getvalue(), "identity": identity, "split": split, "male": identity % 2 == 0}
                )
        return pd.DataFrame(rows)

    def embed(pictures):
        assert {picture.size for picture in pictures} == {(64, 64)}
        assert len(pictures) == 5
        return np.array([0.6 * np.eye(128)[picture.getpixel((0, 0))[0] // 20] for picture in pictures])

    table("private", 0).to_parquet(tmp_path / "private.parquet")
    table("domain_nonmember", 4).to_parquet(tmp_path / "domains.parquet")
    monkeypatch.setattr(recognise, "embed", embed)
    everybody = people(tmp_path, side=64)
    assert [known.man for known in everybody] == [True, False] * 4
    assert main(["same-person", "--faces", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == markdown(everybody)
    assert "| 5 | 8 | 0.000 [0.000, 0.324] | 0.000 [0.000, 0.324] | 1.000 [0.676, 1.000]" in printed

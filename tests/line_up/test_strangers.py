from __future__ import annotations

import io
import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from demo.errors import WeightsError
from demo.faces import recognise
from demo.files import write_tensors
from demo.line_up.strangers import COLUMNS, as_on_the_sheet, load_strangers, sheet
from demo.metrics.dlib_identity import DECOY_FILE, bundled_decoys
from demo.train.people import HIDDEN_DECOYS, write_sheet

COUNT = COLUMNS + 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    faces = [Image.new("RGB", (96, 96), (5 * k, 200 - 5 * k, 90)) for k in range(COUNT)]
    write_sheet(tmp_path, faces)
    write_tensors(tmp_path / "decoys.safetensors", {"dlib": torch.zeros(COUNT, 128)})
    (tmp_path / "people.json").write_text(json.dumps({"decoys": {"hidden": [3, 4]}}), encoding="utf-8")
    return tmp_path


def test_faces_come_back_in_the_order_of_their_embeddings(folder: Path) -> None:
    got = load_strangers(folder)
    assert got.pixels.shape == (COUNT, 64, 64, 3)
    assert got.table.shape == (COUNT, 128)
    assert got.hidden == {3, 4}
    for index in (0, 1, COLUMNS - 1, COLUMNS, COUNT - 1):
        assert abs(np.asarray(got.face(index)).astype(int).mean((0, 1)) - [5 * index, 200 - 5 * index, 90]).max() < 6


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("decoys.webp", b"no picture"),
        ("decoys.webp", sheet([Image.new("RGB", (64, 64))])),
        ("decoys.safetensors", b""),
        ("people.json", b"{"),
        ("people.json", b'{"decoys": {"hidden": ["x"]}}'),
        ("people.json", b"[]"),
    ],
)
def test_what_is_damaged_is_named_with_a_remedy(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(WeightsError, match=r"demo\.train people"):
        load_strangers(folder)
    (folder / name).unlink()
    with pytest.raises(WeightsError):
        load_strangers(folder)


def test_another_picture_format_is_not_decoded(folder: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (COLUMNS * 64, 128)).save(buffer, "PNG")
    (folder / "decoys.webp").write_bytes(buffer.getvalue())
    with pytest.raises(WeightsError):
        load_strangers(folder)


def test_the_bundled_faces_are_those_of_the_bundled_embeddings() -> None:
    crowd = load_strangers()
    assert len(crowd.pixels) == len(bundled_decoys(DECOY_FILE)) == 1000
    assert crowd.hidden == HIDDEN_DECOYS
    rows = random.Random(0).sample(range(1000), 8)
    near = recognise.distances(recognise.embed([crowd.face(row) for row in rows]), crowd.table)
    assert near.argmin(1).tolist() == rows
    assert np.median(near.min(1)) < 0.2


def test_a_face_passes_the_lossy_step_as_well_alone_as_on_the_sheet() -> None:
    # Strangers that are made lossy once more change little: the step is the same for whoever stands in the line-up.
    crowd = load_strangers()
    for row in (0, 500, 999):
        again = np.asarray(as_on_the_sheet(crowd.face(row))).astype(int)
        assert np.abs(again - crowd.pixels[row]).mean() < 4

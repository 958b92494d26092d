from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from demo.errors import WeightsError
from demo.faces import recognise
from demo.metrics import dlib_identity
from demo.metrics.registry import Context, evaluate
from tests.metrics.helpers import faces


@pytest.fixture(scope="module")
def others() -> np.ndarray:
    return recognise.embed([faces(person, [0])[0] for person in range(7, 14)])


@pytest.fixture
def decoys(others: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "decoys.safetensors"
    save_file({"dlib": torch.tensor(others, dtype=torch.float32)}, file)
    monkeypatch.setattr(dlib_identity, "DECOY_FILE", file)
    return file


def _measure(context: Context) -> dict[str, tuple[float, ...]]:
    keys = ["dlib_distance", "dlib_accuracy", "dlib_rank", "dlib_rank1"]
    results = evaluate(context, keys)
    assert [result.unavailable for result in results] == [None] * 4
    decoys = 7 + (0 if context.decoys is None else len(context.decoys))
    assert [result.among for result in results] == [None, None, decoys + 1, None]
    return {result.key: result.values for result in results}


@pytest.mark.usefixtures("decoys")
def test_the_same_person_is_recognised_at_64_pixels_and_another_is_not() -> None:
    photos = faces(0, range(5))
    same = _measure(Context(pictures=faces(0, [7, 8, 9]), photos=photos))
    other = _measure(Context(pictures=faces(1, [0, 7, 8]), photos=photos))
    assert max(same["dlib_distance"]) < recognise.SAME_PERSON < min(other["dlib_distance"])
    assert same["dlib_accuracy"] == (1, 1, 1)
    assert other["dlib_accuracy"] == (0, 0, 0)
    assert same["dlib_rank"] == (1, 1, 1)
    assert same["dlib_rank1"] == (1, 1, 1)
    assert max(other["dlib_rank"]) > 1  # among seven decoys only


@pytest.mark.usefixtures("decoys")
def test_the_distance_is_the_mean_over_the_photos() -> None:
    pictures, photos = faces(0, [7]), [*faces(0, [0]), *faces(1, [0])]
    apart = recognise.distances(recognise.embed(pictures), recognise.embed(photos))
    got = _measure(Context(pictures=pictures, photos=photos))["dlib_distance"]
    assert got == pytest.approx((apart.mean(),))


@pytest.mark.usefixtures("decoys")
def test_more_decoys_can_only_worsen_the_rank() -> None:
    pictures, photos = faces(1, [0, 7]), faces(0, [0, 1])
    plain = _measure(Context(pictures=pictures, photos=photos))["dlib_rank"]
    twins = recognise.embed(faces(1, [3, 4, 5]))
    more = _measure(Context(pictures=pictures, photos=photos, decoys=twins))["dlib_rank"]
    assert [b - a for a, b in zip(plain, more, strict=True)] == [3, 3]


@pytest.mark.usefixtures("decoys")
def test_ranks_are_taken_at_the_decoys_side_whatever_side_the_pictures_have() -> None:
    small = _measure(Context(pictures=faces(1, [0, 7], 256), photos=faces(0, [0, 1], 64)))["dlib_rank"]
    large = _measure(Context(pictures=faces(1, [0, 7], 256), photos=faces(0, [0, 1], 256)))["dlib_rank"]
    assert small == large


def test_missing_decoys_leave_the_distance_and_say_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dlib_identity, "DECOY_FILE", tmp_path / "none.safetensors")
    context = Context(pictures=faces(0, [1]), photos=faces(0, [0]))
    distance, rank = evaluate(context, ["dlib_distance", "dlib_rank"])
    assert distance.unavailable is None
    assert rank.unavailable is not None
    assert "none.safetensors is missing" in rank.unavailable


@pytest.mark.parametrize("tensors", [{"other": torch.zeros(3, 128)}, {"dlib": torch.zeros(3, 64)}])
def test_decoys_of_the_wrong_kind_are_refused(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    save_file(tensors, tmp_path / "bad.safetensors")
    with pytest.raises(WeightsError, match=r"bad\.safetensors"):
        dlib_identity.bundled_decoys(tmp_path / "bad.safetensors")


def test_damaged_decoys_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"\xff" * 40)
    with pytest.raises(WeightsError, match="cannot be read"):
        dlib_identity.bundled_decoys(tmp_path / "bad.safetensors")

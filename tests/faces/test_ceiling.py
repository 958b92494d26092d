from __future__ import annotations

import math

import numpy as np
import pytest

from demo.faces.ceiling import ceiling


def _at(*places: float) -> np.ndarray:
    table = np.zeros((len(places), 128))
    table[:, 0] = places
    return table


def test_photos_are_held_against_the_other_ones() -> None:
    found = ceiling(_at(0.0, 0.1, 0.4), _at(5.0))
    assert found.photos == 3
    assert found.distance == pytest.approx(np.median([0.25, 0.2, 0.35]))


def test_a_single_photo_has_no_distance_and_its_strangers_all_the_same() -> None:
    found = ceiling(_at(0.0), _at(0.5, 0.59, 0.61, 2.0))
    assert math.isnan(found.distance)
    assert (found.strangers, found.among, found.false_accepts) == (2, 4, 0.5)
    assert found.as_json() == {"photos": 1, "distance": None, "strangers": 2, "among": 4}


def test_a_stranger_counts_by_the_mean_over_the_photos() -> None:
    assert ceiling(_at(0.0, 0.4), _at(-0.3)).strangers == 1  # 0.3 and 0.7: 0.5
    assert ceiling(_at(0.0, 0.8), _at(-0.3)).strangers == 0  # 0.3 and 1.1

from __future__ import annotations

import numpy as np
import pytest

from demo.faces.ranks import chance_rank, place_among, rank_among


def test_a_place_is_as_likely_as_any_other_however_many_pictures_show_the_same_face() -> None:
    rng = np.random.default_rng(6)
    places = []
    for _ in range(400):
        people, face = rng.normal(0, 1, (100, 8)), rng.normal(0, 1, 8)
        places.append(place_among(face + rng.normal(0, 0.05, (32, 8)), people[0], people[1:]))
    assert np.mean(np.array(places) <= 5) == pytest.approx(0.05, abs=0.03)
    assert (min(places), max(places)) >= (1, 90)
    assert place_among(people[3], people[3] + 0.01, people[4:]) == 1


def test_rank_counts_nearer_decoys_only() -> None:
    decoys = np.array([[1.0], [2.0], [-3.0], [10.0]])
    assert rank_among([0.0], [0.5], decoys).tolist() == [1]
    assert rank_among([[0.0], [9.0]], [2.5], decoys).tolist() == [3, 2]
    assert rank_among([0.0], [1.0], decoys).tolist() == [1]  # a tie is not nearer


def test_rank_of_somebody_unrelated_is_chance_however_many_photos_there_are() -> None:
    rng = np.random.default_rng(3)
    dimensions, photos, decoys = 20, 5, 200

    def seen(people: np.ndarray) -> np.ndarray:
        return people + 0.7 * rng.normal(size=people.shape)

    ranks, biased = [], []
    for _ in range(300):
        picture = seen(rng.normal(size=(1, dimensions)))
        target = seen(np.repeat(rng.normal(size=(1, dimensions)), photos, axis=0))
        others = seen(rng.normal(size=(decoys, dimensions)))
        ranks += rank_among(picture, target, others).tolist()
        biased += rank_among(picture, target.mean(0), others).tolist()
    assert np.mean(ranks) == pytest.approx(chance_rank(decoys), rel=0.1)
    assert np.mean(biased) < 0.75 * chance_rank(decoys)  # why the mean embedding is not used


def test_chance_rank_is_the_mean_of_all_ranks() -> None:
    assert chance_rank(1000) == np.mean(np.arange(1, 1002))

import numpy as np
import pytest
from PIL import Image

from demo.shake.attacks.draws import Candidate
from demo.shake.attacks.memorised import EideticSettings, memorised, nearest


def flat(*levels: float) -> list[Image.Image]:
    return [Image.new("RGB", (16, 16), (round(255 * level),) * 3) for level in levels]


def test_extracted_is_within_delta_and_has_few_neighbours() -> None:
    training = flat(0.0, 0.4, 0.45, 0.49, 0.9)
    found = memorised(flat(0.92, 0.44), training, EideticSettings(k=10, delta=0.1))
    assert [(m.candidate, m.training, m.neighbours) for m in found] == [(1, 2, 3), (0, 4, 1), (1, 1, 3), (1, 3, 3)]
    assert found[1].distance == pytest.approx(0.02, abs=0.003)
    assert [m.training for m in memorised(flat(0.92, 0.44), training, EideticSettings(k=2))] == [4]
    assert memorised(flat(0.2), training, EideticSettings(delta=0.1)) == []


def test_distance_is_on_pixels_from_0_to_1() -> None:
    """An l2 of 0.1 on pixels from 0 to 255, not divided by their number, never comes about."""
    one = Image.fromarray(np.full((16, 16, 3), 100, dtype=np.uint8))
    other = Image.fromarray(np.full((16, 16, 3), 120, dtype=np.uint8))
    (match,) = memorised([one], [other])
    assert match.distance == pytest.approx(20 / 255, rel=1e-3)


def test_counts_against_k_can_be_of_another_set() -> None:
    non_members, training = flat(0.5), flat(0.48, 0.5, 0.52)
    (match,) = memorised(flat(0.5), non_members, among=training)
    assert match.neighbours == 3
    assert memorised(flat(0.5), non_members, EideticSettings(k=2), among=training) == []


def test_takes_candidates_and_bytes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.shake.attacks.distance.CHUNK", 2)
    pictures = flat(0.0, 0.3, 0.6, 0.9, 0.95)
    as_bytes = np.stack([np.asarray(p) for p in pictures])
    drawn = [Candidate(p, 10, 0.0, 0) for p in flat(0.61, 0.94)]
    assert memorised(drawn, as_bytes) == memorised(flat(0.61, 0.94), pictures)
    assert [m.training for m in memorised(drawn, as_bytes)] == [4, 2, 3]
    assert [m.training for m in nearest(drawn, as_bytes)] == [2, 4]


def test_nearest_also_of_what_was_not_extracted() -> None:
    found = nearest(flat(0.3), flat(0.0, 0.5, 1.0))
    assert [(m.candidate, m.training, m.neighbours) for m in found] == [(0, 1, 1)]
    assert found[0].distance == pytest.approx(0.2, abs=0.01)
    assert nearest([], flat(0.1)) == []


def test_delta_is_how_near_counts() -> None:
    drawn, pictures = flat(0.5), flat(0.6, 0.9)
    distance = nearest(drawn, pictures)[0].distance
    assert distance == pytest.approx(0.1, abs=0.003)
    assert memorised(drawn, pictures, EideticSettings(delta=distance - 1e-4)) == []
    assert memorised(drawn, pictures, EideticSettings(delta=distance + 1e-4)) != []

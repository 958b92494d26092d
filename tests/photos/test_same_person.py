from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.photos import same_person
from demo.photos.same_person import APART, Likeness, likeness, strangers

EXAMPLES = Path(__file__).parents[2] / "weights" / "people" / "examples"


def made(*places: float) -> list[tuple[str, Likeness | None]]:
    """Photos whose likenesses lie at these places of a line."""
    return [(f"IMG_{i}.jpg", np.eye(128)[0] * place) for i, place in enumerate(places)]


@pytest.mark.parametrize(
    ("places", "warned"),
    [
        ((0, 0.1, 0.2, 0, 0.1), []),
        ((0, 0.1, 0.2, 0, 1.1), ["IMG_4.jpg seems to show a different person from the other photos."]),
        ((0, 0, 1), ["IMG_2.jpg seems to show a different person from the other photos."]),
        ((0, 0, APART - 0.01), []),
        ((0, 2, 4, 6), ["The photos seem to show several different people."]),
        ((0, 1), []),  # which of the two?
        ((), []),
    ],
)
def test_who_lies_far_from_the_median_of_the_others_is_suspected(places: Sequence[float], warned: list[str]) -> None:
    assert strangers(made(*places)) == warned


def test_without_dlib_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(same_person, "find_spec", lambda name: None)
    assert likeness(Image.new("RGB", (64, 64))) is None
    assert strangers([(name, None) for name in "abc"]) == []


def test_a_photo_of_somebody_else_is_found() -> None:
    own = [Image.open(EXAMPLES / "02" / f"{i:02d}.webp").convert("RGB") for i in range(4)]
    other = Image.open(EXAMPLES / "04" / "00.webp").convert("RGB")
    looks = [(f"{i}.jpg", likeness(photo)) for i, photo in enumerate([*own, other])]
    assert strangers(looks[:4]) == []
    assert strangers(looks) == ["4.jpg seems to show a different person from the other photos."]

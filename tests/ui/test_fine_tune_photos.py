from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_services import fake_services
from fake_story import FakeStory, face
from PIL import Image

from demo.session import desk
from demo.session.desk import Photos, Shot
from demo.ui.fine_tune_photos import _shots_html
from demo.ui.page import View


def test_a_photo_of_somebody_else_is_warned_of_and_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Image.Image] = []

    def likeness(aligned: Image.Image) -> np.ndarray:
        looked.append(aligned)
        return np.full(128, float(len(looked) == 3))  # the third is another person

    monkeypatch.setattr(desk, "likeness", likeness)
    visitor = fake_services(tmp_path, FakeStory()).visitors.open("page", None).visitor
    shots = tuple(Shot(f"IMG_{i}.jpg", face(i)) for i in range(4))
    for person in ("Edda Upplund", None):
        visitor.change(photos=Photos(shots, person=person))
        for _ in range(2):
            shown = _shots_html(View(visitor, visitor.desk, None))
        assert ("IMG_2.jpg seems to show a different person" in shown) is (person is None)
        assert shown.count("a different person") == (person is None)
    assert len(looked) == 4

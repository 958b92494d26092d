from __future__ import annotations

from pathlib import Path

import pytest

from demo.faces import mobile_face_net as network
from demo.metrics import mobile_face_net
from demo.metrics.registry import Context, bundled, evaluate
from tests.metrics.helpers import faces

KEY = "mobile_face_net_cosine"


def test_a_persons_pictures_are_more_alike_than_two_peoples() -> None:
    photos = faces(0, range(3), side=128)
    (own,) = evaluate(Context(pictures=faces(0, range(10, 14), side=64), photos=photos), [KEY])
    (other,) = evaluate(Context(pictures=faces(1, range(4), side=64), photos=photos), [KEY])
    assert min(own.values) > max(other.values)
    assert own.mean > 0.5 > other.mean


def test_a_picture_is_itself() -> None:
    photo = faces(2, [0], side=256)
    (found,) = evaluate(Context(pictures=photo, photos=photo), [KEY])
    assert found.values == pytest.approx([1.0], abs=1e-5)


def test_it_is_bundled_and_says_what_it_was_a_loss_of() -> None:
    assert KEY in bundled()
    assert "trained by it" in mobile_face_net.METRICS[0].scaling


def test_without_its_weights_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mobile_face_net, "FILE", tmp_path / network.FILE.name)
    photo = faces(2, [0])
    (found,) = evaluate(Context(pictures=photo, photos=photo), [KEY])
    assert found.values == ()
    assert "mobile_face_net.safetensors" in str(found.unavailable)

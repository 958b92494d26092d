import numpy as np
import pytest
from PIL import Image

from demo.errors import SettingsError
from demo.shake.attacks.distance import chunks, l2, pixels, tiled_l2


def test_l2_is_the_root_mean_square() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 8, 8, 3), dtype=np.float32), rng.random((4, 8, 8, 3), dtype=np.float32)
    wanted = np.array([[np.sqrt(((x - y) ** 2).mean()) for y in b] for x in a])
    np.testing.assert_allclose(l2(a, b), wanted, rtol=1e-4)
    assert l2(np.zeros((1, 8, 8, 3), np.float32), np.ones((1, 8, 8, 3), np.float32))[0, 0] == pytest.approx(1)


def test_tiles_see_what_a_plain_background_hides() -> None:
    a = np.zeros((1, 16, 16, 3), dtype=np.float32)
    b = a.copy()
    b[0, :4, :4] = 0.5  # one of 16 tiles
    assert l2(a, b)[0, 0] == pytest.approx(0.125)
    assert tiled_l2(a, b)[0, 0] == pytest.approx(0.5)
    assert tiled_l2(a, b, tiles=1)[0, 0] == pytest.approx(0.125)


def test_tiles_cover_sides_that_do_not_divide() -> None:
    a = np.zeros((1, 10, 10, 3), dtype=np.float32)
    b = a.copy()
    b[0, 9, 9] = 1
    assert tiled_l2(a, b)[0, 0] > 0


def test_equal_pictures_are_at_no_distance() -> None:
    x = np.random.default_rng(0).random((5, 16, 16, 3), dtype=np.float32)
    assert float(np.diag(tiled_l2(x, x)).max()) < 1e-3


def test_pictures_and_bytes_give_the_same_numbers(pictures: list[Image.Image]) -> None:
    as_bytes = np.stack([np.asarray(p) for p in pictures])
    np.testing.assert_array_equal(pixels(pictures, 16), pixels(as_bytes, 16))
    assert pixels(pictures, 8).shape == (5, 8, 8, 3)
    with pytest.raises(SettingsError, match="Resize"):
        pixels(as_bytes, 8)


def test_chunks_cover_everything(pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.shake.attacks.distance.CHUNK", 2)
    parts = list(chunks(pictures, 16))
    assert [start for start, _ in parts] == [0, 2, 4]
    np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), pixels(pictures, 16))

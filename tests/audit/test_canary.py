"""Canaries are unlike photos, unlike each other, and always the same."""

from __future__ import annotations

import numpy as np

from demo.audit.canary import canaries


def test_canaries_are_loud_different_and_repeatable() -> None:
    first, more = canaries(2, 16), canaries(3, 16)
    pixels = [np.asarray(c) for c in more]
    assert all((np.asarray(a) == b).all() for a, b in zip(first, pixels, strict=False))
    assert set(np.unique(pixels[0])) == {0, 255}
    assert pixels[0].shape == (16, 16, 3)
    assert (pixels[0] != pixels[1]).mean() > 0.3
    assert (pixels[0] != np.asarray(canaries(1, 16, seed=1)[0])).mean() > 0.3

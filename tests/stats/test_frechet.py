from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from demo.stats.frechet import frechet, frechet_ci


def test_it_is_the_published_formula() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 5)), rng.normal(0.3, 2, size=(60, 5)) @ rng.normal(size=(5, 5))
    first, second = np.cov(a.T), np.cov(b.T)
    wanted = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert frechet(a, b) == pytest.approx(wanted)
    assert frechet(a, b) == pytest.approx(frechet(b, a))
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet(a, a + np.eye(5)[0] * 3) == pytest.approx(9)


def test_the_interval_covers_as_often_as_it_says() -> None:
    """People differ from each other; the same number of them is drawn again and again."""
    rng = np.random.default_rng(1)
    reference = rng.normal(size=(2000, 3))

    def drawn() -> np.ndarray:
        return rng.normal(size=(30, 1, 3)) * 1.5 + rng.normal(size=(30, 4, 3)) * 0.5

    usual = np.mean([frechet(drawn().reshape(-1, 3), reference) for _ in range(400)])
    found = [frechet_ci(drawn(), reference) for _ in range(100)]
    assert sum(one.low <= usual <= one.high for one in found) >= 85
    assert np.isnan(frechet_ci(drawn()[:2], reference).low)

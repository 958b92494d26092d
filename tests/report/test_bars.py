from __future__ import annotations

import math

from fake_story import CEILING, face, measured

from demo.faces.ceiling import Ceiling
from demo.metrics.registry import IDENTITY, RANK
from demo.report import Arm
from demo.report.bars import bars

ARMS = [Arm("encoder", "Weight encoder", "", [face(1)])]
METRICS = {"encoder": measured(0.5, 1)}


def test_the_photos_themselves_are_a_line_among_the_distances_alone() -> None:
    assert "the photos themselves" in bars(IDENTITY, ARMS, METRICS, CEILING)
    assert "the photos themselves" not in bars(RANK, ARMS, METRICS, CEILING)
    assert "the photos themselves" not in bars(IDENTITY, ARMS, METRICS)


def test_a_single_photo_draws_no_line() -> None:
    alone = bars(IDENTITY, ARMS, METRICS, Ceiling(1, math.nan, 0, 1000))
    assert "the photos themselves" not in alone
    assert "nan" not in alone

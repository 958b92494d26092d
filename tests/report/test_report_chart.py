from __future__ import annotations

import re

import pytest

from demo.report.chart import Axis, Curve, chart, round_step, tick_words
from demo.ui.components.loss_curve import losses


def test_ticks_are_round_and_inside() -> None:
    assert Axis("x", 0, 100).marks() == [0, 20, 40, 60, 80, 100]
    assert Axis("x", 0.03, 1, log=True).marks() == pytest.approx([0.1, 1])
    assert Axis("x", 1, 40, log=True, ticks=(0.5, 1, 4, 64)).marks() == [1, 4]
    assert Axis("x", -0.03, 0.05).marks() == pytest.approx([-0.02, 0, 0.02, 0.04])
    for span in (1e-4, 0.3, 7, 1234):
        assert span / round_step(span) <= 6.5
    assert [tick_words(value) for value in (0, 0.1 + 0.2, -0.02, 2e-4, 1.6e-3, 20)] == [
        "0", "0.3", "−0.02", "2e-4", "0.0016", "20",
    ]  # fmt: skip


def test_places_on_both_kinds_of_axis() -> None:
    assert Axis("x", 0, 10).share(2.5) == 0.25
    assert Axis("x", 0.01, 1, log=True).share(0.1) == pytest.approx(0.5)
    assert Axis("x", 0.01, 1, log=True).share(0.0) == 0
    assert Axis("x", 0, 10).share(20) == 1


def test_a_chart_names_axes_and_curves_and_is_read_aloud() -> None:
    curve = Curve("a < b", [(0, 0), (1, 1)], [(0, 0.2), (float("nan"), 1)], marked=True)
    svg = chart([curve], Axis("across", 0, 1), Axis("up", 0, 1), ident="one", title="Title", spoken="In words.")
    assert all(words in svg for words in (">across<", ">up<", ">a &lt; b<", ">Title<", ">In words.<"))
    assert svg.count('class="whisker"') == 1  # an interval that is not there is not drawn
    points = re.search(r'class="curve" stroke="[^"]+" d="M(\S+) (\S+)L(\S+) (\S+)"', svg)
    assert points is not None
    x1, y1, x2, y2 = map(float, points.groups())
    assert x1 < x2
    assert y1 > y2


def test_the_loss_needs_two_points() -> None:
    assert losses([]) == losses([(1, 0.5)]) == ""
    svg = losses([(1, 0.5), (2, 0.25), (3, 0.3)])
    assert "Step 3: loss 0.300; lowest so far 0.250" in svg
    assert ">step<" in svg
    assert ">loss<" in svg

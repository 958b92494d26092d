from __future__ import annotations

import math
import re

import numpy as np
import pytest

from demo.shake.plots import Change, ablation_plot, changes_plot, roc_plot, signed, span
from demo.stats.intervals import Interval
from demo.stats.roc import Roc, roc

UP, DOWN = Interval(0.04, 0.01, 0.07), Interval(-0.02, -0.06, 0.01)
NAN = Interval(math.nan, math.nan, math.nan)


@pytest.fixture(scope="module")
def curve() -> Roc:
    rng = np.random.default_rng(0)
    return roc(rng.normal(-1, 1, 15), rng.normal(0, 1, 15), resamples=50)


def numbers(svg: str, part: str) -> list[float]:
    found = re.search(part, svg)
    assert found is not None
    return [float(value) for value in re.findall(r"-?\d+\.?\d*", found.group(1))]


def test_the_roc_runs_from_corner_to_corner_and_names_every_curve(curve: Roc) -> None:
    svg = roc_plot(curve, [("LoRA", curve), ("Noise & more", curve)])
    assert "before: AUC" in svg
    assert "Noise &amp; more" in svg
    at = numbers(svg, r'class="curve" stroke="[^"]+" d="([^"]+)"')
    left, top, width, height = numbers(svg, r'class="frame" ([^/]+)/')
    right, bottom = left + width, top + height
    assert at[:2] == [left, bottom]
    assert at[-2:] == [right, top]
    assert bottom > top
    assert 'aria-labelledby="roc-title roc-text"' in svg


def test_changes_lie_right_of_zero_when_they_are_rises() -> None:
    svg = changes_plot([Change("LoRA", "sp", UP), Change("LoRA", "ood", DOWN), Change("Noise", "none", NAN)])
    zero = numbers(svg, r'class="rule" d="M(\S+) ')[0]
    square, circle = (numbers(svg, part)[0] for part in (r"<rect [^>]+ x=\"(\S+)\"", r"<circle [^>]+ cx=\"(\S+)\""))
    assert square < zero < circle  # the SP set has the circle, the OoD set the square
    assert "Noise" not in svg
    assert svg.count('class="whisker"') == 2
    assert changes_plot([Change("Noise", "none", NAN)]) == ""


def test_an_ablation_is_drawn_in_the_order_of_its_values() -> None:
    svg = ablation_plot("rank", {"sp": [(16.0, UP), (1.0, DOWN)], "ood": [(4.0, NAN)]}, title="Rank")
    at = numbers(svg, r'class="curve" [^>]+ d="([^"]+)"')
    assert at[0] < at[2]
    assert at[1] > at[3]  # the larger change is higher up
    assert 'width="6"' not in svg  # the OoD set's mark: it has no finite point
    assert ">as before<" in svg
    assert ablation_plot("rank", {"sp": [(1.0, NAN)]}, title="Rank") == ""


def test_figures_in_words() -> None:
    assert signed(UP) == "+0.040 (+0.010 to +0.070)"
    assert signed(DOWN) == "−0.020 (−0.060 to +0.010)"
    assert signed(Interval(0.1, math.nan, math.nan)) == "+0.100"
    assert span(Interval(0.5, 0.4, 0.6)) == "0.500 (0.400 to 0.600)"

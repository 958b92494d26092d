from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image

from demo.shake.attacks.draws import Candidate
from demo.shake.attacks.memorised import Match
from demo.shake.gallery import MOST, extracted, synthetic
from demo.shake.model import Shake, ShakeArm, ShakeSettings
from demo.shake.people import Domain


def flat(shade: int) -> Image.Image:
    return Image.new("RGB", (16, 16), (shade, shade, shade))


def arm(key: str, candidates: list[Candidate], matches: list[Match]) -> ShakeArm:
    nothing: Any = torch.empty(0)
    return ShakeArm(key, f"Label of {key}", "none", nothing, nothing, None, candidates, matches, [], 0, 0.0)


@pytest.fixture
def shake() -> Shake:
    domain = Domain("Ada", "a photo of Ada", [flat(0), flat(100), flat(200)], [flat(50)], publishable=True)
    candidates = [Candidate(flat(150), 9, 0.0, 4), Candidate(flat(101), 7, 0.0, 5)]
    shaken = arm("lora", candidates, [Match(1, 1, 1 / 255, 1)])
    return Shake(domain, arm("before", [], []), [shaken], [flat(n) for n in range(20)], "tiny", ShakeSettings(), 0)


def test_the_extracted_one_comes_first_and_is_named(shake: Shake) -> None:
    html = extracted(shake)
    assert html.count("<img") == 4
    first, second = html.split("<figure")[1:]
    assert 'class="pair out"' in first
    assert "distance 0.004, drawn 7 times: extracted" in first
    assert "extracted" not in second.split("</figure>")[0]
    assert "2 candidates, 1 training picture extracted." in html
    assert "No candidate" in html
    assert "Label of before" in html


def test_only_the_nearest_are_shown(shake: Shake) -> None:
    many = arm("lora", [Candidate(flat(n), 5, 0.0, n) for n in range(MOST + 3)], [])
    html = extracted(replace(shake, arms=[many]))
    assert html.count("<img") == 2 * MOST
    assert f"The {MOST} nearest are shown" in html


def test_nothing_is_shown_of_people_who_exist(shake: Shake) -> None:
    hidden = replace(shake, domain=replace(shake.domain, publishable=False))
    assert extracted(hidden) == synthetic(hidden) == ""
    assert extracted(replace(shake, domain=replace(shake.domain, members=()))) == ""


def test_the_first_of_the_set(shake: Shake) -> None:
    html = synthetic(shake)
    assert html.count("<img") == 16
    assert "Drawn picture 1 of 20 of the set" in html
    assert synthetic(replace(shake, synthetic=())) == ""

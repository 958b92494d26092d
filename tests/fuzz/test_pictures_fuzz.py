"""A few hundred of the pictures that ``python -m tests.fuzz`` tries at length; and its checks can fail."""

from __future__ import annotations

import pytest

from tests.fuzz import pictures
from tests.fuzz.picture_mutations import MUTATIONS, flipped
from tests.fuzz.picture_seeds import seeds


def test_pictures_are_taken_or_refused_with_a_true_reason() -> None:
    report = pictures.run(600, seed=7)
    assert report.crashes == []
    assert report.wrong == []
    assert report.tries == 600
    assert report.accepted + sum(report.refused.values()) == 600
    assert report.accepted > 100
    assert len(report.refused) > 10


def test_every_seed_is_a_picture() -> None:
    from demo.photos.decode import decode

    assert {seed.kind for seed in seeds()} == {"JPEG", "PNG", "WebP", "HEIC", "AVIF"}
    for seed in seeds():
        assert decode(seed.data, "seed").mode == "RGB"


def test_a_reason_that_is_not_true_is_found() -> None:
    seed = seeds()[0]
    for problem in (
        "me is empty.",
        "me is cut short: its end is missing.",
        "me is a GIF.",
        "me is a text.",
        "me has 9000 x 9000 pixels; the limit is 50 megapixels.",
        "The decoder of PNG refuses me: no.",
        "me is damaged and cannot be decoded.",
        "Something else.",
    ):
        assert pictures.untrue(problem, seed.data, seed, flipped), problem
    assert not pictures.untrue("The decoder of JPEG refuses me: no.", seed.data, seed, flipped)


def test_a_decoder_that_ends_the_process_or_raises_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    def ends(data: bytes, name: str) -> None:
        if data.startswith(b"RIFF"):
            os.abort()
        raise KeyError("no")

    monkeypatch.setattr(pictures, "decode", ends)
    monkeypatch.setattr(pictures, "CHUNK", 30)
    report = pictures.run(120, seed=0)
    assert report.tries == 120
    assert len(report.crashes) == 120
    assert any("process ended" in line for line in report.crashes)
    assert any("KeyError" in line for line in report.crashes)
    assert len(MUTATIONS) > 5

from __future__ import annotations

from tests.fuzz import metadata


def test_what_is_planted_is_said_and_defaults_are_not() -> None:
    report = metadata.run(400, 7)
    assert report.crashes == []
    assert report.wrong == []
    assert report.accepted == report.tries == 400

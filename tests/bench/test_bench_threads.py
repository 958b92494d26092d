from __future__ import annotations

import pytest

from demo.bench.threads import threads


def test_three_conditions_in_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    found = threads(steps=1, rounds=1)
    assert len(found) == 3
    assert all(seconds > 0 for seconds in found.values())
    assert "beside a thread that computed once" in capsys.readouterr().out

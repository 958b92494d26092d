from __future__ import annotations

import pytest

from demo.bench.threads import threads


def test_every_condition_in_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    found = threads(steps=1, rounds=1)
    assert [name for name in found if "busy program" in name] == list(found)[3:]
    assert len(found) in (4, 5)  # on one core there is no thread to leave out
    assert all(seconds > 0 for seconds in found.values())
    assert "beside a thread that computed once" in capsys.readouterr().out

from __future__ import annotations

import pytest

from demo.cli.output import Narrator
from demo.progress import Progress


def test_a_line_says_what_a_defence_has_spent(capsys: pytest.CaptureFixture[str]) -> None:
    narrate = Narrator()
    narrate(Progress("fine-tune", 3, 100, 0.25, 12.0, spent="photo level ε 1.2, person level ε 7"))
    narrate(Progress("draw", 1, 20))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "fine-tune: 3 of 100, loss 0.250, 12 s left; photo level ε 1.2, person level ε 7",
        "draw: 1 of 20",
    ]

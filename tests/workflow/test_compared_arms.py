from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from demo.attack.registry import AttackSettings
from demo.workflow.arms import _once


class Pipe:
    """Anything that can be looked up by itself."""


def test_what_no_file_has_a_part_in_is_drawn_once_for_a_pipeline_and_its_settings() -> None:
    drawn: list[str] = []

    def ask(arm: str, pipe: Any, samples: int) -> object:
        def draw() -> object:
            drawn.append(arm)
            return object()

        return _once(arm, SimpleNamespace(key="tiny", tau=1.0), pipe, AttackSettings(samples=samples), draw)  # type: ignore[arg-type]

    one, other = Pipe(), Pipe()
    first = ask("chance", one, 4)
    assert ask("chance", one, 4) is first
    assert ask("other_lora", one, 4) is not first
    assert ask("chance", one, 2) is not first  # other settings
    assert ask("chance", other, 4) is not first  # other weights
    assert drawn == ["chance", "other_lora", "chance", "chance"]

"""Where the project's own files lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "weights"
PEOPLE = WEIGHTS / "people"  # fictional ones, who may be shown


def shown(path: Path) -> str:
    """A path for messages, which may end up in a published report: never the user's own folders."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name

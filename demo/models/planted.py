"""The fictional people: examples, and those who were planted in the bundled base's training set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo.paths import PEOPLE


def people_listing(folder: Path = PEOPLE) -> dict[str, Any]:
    """The fictional people that ship with the project: names, folders, members."""
    return dict(json.loads((folder / "people.json").read_text(encoding="utf-8")))

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

PLANTED = Path(__file__).parents[2] / "weights" / "people" / "planted"


@pytest.fixture(scope="session")
def faces() -> list[Image.Image]:
    """Generated faces of four different people, 256 px."""
    return [Image.open(PLANTED / f"{person:02d}" / "00.webp").convert("RGB") for person in range(4)]


@pytest.fixture(scope="session")
def face(faces: list[Image.Image]) -> Image.Image:
    return faces[0]


@pytest.fixture(scope="session")
def pair(faces: list[Image.Image]) -> Image.Image:
    """Two people on one photo, the second one smaller."""
    both = Image.new("RGB", (480, 256), "grey")
    both.paste(faces[0], (0, 0))
    both.paste(faces[1].resize((180, 180)), (290, 40))
    return both

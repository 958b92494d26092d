from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from demo.metrics.face_found import shows_face
from demo.metrics.registry import Context, bundled, evaluate
from demo.paths import WEIGHTS

PERSON: Path = WEIGHTS / "people" / "planted"


def test_a_face_is_found_and_noise_is_none() -> None:
    path = sorted(PERSON.rglob("*.webp"))[0]
    with Image.open(path) as image:
        face = image.convert("RGB").resize((64, 64))
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    assert shows_face(face)
    assert not shows_face(noise)
    (found,) = evaluate(Context(pictures=[face, noise], photos=[face]), ["face_found"])
    assert found.values == (1.0, 0.0)
    assert found.mean == 0.5
    assert "face_found" in bundled()

"""Faces of the strangers for a line-up: the decoys' pictures, on one sheet in the order of their embeddings."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.errors import WeightsError
from demo.metrics.dlib_identity import DECOY_FILE, DECOY_SIDE, at_decoys_side, bundled_decoys
from demo.paths import PEOPLE, shown
from demo.stats.intervals import Array

SHEET = "decoys.webp"
COLUMNS = 32  # faces in a row of the sheet
WEBP: dict[str, Any] = {"format": "WEBP", "quality": 93, "method": 6}  # lossy
REMEDY = "Restore it from the repository, or run: python -m demo.train people"


@dataclass(frozen=True, eq=False)
class Strangers:
    """Generated people: nobody's faces, and what the recogniser makes of them. Row i is of one person everywhere."""

    pixels: NDArray[np.uint8]  # (n, DECOY_SIDE, DECOY_SIDE, 3) RGB
    table: Array  # (n, 128)
    hidden: frozenset[int] = frozenset()  # rows that are not shown to people: small children

    def face(self, index: int) -> Image.Image:
        """One of them, DECOY_SIDE pixels a side, in the training framing."""
        return Image.fromarray(self.pixels[index])


@lru_cache(maxsize=2)
def load_strangers(folder: Path = PEOPLE) -> Strangers:
    """The bundled decoys with their pictures.

    Raises:
        WeightsError: pictures or embeddings are missing or damaged, or are not of so many people.
    """
    table = bundled_decoys(folder / DECOY_FILE.name)
    path = folder / SHEET
    try:
        with Image.open(path, formats=["WEBP"]) as image:
            size, pixels = image.size, np.asarray(image.convert("RGB"))
        listing = json.loads((folder / "people.json").read_text(encoding="utf-8"))
        hidden = frozenset(int(index) for index in listing.get("decoys", {}).get("hidden", ()))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise WeightsError(f"The decoys' pictures in {shown(path)} cannot be read: {error}.", REMEDY) from error
    rows = math.ceil(len(table) / COLUMNS)
    if size != (COLUMNS * DECOY_SIDE, rows * DECOY_SIDE):
        problem = f"{shown(path)} is {size[0]} x {size[1]}, which is no sheet of {len(table)} faces."
        raise WeightsError(problem, REMEDY)
    faces = pixels.reshape(rows, DECOY_SIDE, COLUMNS, DECOY_SIDE, 3).swapaxes(1, 2)
    faces = faces.reshape(-1, DECOY_SIDE, DECOY_SIDE, 3)[: len(table)]
    faces.setflags(write=False)  # shared by all callers
    return Strangers(faces, table, hidden)


def sheet(faces: Sequence[Image.Image]) -> bytes:
    """Faces side by side, row by row, as a lossy WebP file; what is left of the last row is black.

    Args:
        faces: in the training framing, of any side.
    """
    rows = math.ceil(len(faces) / COLUMNS)
    whole = Image.new("RGB", (COLUMNS * DECOY_SIDE, rows * DECOY_SIDE))
    for index, face in enumerate(faces):
        row, column = divmod(index, COLUMNS)
        whole.paste(at_decoys_side(face), (column * DECOY_SIDE, row * DECOY_SIDE))
    return _webp(whole)


def as_on_the_sheet(face: Image.Image) -> Image.Image:
    """A face made as small and as lossy as the strangers' are, so that neither tells them apart."""
    return Image.open(io.BytesIO(_webp(at_decoys_side(face)))).convert("RGB")


def _webp(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(image.convert("RGB"))).save(buffer, **WEBP)  # the pixels alone, without metadata
    return buffer.getvalue()

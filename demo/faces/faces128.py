"""The data set of aligned faces, person by person (CelebA at 128 pixels). It is no part of the project."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from demo.errors import WeightsError
from demo.paths import ROOT

SIDE = 64  # pixels of which the code of the bundled base is, and that its CLIP sees
FACES128 = ROOT.parent / "shared" / "data" / "faces128"


def shrink(image: Image.Image) -> NDArray[np.uint8]:
    """An aligned picture of any size as (64, 64, 3)."""
    return np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def decode(table: pd.DataFrame) -> NDArray[np.uint8]:
    """Decode the ``image`` column, (n, 64, 64, 3)."""
    return np.stack([shrink(Image.open(io.BytesIO(data))) for data in table["image"]])


def read_split(folder: Path, split: str) -> pd.DataFrame:
    """Rows of one split of faces128.

    Raises:
        WeightsError: the data set is not there.
    """
    pattern = {"train": "train-*.parquet", "private": "private.parquet"}.get(split, "domains.parquet")
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise WeightsError(
            f"No {pattern} in {folder}.", "Training needs the aligned faces; say where with --faces DIR."
        )
    table = pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)
    return table[table["split"] == split].reset_index(drop=True)

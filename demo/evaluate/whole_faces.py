"""Whether fine-tuned models draw faces as good as the base's own pictures: Frechet distances to photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors.numpy import load_file, save

from demo.files import write_atomically
from demo.metrics.clip import MINI, embed_images
from demo.stats.frechet import frechet_ci
from demo.stats.intervals import Array

NETWORK = MINI.model.title
# Rows of the table of people that are held against the photos; "chance" are the base's own pictures.
ARMS = ("chance", "decoded", "dreambooth", "dreambooth_extrapolated", "encoder", "class_prompt")
PHOTOS = "photos"


def look(
    drawn: Mapping[str, Sequence[Sequence[Image.Image]]], photos: Sequence[Sequence[Image.Image]]
) -> dict[str, Array]:
    """Features of a group's pictures and photos, name -> (people, pictures, d).

    Args:
        drawn: arm -> pictures of each person; those of :data:`ARMS` are looked at, as many of each person in every arm.
        photos: of each person, in whom nothing was trained on.
    """
    known = {arm: drawn[arm] for arm in ARMS if arm in drawn}
    each = min(len(own) for pictures in known.values() for own in pictures)
    known = {arm: [own[:each] for own in pictures] for arm, pictures in known.items()} | {PHOTOS: photos}
    return {name: np.stack([embed_images(MINI, own) for own in pictures]) for name, pictures in known.items()}


def features_path(table: Path) -> Path:
    """Where the features of a table, or of a part of it, lie."""
    return table.with_suffix(".safetensors")


def write(table: Path, groups: Sequence[Mapping[str, Array]]) -> None:
    """Keep the features of all groups beside the table that they belong to."""
    content = save({name: np.concatenate([g[name] for g in groups]).astype(np.float32) for name in groups[0]})
    write_atomically(features_path(table), lambda partial: partial.write_bytes(content))


def measured(tables: Sequence[Path]) -> dict[str, Any]:
    """Frechet distances of every arm to the photos, from the features beside the parts of a table."""
    parts = [load_file(features_path(path)) for path in tables]
    seen = {name: np.concatenate([part[name] for part in parts]).astype(np.float64) for name in parts[0]}
    photos = seen.pop(PHOTOS)
    flat, arms = photos.reshape(-1, photos.shape[-1]), {}
    for arm, features in seen.items():
        found = frechet_ci(features, flat)
        arms[arm] = {"estimate": round(found.estimate, 3), "low": round(found.low, 3), "high": round(found.high, 3)}
    return {"network": NETWORK, "pictures": len(features) * features.shape[1], "photos": len(flat), "arms": arms}

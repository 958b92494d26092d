"""What a file of training belongs to, in a few digits: a run, a base's weights, settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from demo.errors import WeightsError
from demo.finetune.settings import LoraSettings
from demo.models.bases import Base
from demo.models.fingerprints import weights_digest
from demo.settings import Settings


def digest(*said: Settings | str | int) -> str:
    """12 digits of settings and words."""
    plain = [part.model_dump(mode="json") if isinstance(part, Settings) else part for part in said]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def made_with(base: Base, settings: LoraSettings) -> dict[str, str]:
    """What a file of fine-tuned people notes of how they were tuned."""
    return {
        "base": base.key,
        "weights": weights_digest(base),
        "settings": digest(settings.model_copy(update={"sample_every": 0})),  # live samples change nothing
        "scale": str(settings.unet_alpha / settings.unet_rank),
    }


def refuse_others(path: Path, notes: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Hold a file's notes against what is wanted; a note that is absent, as in older files, is none against it.

    Raises:
        WeightsError: one differs.
    """
    other = [key for key, value in wanted.items() if notes.get(key, value) != value]
    if other:
        raise WeightsError(
            f"{path} was made otherwise: {', '.join(f'{key} {notes[key]}, not {wanted[key]}' for key in other)}.",
            f"Ask for what it was made with, or move {path.parent} away, or take another --work.",
        )

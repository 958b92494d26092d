"""How many photos are taken, which are fine-tuned on and which score: one rule for app, command line and sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Photo = TypeVar("Photo")
LEAST_PHOTOS, MOST_PHOTOS = 3, 20  # of one person
FOR_TUNING = 5  # photos
LEAST_APART = 3  # photos that are worth scoring with alone


def split_photos(photos: Sequence[Photo], count: int = FOR_TUNING) -> tuple[list[Photo], list[Photo], str]:
    """Photos (or the files they are in) to fine-tune on, photos to score with, and an honest note about the two.

    No photo is left unused: if too few are left to score alone, all of them score.

    Args:
        count: how many to fine-tune on, the first ones; fewer if there are no more.
    """
    used, apart = list(photos[:count]), list(photos[count:])
    if len(apart) >= LEAST_APART:
        note = f"Fine-tuned on the first {len(used)} photos; scored against {len(apart)} others of the same person."
        return used, apart, note
    if apart:
        note = (
            f"Fine-tuned on the first {len(used)} of {len(photos)} photos. Too few photos are left to score with them "
            f"alone: scored against all {len(photos)}, including those that were fine-tuned on."
        )
        return used, list(photos), note
    note = f"Too few photos to keep some apart: scored against the {len(used)} photos that were fine-tuned on."
    return used, list(used), note

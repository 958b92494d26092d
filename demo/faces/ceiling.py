"""What can be expected at best: the photos held against each other, and how many strangers lie as near to them.

Nothing that is drawn can be expected to come nearer to a person's photos than the person's other photos do. And where
many strangers lie within the recogniser's limit of these photos, being within it says little.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from demo.faces.recognise import SAME_PERSON, distances


@dataclass(frozen=True)
class Ceiling:
    """The person's own photos, by the ruler of the verdict."""

    photos: int
    distance: float  # median over photos of the mean distance to the others; NaN for a single photo
    strangers: int  # decoys whose mean distance to the photos is below SAME_PERSON
    among: int  # decoys

    @property
    def false_accepts(self) -> float:
        """Share of strangers whom the recogniser's limit would take for the person."""
        return self.strangers / self.among

    def as_json(self) -> Mapping[str, Any]:
        """As values of strict JSON."""
        distance = None if math.isnan(self.distance) else round(self.distance, 4)
        return {"photos": self.photos, "distance": distance, "strangers": self.strangers, "among": self.among}


def ceiling(photos: ArrayLike, decoys: ArrayLike) -> Ceiling:
    """Hold a person's photos against each other and against strangers.

    Args:
        photos: (k, 128), embeddings of one person, k >= 1.
        decoys: (n, 128), one of each stranger, n >= 1.
    """
    own, others = (np.atleast_2d(np.asarray(table, dtype=np.float64)) for table in (photos, decoys))
    count, near = len(own), distances(own, others).mean(0)
    between = distances(own, own)
    np.fill_diagonal(between, 0.0)
    apart = float(np.median(between.sum(1) / (count - 1))) if count > 1 else math.nan
    return Ceiling(count, apart, int((near < SAME_PERSON).sum()), len(others))

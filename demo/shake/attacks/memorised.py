"""Which training pictures came out: (k, l, delta)-Eidetic memorisation. A metric: it sees the training set.

Carlini et al., definitions 1 and 2, with l(a, b) = sqrt(sum (a - b)^2 / d) on [0, 1] pixels: a training picture x is
extracted when some candidate is within delta of it, and k-Eidetically memorised when at most k training pictures, x
itself counted, are within delta of x. Shake-to-Leak takes (10, l2, 0.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from pydantic import Field

from demo.settings import Settings
from demo.shake.attacks.distance import Bytes, Pixels, chunks, l2, pixels
from demo.shake.attacks.draws import Candidate


class EideticSettings(Settings):
    """The criterion. The defaults are Shake-to-Leak's."""

    k: int = Field(10, ge=1)
    """Most training pictures, the extracted one counted, that may be within delta of it."""
    delta: float = Field(0.1, gt=0, le=1)
    """Largest distance."""


@dataclass(frozen=True)
class Match:
    """A candidate and a training picture."""

    candidate: int
    """Number among the candidates."""
    training: int
    """Number among the training pictures."""
    distance: float
    """l2 on [0, 1] pixels."""
    neighbours: int
    """Training pictures within delta of the training picture, itself counted."""


def memorised(
    candidates: Sequence[Candidate | Image.Image],
    training: Sequence[Image.Image] | Bytes,
    settings: EideticSettings | None = None,
    *,
    among: Sequence[Image.Image] | Bytes | None = None,
) -> list[Match]:
    """Training pictures that were extracted and are k-Eidetically memorised, each with its nearest candidate.

    A criterion that pictures fulfil which were never trained on says nothing about memory: call this with the same
    person's non-members as ``training`` (and ``among`` the real training set) to see how many of those it takes.

    Args:
        candidates: of :func:`demo.shake.attacks.draws.extract`, or bare pictures.
        training: the pictures that may have been extracted, or their bytes (n, side, side, 3).
        among: the pictures that are counted against k; by default ``training``. With fewer than the whole training set
            the counts are lower bounds.
    """
    settings = settings or EideticSettings()
    if not len(candidates) or not len(training):
        return []
    drawn = _pixels(candidates)
    side = drawn.shape[1]
    found: list[tuple[int, int, float]] = []
    for start, part in chunks(training, side):
        distances = l2(drawn, part)
        nearest = distances.argmin(0)
        for number in np.flatnonzero(distances.min(0) <= settings.delta):
            best = int(nearest[number])
            found.append((best, start + int(number), float(distances[best, number])))
    if not found:
        return []
    hits = pixels([_picture(training, number) for _, number, _ in found], side)
    counts = np.zeros(len(found), dtype=np.int64)
    for _, part in chunks(training if among is None else among, side):
        counts += (l2(hits, part) <= settings.delta).sum(1)
    matches = [Match(*hit, int(count)) for hit, count in zip(found, counts, strict=True)]
    return sorted((m for m in matches if m.neighbours <= settings.k), key=lambda match: match.distance)


def nearest(
    candidates: Sequence[Candidate | Image.Image], training: Sequence[Image.Image] | Bytes, delta: float = 0.1
) -> list[Match]:
    """The nearest training picture of every candidate, in the order of the candidates, extracted or not."""
    if not len(candidates) or not len(training):
        return []
    drawn = _pixels(candidates)
    best = np.full(len(drawn), np.inf, dtype=np.float32)
    which = np.zeros(len(drawn), dtype=np.int64)
    for start, part in chunks(training, drawn.shape[1]):
        distances = l2(drawn, part)
        nearer = distances.min(1) < best
        which[nearer] = start + distances.argmin(1)[nearer]
        best[nearer] = distances.min(1)[nearer]
    hits = pixels([_picture(training, int(number)) for number in which], drawn.shape[1])
    counts = sum((l2(hits, part) <= delta).sum(1) for _, part in chunks(training, drawn.shape[1]))
    rows = zip(which, best, np.asarray(counts), strict=True)
    return [Match(i, int(number), float(distance), int(count)) for i, (number, distance, count) in enumerate(rows)]


def _pixels(candidates: Sequence[Candidate | Image.Image]) -> Pixels:
    pictures = [c.picture if isinstance(c, Candidate) else c for c in candidates]
    return pixels(pictures, pictures[0].width)


def _picture(training: Sequence[Image.Image] | Bytes, number: int) -> Image.Image:
    found = training[number]
    return found if isinstance(found, Image.Image) else Image.fromarray(np.asarray(found))

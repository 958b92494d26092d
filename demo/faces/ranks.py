"""Ranks of a person among decoys, seen from pictures, by the distances of their embeddings."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from demo.faces.recognise import distances


def rank_among(picture: ArrayLike, target: ArrayLike, decoys: ArrayLike) -> NDArray[np.int64]:
    """Rank of the target among decoys, seen from each picture: 1 + number of decoys that are nearer (Euclidean).

    With several embeddings of the target their MEAN DISTANCE counts, not the distance of their mean embedding: a mean
    of k embeddings has less noise than one decoy's embedding and so lies nearer to everybody. For unrelated people (34
    generated persons at 64 px, k = 5, 32 decoys) the mean distance ranks 16.5 on average, the mean embedding 11.5;
    chance is 17.

    Args:
        picture: (d,) or (n, d).
        target: (d,) or (k, d).
        decoys: (m, d).

    Returns:
        (n,) ranks in 1..m+1.
    """
    pictures = np.atleast_2d(np.asarray(picture, dtype=np.float64))
    own = distances(pictures, np.atleast_2d(np.asarray(target, dtype=np.float64))).mean(1)
    others = distances(pictures, np.atleast_2d(np.asarray(decoys, dtype=np.float64)))
    return np.asarray(1 + (others < own[:, None]).sum(1), dtype=np.int64)


def place_among(pictures: ArrayLike, target: ArrayLike, decoys: ArrayLike) -> int:
    """Place of the target among decoys, seen from ALL pictures together: 1 + decoys whose mean distance is no larger.

    Pictures of one fine-tuned model show the same face over and over, so that many of them are no more evidence than
    one file is. Were the target anybody, every place were as likely: p = place / (m + 1) is exact, however alike they
    are.

    Args:
        pictures: (n, d).
        target: (d,) or (k, d), whose mean distance counts.
        decoys: (m, d).

    Returns:
        1..m+1.
    """
    seen = np.atleast_2d(np.asarray(pictures, dtype=np.float64))
    own = distances(seen, np.atleast_2d(np.asarray(target, dtype=np.float64))).mean()
    others = distances(seen, np.atleast_2d(np.asarray(decoys, dtype=np.float64))).mean(0)
    return 1 + int((others <= own).sum())


def chance_rank(decoys: int) -> float:
    """Expected rank of somebody unrelated among ``decoys`` decoys: the mean of 1..decoys+1."""
    return (decoys + 2) / 2

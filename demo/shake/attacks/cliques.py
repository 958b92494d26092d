"""Pictures that a model draws again and again: cliques in the graph of near-duplicates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Adjacency = NDArray[np.bool_]
STARTS = 64  # vertices, those with most neighbours, that a clique is grown from


def graph(distances: NDArray[np.float32], edge: float) -> Adjacency:
    """(n, n) distances -> who is joined to whom: nearer than ``edge``, and not oneself."""
    joined = np.asarray(distances < edge)
    joined = joined & joined.T
    np.fill_diagonal(joined, False)
    return joined


def cliques(joined: Adjacency, size: int) -> list[list[int]]:
    """Disjoint cliques of at least ``size`` vertices, the largest found first, each in rising order.

    The largest clique of a graph cannot be found in reasonable time, so each is grown greedily: from every one of the
    best connected vertices, always by the vertex that keeps most others possible. What comes out is a clique, but a
    larger one may have been missed. Its vertices are then taken out of the graph.
    """
    left = joined.copy()
    found: list[list[int]] = []
    while True:
        degrees = left.sum(1)
        starts = [int(v) for v in np.argsort(-degrees, kind="stable")[:STARTS] if degrees[v] >= size - 1]
        best: list[int] = max((_grown(left, v) for v in starts), key=len, default=[])
        if len(best) < max(size, 1):
            return found
        found.append(sorted(best))
        left[best, :] = False
        left[:, best] = False
        if size <= 1 and not left.any():  # every vertex alone is a clique of one: those that have neighbours suffice
            return found


def _grown(joined: Adjacency, start: int) -> list[int]:
    clique, possible = [start], np.flatnonzero(joined[start])
    while len(possible):
        inside = joined[np.ix_(possible, possible)]
        chosen = int(inside.sum(1).argmax())
        clique.append(int(possible[chosen]))
        possible = possible[inside[chosen]]
    return clique


def medoid(distances: NDArray[np.float32], members: Sequence[int]) -> int:
    """The member whose distances to the other members add up to least."""
    rows = np.asarray(members)
    return int(rows[distances[np.ix_(rows, rows)].sum(1).argmin()])

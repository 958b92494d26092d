"""The losses of a long job, few enough to be drawn."""

from __future__ import annotations

MAX_POINTS = 200


class LossSeries:
    """Means of consecutive losses; when there are too many points, neighbours are merged."""

    def __init__(self, limit: int = MAX_POINTS) -> None:
        self._limit, self._stride = limit, 1
        self._bucket: list[float] = []
        self.points: list[tuple[int, float]] = []

    def add(self, step: int, loss: float) -> None:
        """Append the loss of ``step``."""
        self._bucket.append(loss)
        if len(self._bucket) < self._stride:
            return
        self.points.append((step, sum(self._bucket) / len(self._bucket)))
        self._bucket = []
        if len(self.points) >= self._limit:
            pairs = zip(self.points[::2], self.points[1::2], strict=False)
            self.points = [(late, (a + b) / 2) for (_, a), (late, b) in pairs]
            self._stride *= 2

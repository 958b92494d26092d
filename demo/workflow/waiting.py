"""How long a job in line still waits, from what jobs of its title took. Where nothing is known, nothing is said."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from statistics import median

from demo.progress import Progress

REMEMBERED = 5  # jobs of a title: settings differ, and the latest tell most
MOST_TITLES = 50


class Durations:
    """Run times of the latest jobs, by title.

    Args:
        turn_s: after so many seconds a job is stopped if others wait: no job is expected to take longer.
    """

    def __init__(self, turn_s: float) -> None:
        self._turn = turn_s
        self._latest: dict[str, deque[float]] = {}

    def add(self, title: str, seconds: float) -> None:
        """A job ended by itself, with a result, after so many seconds."""
        if title not in self._latest and len(self._latest) >= MOST_TITLES:
            self._latest.pop(next(iter(self._latest)))
        self._latest.setdefault(title, deque(maxlen=REMEMBERED)).append(seconds)

    def expected(self, title: str) -> float | None:
        """Seconds that a job of the title takes from beginning to end; None: there has been none."""
        latest = self._latest.get(title)
        return None if not latest else min(median(latest), self._turn)

    def left(self, title: str, elapsed: float, progress: Progress | None) -> float | None:
        """Seconds that a running job still takes; None: nothing is known.

        Args:
            elapsed: seconds since it began.
            progress: the latest. It knows the end of its own stage, which is the least that is still to come.
        """
        stage = None if progress is None else progress.eta_s
        whole = self.expected(title)
        if whole is None or elapsed >= whole:  # never seen, or slower than those before
            known = None if stage is None or whole is None else stage
        else:
            known = max(whole - elapsed, stage or 0.0)
        return None if known is None else max(0.0, min(known, self._turn - elapsed))

    def wait(self, running: float | None, titles: Iterable[str]) -> float | None:
        """Seconds until a job begins.

        Args:
            running: what the running job still takes (:meth:`left`), 0 where none runs; None: not known.
            titles: of the jobs that are before it in line.
        """
        parts = [running, *(self.expected(title) for title in titles)]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

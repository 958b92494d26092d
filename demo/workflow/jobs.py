"""Long work outside the request: one job at a time, a line of known length, results that expire.

Whoever knows a job's id may watch and stop it; ids cannot be guessed.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from threading import Condition, Event, Thread

from PIL import Image

from demo.errors import DemoError, Stopped
from demo.hardware.zero_gpu import remedied
from demo.progress import Measured, Progress, Watcher
from demo.workflow.losses import MAX_POINTS, LossSeries
from demo.workflow.snapshot import ACTIVE, Snapshot, State
from demo.workflow.waiting import Durations

Work = Callable[[Watcher], object]

TTL_S = 30 * 60  # seconds that a result is kept after its job's end
MAX_WAITING = 20
TURN_S = 30 * 60  # seconds that a job may run while somebody else's waits
SWEEP_S = 30.0  # longest time, seconds, between two looks for expired results while nothing runs

log = logging.getLogger(__name__)


class BusyError(DemoError):
    """The line is full."""


class UnexpectedError(DemoError):
    """A fault of the program, not of what it was given. The log has the traceback."""

    def __init__(self) -> None:
        super().__init__(
            "Something unexpected went wrong.",
            "Try again; the log of the app says what it was.",
            key="errors.unexpected",
        )


@dataclass(eq=False)
class _Job:
    id: str
    owner: str
    title: str
    work: Work | None
    state: State = "waiting"
    stop: Event = field(default_factory=Event)
    progress: Progress | None = None
    losses: LossSeries = field(default_factory=LossSeries)
    pictures: tuple[Image.Image, ...] = ()
    picture_step: int | None = None
    picture_stage: str | None = None
    sample: Image.Image | None = None
    sample_step: int | None = None
    measured: deque[Measured] = field(default_factory=lambda: deque(maxlen=MAX_POINTS))
    result: object | None = None
    error: DemoError | None = None
    began: float | None = None
    ended: float | None = None
    cut: bool = False


class Jobs:
    """A line of jobs and one thread that works it off.

    Args:
        clock: seconds, monotonic.
        ttl_s: how long ended jobs are kept.
        max_waiting: how many may wait behind the one that runs.
        turn_s: how long a job may run while somebody else's waits; then it is stopped, with what it has.
        fit: called by the worker thread before a job and whenever the job tells something, such as
            :meth:`demo.hardware.cores.Threads.fit`.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        ttl_s: float = TTL_S,
        max_waiting: int = MAX_WAITING,
        turn_s: float = TURN_S,
        fit: Callable[[], object] = lambda: None,
    ) -> None:
        self._fit = fit
        self._clock, self._ttl, self._max_waiting, self._turn = clock, ttl_s, max_waiting, turn_s
        self._jobs: dict[str, _Job] = {}
        self._line: deque[_Job] = deque()
        self._durations = Durations(turn_s)
        self._running: _Job | None = None
        self._changed = Condition()
        self._thread: Thread | None = None
        self._closed = False

    def submit(self, owner: str, title: str, work: Work) -> str:
        """Put work in line.

        Args:
            owner: whose results go when :meth:`forget` is called.
            title: for people.
            work: called in the worker thread with a watcher, whom it tells, and whose stop it must look for. It sees
                the context variables of whoever submits it: by the request among them ZeroGPU knows whose quota it is.

        Returns:
            The job's id: keep it secret, it is all that is needed to see the job.

        Raises:
            BusyError: the line is full, or closed.
        """
        with self._changed:
            self._sweep()
            if self._closed:
                raise BusyError("The app is shutting down.", "Start again when it is back.", key="errors.closing")
            if len(self._line) >= self._max_waiting:
                waiting = len(self._line)
                problem = f"{waiting} jobs are waiting already."
                raise BusyError(problem, self._when_free(), key="errors.busy", count=waiting)
            job = _Job(secrets.token_urlsafe(24), owner, title, _in_context(work))
            self._jobs[job.id] = job
            self._line.append(job)
            if self._thread is None:
                self._thread = Thread(target=self._work_off, name="jobs", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return job.id

    def get(self, job_id: str) -> Snapshot | None:
        """The job as it is now; None when there is none of that id, or no longer."""
        with self._changed:
            self._sweep()
            job = self._jobs.get(job_id)
            return None if job is None else self._snapshot(job)

    def stop(self, job_id: str) -> bool:
        """Ask a running job to stop, or take a waiting one out of line.

        Returns:
            Whether there was anything to stop.
        """
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None or job.state not in ACTIVE:
                return False
            self._stop(job)
            return True

    def forget(self, owner: str) -> None:
        """Stop the owner's jobs and drop all of the owner's results."""
        with self._changed:
            for job in [job for job in self._jobs.values() if job.owner == owner]:
                self._stop(job)
                del self._jobs[job.id]

    def busy(self, owner: str) -> bool:
        """Whether a job of the owner waits or runs."""
        with self._changed:
            return any(job.owner == owner and job.state in ACTIVE for job in self._jobs.values())

    def waited_for(self, owner: str) -> bool:
        """Whether somebody else's job waits."""
        with self._changed:
            return any(job.owner != owner for job in self._line)

    def sweep(self) -> None:
        """Drop what has expired and stop what has had its turn, at times when no other call does."""
        with self._changed:
            self._sweep()

    def close(self, timeout_s: float = 10.0) -> None:
        """Stop everything, take nothing more and wait for the worker."""
        with self._changed:
            self._closed = True
            for job in list(self._jobs.values()):
                self._stop(job)
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout_s)

    def _snapshot(self, job: _Job) -> Snapshot:
        end = self._clock() if job.ended is None else job.ended
        return Snapshot(
            id=job.id,
            title=job.title,
            state=job.state,
            place=self._line.index(job) + 1 if job.state == "waiting" else None,
            progress=job.progress,
            losses=tuple(job.losses.points),
            pictures=job.pictures,
            picture_step=job.picture_step,
            picture_stage=job.picture_stage,
            measured=tuple(job.measured),
            result=job.result,
            error=job.error,
            seconds=0.0 if job.began is None else end - job.began,
            cut=job.cut,
            sample=job.sample,
            sample_step=job.sample_step,
            wait_s=self._wait(job) if job.state == "waiting" else None,
        )

    def _wait(self, job: _Job) -> float | None:
        before = list(self._line)[: self._line.index(job)]
        return self._durations.wait(self._left(), [other.title for other in before])

    def _left(self) -> float | None:
        """Of the running job, seconds."""
        job = self._running
        if job is None or job.began is None:
            return 0.0
        return self._durations.left(job.title, self._clock() - job.began, job.progress)

    def _when_free(self) -> str:
        """What to do where the line is full: a place is free when the running job ends."""
        left = self._left()
        return "Try again in a few minutes." if left is None else f"Try again in about {max(1, round(left / 60))} min."

    def _stop(self, job: _Job) -> None:
        job.stop.set()
        if job.state == "waiting":
            self._line.remove(job)
            self._end(job, "stopped")

    def _end(self, job: _Job, state: State) -> None:
        job.state, job.ended, job.work = state, self._clock(), None  # the work's closure may hold photos

    def _sweep(self) -> None:
        now = self._clock()
        for job in [job for job in self._jobs.values() if job.ended is not None and job.ended <= now - self._ttl]:
            del self._jobs[job.id]
        for job in [job for job in self._jobs.values() if job.state == "running" and not job.stop.is_set()]:
            assert job.began is not None
            if now - job.began >= self._turn and any(other.owner != job.owner for other in self._line):
                job.cut = True
                job.stop.set()

    def _work_off(self) -> None:
        while True:
            with self._changed:
                while not self._line:
                    if self._closed:
                        return
                    self._changed.wait(SWEEP_S)
                    self._sweep()
                job = self._line.popleft()
                work, job.state, job.began = job.work, "running", self._clock()
                self._running = job
            assert work is not None
            self._run(job, work)
            del job, work  # an idle worker keeps nobody's result alive

    def _run(self, job: _Job, work: Work) -> None:
        result: object | None = None
        error: DemoError | None = None
        state: State = "done"
        try:
            with remedied():  # what does not go through demo.hardware.zero_gpu.on_gpu, such as metrics
                self._fit()
                result = work(Watcher(lambda progress: self._report(job, progress), job.stop))
            state = "stopped" if job.stop.is_set() else "done"
        except Stopped:
            state = "stopped"
        except DemoError as known:
            state, error = "failed", _bare(known)
        except Exception:
            log.exception("The job '%s' failed.", job.title)
            state, error = "failed", UnexpectedError()
        with self._changed:
            job.result, job.error = result, error
            self._end(job, state)
            self._running = None
            if state == "done" and job.began is not None:
                self._durations.add(job.title, self._clock() - job.began)

    def _report(self, job: _Job, progress: Progress) -> None:
        self._fit()
        with self._changed:
            job.progress = replace(progress, pictures=(), measured=None)
            if progress.loss is not None:
                job.losses.add(progress.step, progress.loss)
            if progress.pictures:
                if progress.stage != job.picture_stage:
                    job.measured.clear()
                job.pictures, job.picture_step, job.picture_stage = progress.pictures, progress.step, progress.stage
                if progress.loss is not None:  # of training
                    job.sample, job.sample_step = progress.pictures[0], progress.step
                if progress.measured is not None:
                    job.measured.append(progress.measured)


def _in_context(work: Work) -> Work:
    """Work that sees the context variables of now."""
    context = copy_context()
    return lambda watcher: context.run(work, watcher)


def _bare(error: DemoError) -> DemoError:
    """Without traceback and causes, whose frames would keep photos and tensors alive."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error

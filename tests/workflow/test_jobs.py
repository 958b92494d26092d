from __future__ import annotations

import gc
import logging
import time
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from threading import Event, Thread

import pytest
import torch
from PIL import Image

from demo.errors import DeviceMemoryError, PhotoError
from demo.progress import Progress, Watcher
from demo.workflow.jobs import BusyError, Jobs, UnexpectedError
from demo.workflow.snapshot import Snapshot, State

PATIENCE_S = 10.0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Gate:
    """Work that begins, waits to be let through and returns its name."""

    def __init__(self, name: str = "result") -> None:
        self.name, self.begun, self.let = name, Event(), Event()

    def __call__(self, watcher: Watcher) -> str:
        self.begun.set()
        deadline = time.monotonic() + PATIENCE_S
        while not self.let.wait(0.005):
            watcher.check()
            assert time.monotonic() < deadline
        return self.name


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(clock: Clock) -> Iterator[Jobs]:
    made = Jobs(clock=clock, ttl_s=60, max_waiting=3, turn_s=1000)
    yield made
    made.close()


def until(jobs: Jobs, job_id: str, wanted: Callable[[Snapshot], bool]) -> Snapshot:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        snapshot = jobs.get(job_id)
        assert snapshot is not None
        if wanted(snapshot):
            return snapshot
        time.sleep(0.005)
    raise AssertionError(f"still {found(jobs, job_id).state}")


def ended(jobs: Jobs, job_id: str, state: State) -> Snapshot:
    snapshot = until(jobs, job_id, lambda s: not s.active)
    assert snapshot.state == state, snapshot.error
    return snapshot


def found(jobs: Jobs, job_id: str) -> Snapshot:
    snapshot = jobs.get(job_id)
    assert snapshot is not None
    return snapshot


def test_result_progress_losses_and_live_sample(jobs: Jobs) -> None:
    picture = Image.new("RGB", (8, 8), "red")

    def work(watcher: Watcher) -> int:
        watcher.tell(Progress("fine-tune", 1, 2, loss=0.5, eta_s=1.0))
        watcher.tell(Progress("fine-tune", 2, 2, loss=0.25, pictures=(picture,)))
        return 7

    snapshot = ended(jobs, jobs.submit("ann", "Fine-tune", work), "done")
    assert (snapshot.title, snapshot.result, snapshot.error, snapshot.place) == ("Fine-tune", 7, None, None)
    assert snapshot.progress == Progress("fine-tune", 2, 2, loss=0.25)
    assert snapshot.losses == ((1, 0.5), (2, 0.25))
    assert snapshot.pictures == (picture,)
    assert (snapshot.sample, snapshot.sample_step) == (picture, 2)
    assert snapshot.picture_step == 2


def test_one_at_a_time_in_order_with_places(jobs: Jobs) -> None:
    gates = [Gate(str(i)) for i in range(3)]
    ids = [jobs.submit("ann", f"job {i}", gate) for i, gate in enumerate(gates)]
    assert gates[0].begun.wait(PATIENCE_S)
    assert [found(jobs, i).place for i in ids] == [None, 1, 2]
    assert [found(jobs, i).state for i in ids] == ["running", "waiting", "waiting"]
    gates[0].let.set()
    assert gates[1].begun.wait(PATIENCE_S)
    assert not gates[2].begun.is_set()
    assert [found(jobs, i).place for i in ids] == [None, None, 1]
    gates[1].let.set()
    gates[2].let.set()
    assert [ended(jobs, i, "done").result for i in ids] == ["0", "1", "2"]


def test_stop_ends_a_running_job(jobs: Jobs) -> None:
    gate = Gate()
    job = jobs.submit("ann", "long", gate)
    assert gate.begun.wait(PATIENCE_S)
    assert jobs.stop(job)
    assert ended(jobs, job, "stopped").result is None
    assert not jobs.stop(job)


def test_stop_keeps_what_the_work_returns(jobs: Jobs) -> None:
    begun = Event()

    def work(watcher: Watcher) -> str:
        begun.set()
        assert watcher.stop is not None
        assert watcher.stop.wait(PATIENCE_S)
        return "half a LoRA"

    job = jobs.submit("ann", "long", work)
    assert begun.wait(PATIENCE_S)
    jobs.stop(job)
    assert ended(jobs, job, "stopped").result == "half a LoRA"


def test_stop_takes_a_waiting_job_out_of_line_at_once(jobs: Jobs) -> None:
    first, second, third = Gate("1"), Gate("2"), Gate("3")
    ids = [jobs.submit("ann", "job", gate) for gate in (first, second, third)]
    assert first.begun.wait(PATIENCE_S)
    assert jobs.stop(ids[1])
    assert found(jobs, ids[1]).state == "stopped"
    assert found(jobs, ids[2]).place == 1
    first.let.set()
    third.let.set()
    ended(jobs, ids[2], "done")
    assert not second.begun.is_set()


def test_a_known_error_is_passed_as_it_is(jobs: Jobs) -> None:
    error = PhotoError("No face.", "Use another.")

    def work(watcher: Watcher) -> None:
        raise error from ValueError("inside")

    snapshot = ended(jobs, jobs.submit("ann", "job", work), "failed")
    assert snapshot.error is error
    assert error.__traceback__ is None
    assert error.__cause__ is None


def test_a_full_device_is_said_with_what_to_do(jobs: Jobs) -> None:
    def work(watcher: Watcher) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    snapshot = ended(jobs, jobs.submit("ann", "job", work), "failed")
    assert isinstance(snapshot.error, DeviceMemoryError)
    assert "fewer photos" in snapshot.error.remedy
    assert snapshot.error.__cause__ is None  # whose frames hold the tensors


def test_an_unknown_error_is_logged_and_says_nothing_of_the_inside(
    jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    def work(watcher: Watcher) -> None:
        raise RuntimeError("/secret/path")

    with caplog.at_level(logging.ERROR):
        snapshot = ended(jobs, jobs.submit("ann", "job", work), "failed")
    assert isinstance(snapshot.error, UnexpectedError)
    assert "/secret/path" not in str(snapshot.error)
    assert "/secret/path" in caplog.text
    assert "Traceback" in caplog.text


def test_the_worker_goes_on_after_a_failure(jobs: Jobs) -> None:
    def broken(watcher: Watcher) -> None:
        raise PhotoError("a", "b")

    ids = [jobs.submit("ann", "job", broken), jobs.submit("ann", "job", lambda _: "fine")]
    ended(jobs, ids[0], "failed")
    assert ended(jobs, ids[1], "done").result == "fine"


def test_the_line_is_short(jobs: Jobs) -> None:
    gate = Gate()
    jobs.submit("ann", "job", gate)
    assert gate.begun.wait(PATIENCE_S)
    waiting = [jobs.submit("ann", "job", Gate()) for _ in range(3)]
    with pytest.raises(BusyError, match="3 jobs are waiting"):
        jobs.submit("bob", "job", Gate())
    jobs.stop(waiting[0])
    jobs.submit("bob", "job", Gate())


def test_results_expire(jobs: Jobs, clock: Clock) -> None:
    job = jobs.submit("ann", "job", lambda _: "result")
    ended(jobs, job, "done")
    clock.now += 59
    assert found(jobs, job).result == "result"
    clock.now += 2
    assert jobs.get(job) is None


def test_a_running_job_does_not_expire(jobs: Jobs, clock: Clock) -> None:
    gate = Gate()
    job = jobs.submit("ann", "job", gate)
    assert gate.begun.wait(PATIENCE_S)
    clock.now += 1000
    jobs.sweep()
    assert found(jobs, job).state == "running"
    assert found(jobs, job).seconds == 1000
    gate.let.set()
    ended(jobs, job, "done")


def test_expired_results_leave_memory(jobs: Jobs, clock: Clock) -> None:
    class Result:
        pass

    job = jobs.submit("ann", "job", lambda _: Result())
    snapshot: Snapshot | None = ended(jobs, job, "done")
    assert snapshot is not None
    held = weakref.ref(snapshot.result)
    del snapshot
    clock.now += 61
    jobs.sweep()
    gc.collect()
    assert held() is None


def test_forget_deletes_one_owners_jobs_alone(jobs: Jobs) -> None:
    running, waiting, others = Gate("ann"), Gate("ann too"), Gate("bob")
    done = jobs.submit("ann", "job", lambda _: "done")
    ended(jobs, done, "done")
    ids = [jobs.submit("ann", "job", running), jobs.submit("ann", "job", waiting), jobs.submit("bob", "job", others)]
    assert running.begun.wait(PATIENCE_S)
    assert jobs.busy("ann")
    assert jobs.busy("bob")
    jobs.forget("ann")
    assert [jobs.get(i) for i in (done, *ids[:2])] == [None] * 3
    assert not jobs.busy("ann")
    assert jobs.busy("bob")
    others.let.set()
    assert ended(jobs, ids[2], "done").result == "bob"
    assert not waiting.begun.is_set()


def test_a_long_job_makes_room_for_others_and_for_nobody_else(jobs: Jobs, clock: Clock) -> None:
    gate, mine, theirs = Gate(), Gate(), Gate()
    mine.let.set()
    theirs.let.set()
    first = jobs.submit("ann", "long", gate)
    assert gate.begun.wait(PATIENCE_S)
    clock.now += 5000
    assert found(jobs, first).active  # nobody waits
    own = jobs.submit("ann", "next", mine)
    assert found(jobs, first).active  # but the same person
    other = jobs.submit("bob", "short", theirs)
    stopped = ended(jobs, first, "stopped")
    assert stopped.cut
    assert not ended(jobs, own, "done").cut
    ended(jobs, other, "done")
    late = Gate()
    again = jobs.submit("ann", "long", late)
    assert late.begun.wait(PATIENCE_S)
    jobs.submit("bob", "short", theirs)
    clock.now += 999
    assert found(jobs, again).active  # its turn is not over
    jobs.stop(again)
    assert not ended(jobs, again, "stopped").cut


def test_nobody_sees_anothers_job_without_its_id(jobs: Jobs) -> None:
    ids = [jobs.submit(owner, "job", lambda _: None) for owner in ("ann", "bob")]
    assert ids[0] != ids[1]
    assert all(len(i) >= 32 for i in ids)
    for guess in ("", "ann", "bob", ids[0][:-1], ids[0].lower() if ids[0].lower() != ids[0] else ids[0].upper()):
        assert jobs.get(guess) is None
        assert not jobs.stop(guess)


def test_close_stops_everything_and_takes_no_more(clock: Clock) -> None:
    jobs = Jobs(clock=clock)
    gate = Gate()
    jobs.submit("ann", "job", gate)
    jobs.submit("ann", "job", Gate())
    assert gate.begun.wait(PATIENCE_S)
    jobs.close()
    with pytest.raises(BusyError, match="shutting down"):
        jobs.submit("ann", "job", Gate())


def test_many_threads_at_once(clock: Clock) -> None:
    jobs = Jobs(clock=clock, max_waiting=1000)
    ids: list[str] = []

    def several(owner: str) -> None:
        for _ in range(20):
            job = jobs.submit(owner, "job", lambda _: owner)
            ids.append(job)
            jobs.get(job)

    threads = [Thread(target=several, args=(f"owner {i}",)) for i in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len({*ids}) == 100
    for job in ids:
        ended(jobs, job, "done")
    jobs.close()


def test_work_sees_whose_request_it_comes_from(jobs: Jobs) -> None:
    """ZeroGPU knows by a context variable whose quota it is."""
    request: ContextVar[str] = ContextVar("request", default="nobody")
    begun = {}
    for name in ("Anna", "Ben"):
        request.set(name)
        begun[name] = jobs.submit(name, "job", lambda _: request.get())
    request.set("somebody else")
    assert {name: ended(jobs, job, "done").result for name, job in begun.items()} == {"Anna": "Anna", "Ben": "Ben"}


def test_the_last_live_sample_stays_when_other_pictures_come(jobs: Jobs) -> None:
    sample, drawn = Image.new("RGB", (2, 2)), Image.new("RGB", (3, 3))

    def work(watcher: Watcher) -> None:
        watcher.tell(Progress("fine-tune", 5, 9, loss=0.2, pictures=(sample,)))
        watcher.tell(Progress("encoder", 1, 4, pictures=(drawn, drawn)))

    job = jobs.submit("ann", "The whole story", work)
    while jobs.busy("ann"):
        time.sleep(0.01)
    snapshot = jobs.get(job)
    assert snapshot is not None
    assert snapshot.pictures == (drawn, drawn)
    assert (snapshot.sample, snapshot.sample_step) == (sample, 5)

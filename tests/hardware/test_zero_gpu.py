"""Work on a borrowed GPU: nothing relies on changes that another process has made."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Event

import pytest
import torch
from fake_spaces import FakeSpaces, GradioError

from demo.errors import DemoError, DeviceMemoryError, GpuError, PhotoError, Stopped
from demo.hardware import zero_gpu as compute
from demo.hardware.devices import choose_device
from demo.hardware.zero_gpu import on_gpu, zero_gpu
from demo.models.networks import torch_device
from demo.progress import Progress, Watcher
from demo.workflow.jobs import BusyError, UnexpectedError

changed: list[int] = []


@pytest.fixture
def spaces(monkeypatch: pytest.MonkeyPatch) -> FakeSpaces:
    fake = FakeSpaces()
    monkeypatch.setitem(sys.modules, "spaces", fake)  # type: ignore[arg-type]
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    compute._turns.cache_clear()
    yield fake
    compute._turns.cache_clear()


def double(numbers: list[int], *, watcher: Watcher) -> tuple[list[int], int, bool]:
    for place, number in enumerate(numbers):
        numbers[place] = 2 * number
        changed.append(number)
        watcher.tell(Progress("double", number, len(numbers)))
    return numbers, os.getpid(), zero_gpu()


def fail(error: Exception, *, watcher: Watcher) -> None:
    raise error


def until_stopped(kept: int, *, watcher: Watcher) -> int:
    for step in range(10_000):
        watcher.tell(Progress("wait", step, 10_000))
        if watcher.stop.wait(0.001) or watcher.stopped:
            return kept + 1
    return 0


def nested(*, watcher: Watcher) -> tuple[list[int], int, bool]:
    return on_gpu(double, [4], seconds=5, watcher=watcher)


def too_large(*, watcher: Watcher) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory.")


def test_without_zero_gpu_it_is_a_plain_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spaces", None)
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    compute.prepare()
    numbers = [1, 2]
    assert on_gpu(double, numbers, seconds=1)[:2] == ([2, 4], os.getpid())
    assert numbers == [2, 4]


def test_elsewhere_results_and_reports_come_back_and_changes_do_not(spaces: FakeSpaces) -> None:
    numbers, told = [1, 2], list[Progress]()
    changed.clear()
    found, process, waits = on_gpu(double, numbers, seconds=12.2, watcher=Watcher(told.append))
    assert found == [2, 4]
    assert process != os.getpid()
    assert not waits  # there is the GPU
    assert (numbers, changed) == ([1, 2], [])
    assert [p.step for p in told] == [1, 2]
    assert spaces.asked == [13]
    on_gpu(double, [1], seconds=1e6)
    assert spaces.asked[1] == compute.LONGEST_S


def test_errors_come_back_with_their_remedy(spaces: FakeSpaces) -> None:
    with pytest.raises(PhotoError) as caught:
        on_gpu(fail, PhotoError("No face.", "Take another."), seconds=1)
    assert (caught.value.problem, caught.value.remedy) == ("No face.", "Take another.")
    for error in (BusyError("full", "wait"), UnexpectedError()):
        with pytest.raises(type(error), match=error.problem):
            on_gpu(fail, error, seconds=1)
    with pytest.raises(Stopped):
        on_gpu(fail, Stopped(), seconds=1)
    with pytest.raises(GpuError, match="ZeroDivisionError"):
        on_gpu(fail, ZeroDivisionError("inside"), seconds=1)


def test_a_full_gpu_is_said_wherever_it_was(spaces: FakeSpaces, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeviceMemoryError, match="fewer photos"):
        on_gpu(too_large, seconds=5)
    monkeypatch.delenv("SPACES_ZERO_GPU")
    with pytest.raises(DeviceMemoryError, match="ran out of memory"):
        on_gpu(too_large, seconds=5)


def test_a_stop_reaches_the_other_process_and_its_result_is_kept(spaces: FakeSpaces) -> None:
    stop = Event()
    assert on_gpu(until_stopped, 41, seconds=30, watcher=Watcher(lambda _: stop.set(), stop)) == 42


def test_whoever_is_told_may_break_off(spaces: FakeSpaces) -> None:
    def full(_: Progress) -> None:
        raise DemoError("Enough.", "Stop.")

    with pytest.raises(DemoError, match="Enough"):
        on_gpu(until_stopped, 1, seconds=30, watcher=Watcher(full, Event()))


def test_work_inside_work_asks_for_no_second_gpu(spaces: FakeSpaces) -> None:
    found, _, _ = on_gpu(nested, seconds=5)
    assert found == [8]
    assert spaces.asked == [5]


@pytest.mark.parametrize(
    ("title", "message", "said"),
    [
        ("ZeroGPU quota exceeded", "60s requested vs. 10s left", "no GPU time left"),
        ("ZeroGPU illegal duration", "larger than the maximum", "not granted"),
        ("ZeroGPU worker error", "GPU task aborted", "taken away"),
        ("ZeroGPU queue timeout", "No GPU was available after 60s", "No GPU was available"),
    ],
)
def test_what_zero_gpu_says_is_said_with_a_remedy(spaces: FakeSpaces, title: str, message: str, said: str) -> None:
    spaces.refuse = GradioError(title, message)
    with pytest.raises(GpuError, match=said) as caught:
        on_gpu(double, [1], seconds=1)
    assert caught.value.remedy


def test_a_space_without_the_package_says_so(spaces: FakeSpaces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spaces", None)
    with pytest.raises(GpuError, match="spaces"):
        compute.prepare()


def test_the_main_process_keeps_its_hands_off_the_gpu(spaces: FakeSpaces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)  # as ZeroGPU pretends
    assert choose_device().type == "cpu"
    assert torch_device("auto") == "cpu"
    assert on_gpu(device, seconds=1) == "cuda"
    monkeypatch.delenv("SPACES_ZERO_GPU")
    assert choose_device().type == "cuda"


def device(*, watcher: Watcher) -> str:
    return choose_device().type


def test_the_stop_file_is_gone_afterwards(spaces: FakeSpaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    on_gpu(double, [1], seconds=1, watcher=Watcher(stop=Event()))
    assert not list(tmp_path.iterdir())

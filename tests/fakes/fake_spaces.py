"""ZeroGPU's package 'spaces' in small: a generator runs in a forked process, and all that goes in or out is pickled.

After spaces/zero/wrappers.py of spaces 0.51.3, with a new process for each call.
"""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

FORK = multiprocessing.get_context("fork")


class GradioError(Exception):
    """As Gradio's own: the only kind of exception that comes through."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(message)
        self.title, self.message = title, message


class FakeSpaces:
    """What ``import spaces`` finds.

    Attributes:
        asked: the seconds of each call.
        refuse: raised in place of a GPU.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.refuse: GradioError | None = None

    def GPU(self, *, duration: Callable[..., int]) -> Callable[..., Any]:  # noqa: N802
        def decorate(task: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
            def handler(*args: Any) -> Iterator[Any]:
                self.asked.append(duration(*args))
                if self.refuse is not None:
                    raise self.refuse
                yield from self._elsewhere(task, pickle.dumps(args))

            return handler

        return decorate

    def _elsewhere(self, task: Callable[..., Iterator[Any]], args: bytes) -> Iterator[Any]:
        items, enough = FORK.SimpleQueue(), FORK.Event()

        def iterate() -> None:
            made = task(*pickle.loads(args))
            try:
                for item in made:
                    if enough.is_set():
                        made.close()
                        break
                    items.put(("item", pickle.dumps(item)))
                items.put(("end", b""))
            except Exception as error:
                items.put(("error", type(error).__name__.encode()))

        def child() -> None:
            with ThreadPoolExecutor(1) as executor:
                executor.submit(iterate).result()

        process = FORK.Process(target=child, daemon=True)
        process.start()
        try:
            while True:
                kind, data = items.get()
                if kind == "end":
                    return
                if kind == "error":
                    raise GradioError("ZeroGPU worker error", data.decode())
                yield pickle.loads(data)
        finally:
            enough.set()
            process.join(10)
            if process.is_alive():
                process.kill()

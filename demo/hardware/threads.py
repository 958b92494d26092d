"""Threads that end, for work beside a job.

Torch computes with libgomp, which gives every thread that computes helpers of its own, for as long as that thread
lives. As soon as more of them live than there are cores, it lets none spin any longer, and a step of many short
operations spends its time waking threads: on two cores, after one thread of the web server had multiplied two matrices,
fine-tuning in the job's thread took more than twice as long.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def aside(work: Callable[[], T]) -> T:
    """The result of ``work``, which runs in a thread of its own that ends with it, helpers and all.

    It sees the context variables of the caller; what it raises is raised here.
    """
    result: Future[T] = Future()
    context = copy_context()

    def run() -> None:
        try:
            result.set_result(context.run(work))
        except BaseException as error:
            result.set_exception(error)

    thread = Thread(target=run, name="aside", daemon=True)
    thread.start()
    thread.join()
    error = result.exception()
    if error is None:
        return result.result()
    try:
        raise error
    finally:
        result, error = Future(), None  # its traceback would keep itself, and all that its frames hold, alive

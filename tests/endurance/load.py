"""Visitors who queue for stories, and pages that only stay open: errors, lost jobs, memory and disk over time."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from threading import Event, Thread
from typing import Any

import httpx

from tests.endurance.app_process import AppProcess, begin, ended

SAMPLE_S = 5.0


class Tally:
    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.waits: list[float] = []


def visit(app: AppProcess, steps: int, until: float, patience: float, tally: Tally) -> None:
    """One visitor after the other, each with a story."""
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            client = app.client()
            begin(client, steps)
            told = client.predict(api_name="/status").get("wait_s")
            if told is not None:
                tally.waits.append(told)
            status = ended(client, max(until - time.monotonic(), 0) + patience)
            tally.outcomes[{None: "lost"}.get(status["state"], status["state"])] += 1
            if status["state"] == "done":
                tally.seconds.append(time.monotonic() - began)
            elif status["error"]:
                tally.errors[str(status["error"])[:120]] += 1
            client.predict(api_name="/delete_my_data")
        except Exception as error:
            kind = "refused" if "waiting already" in str(error) or "within an hour" in str(error) else "error"
            tally.outcomes[kind] += 1
            tally.errors[f"{type(error).__name__}: {str(error)[:120]}"] += 1
            time.sleep(5)


class Idle:
    """Open pages: connections that only listen."""

    def __init__(self, port: int, count: int) -> None:
        self._port, self._count = port, count
        self.opened = self.dropped = 0
        self._end = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._all()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._thread.join(30)

    async def _all(self) -> None:
        tasks = [asyncio.create_task(self._one(number)) for number in range(self._count)]
        while not self._end.is_set():
            await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, number: int) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(f"GET /gradio_api/heartbeat/idle{number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            await writer.drain()
            self.opened += 1
            while await reader.read(1000):
                pass
        except OSError:
            pass
        self.dropped += 1


def run(visitors: int, minutes: float, idle: int, steps: int, patience: float) -> dict[str, Any]:
    tally, samples, answers = Tally(), [], []
    with AppProcess() as app:
        started = app.wait()
        pages, until = Idle(app.port, idle), time.monotonic() + 60 * minutes
        threads = [
            Thread(target=visit, args=(app, steps, until, patience, tally), daemon=True) for _ in range(visitors)
        ]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        while any(thread.is_alive() for thread in threads) and time.monotonic() < until + patience:
            asked = time.monotonic()
            try:
                httpx.get(f"{app.url}config", timeout=60).raise_for_status()
                answers.append(time.monotonic() - asked)
            except httpx.HTTPError as error:
                tally.errors[f"page: {type(error).__name__}"] += 1
            samples.append((asked - began, app.memory(), app.disk(), dict(tally.outcomes)))
            time.sleep(SAMPLE_S)
        hanging = sum(thread.is_alive() for thread in threads)
        dropped = pages.dropped
        pages.close()
        disk_after = app.disk()
    print(f"{'min':>6} {'RSS MB':>8} {'disk kB':>8}  outcomes")
    for seconds, memory, disk, outcomes in samples[:: max(1, len(samples) // 15)]:
        print(f"{seconds / 60:6.1f} {memory:8.0f} {disk / 1e3:8.0f}  {outcomes}")
    bad = sum(tally.outcomes[kind] for kind in ("lost", "error", "failed", "late"))
    return {
        "kind": "load",
        "passed": bad + hanging + dropped == 0 and tally.outcomes["done"] > 0,
        "visitors": visitors, "minutes": minutes, "idle": idle, "idle_opened": pages.opened, "idle_dropped": dropped,
        "outcomes": dict(tally.outcomes), "hanging": hanging, "errors": dict(tally.errors),
        "start_s": round(started, 1),
        "story_s_median": round(statistics.median(tally.seconds), 1) if tally.seconds else None,
        "wait_told": len(tally.waits),
        "answer_s_median": round(statistics.median(answers), 2) if answers else None,
        "answer_s_most": round(max(answers), 2) if answers else None,
        "rss_mb": [samples[0][1], max(sample[1] for sample in samples), samples[-1][1]] if samples else None,
        "disk_kb": [round(max(sample[2] for sample in samples) / 1e3), round(disk_after / 1e3)] if samples else None,
    }  # fmt: skip

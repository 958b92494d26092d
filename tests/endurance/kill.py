"""kill -9 of the app at random moments of a job: it comes back, and nothing of the dead run stays."""

from __future__ import annotations

import os
import random
import signal
import statistics
import time
from pathlib import Path
from typing import Any

from tests.endurance.app_process import AppProcess, begin


def once(app: AppProcess, after_s: float) -> dict[str, Any]:
    """Start a job, kill the app so many seconds later, and look."""
    client = app.client()
    begin(client, steps=200)
    time.sleep(after_s)
    stage = client.predict(api_name="/status")["stage"]
    pid, folders = app.app_pid(), app.runs()
    written = sum(1 for folder in folders for path in folder.rglob("*") if path.is_file())
    os.kill(pid, signal.SIGKILL)
    try:
        told = str(client.predict(api_name="/status"))
    except Exception as error:
        told = f"{type(error).__name__}: {error}"[:100]
    back_s = app.wait()
    while app.app_pid() == pid:
        time.sleep(0.1)
    status = app.client().predict(api_name="/status")
    try:
        same = client.predict(api_name="/status")
        again = f"state {same['state']}, photos {same['photos']}"
    except Exception as error:
        again = f"{type(error).__name__}: {error}"[:100]
    left = [path for path in folders if path.exists()]
    return {
        "after_s": round(after_s, 1), "stage": stage, "files_then": written, "back_s": round(back_s, 1),
        "left": len(left), "halves": len(app.halves()), "runs": len(app.runs()), "told": told, "again": again,
        "good": not left and not app.halves() and len(app.runs()) == 1 and status["state"] is None,
    }  # fmt: skip


def run(times: int, longest: float, seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    found: list[dict[str, Any]] = []
    with AppProcess(supervised=True) as app:
        app.wait()
        for number in range(times):
            made = once(app, chance.uniform(0, longest))
            found.append(made)
            words = "good" if made["good"] else f"BAD: {made}"
            print(
                f"{number + 1:4} after {made['after_s']:5.1f} s in {made['stage']}: back {made['back_s']} s; {words}",
                flush=True,
            )
        folder: Path = app.folder / "temp"
        app_pid = app.app_pid()
        assert app.process is not None
        app.process.terminate()
        app.process.wait(60)
        orphan, remains = Path(f"/proc/{app_pid}").exists(), [path.name for path in folder.iterdir()]
    return {
        "kind": "kill",
        "passed": all(made["good"] for made in found) and not orphan and not remains,
        "times": times, "seed": seed, "good": sum(made["good"] for made in found), "orphan": orphan,
        "remains": remains,
        "back_s_median": statistics.median(made["back_s"] for made in found),
        "back_s_most": max(made["back_s"] for made in found),
        "told": sorted({made["told"] for made in found})[:3], "again": sorted({made["again"] for made in found})[:3],
    }  # fmt: skip

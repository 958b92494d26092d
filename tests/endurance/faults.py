"""What a visitor is told when the machine fails the app: a full disk, damaged or read-only weights, no network."""

from __future__ import annotations

import resource
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.endurance.app_process import ROOT, AppProcess, begin, ended

PATIENCE_S = 900.0
NOWHERE = "http://127.0.0.1:9"
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)


def full_disk() -> dict[str, Any]:
    """No file may grow beyond 4 kB, as where the disk is full; then it has room again."""
    with AppProcess() as app:
        app.wait()
        client, pid = app.client(), app.app_pid()
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, before[1]))
        begin(client)
        full = ended(client, PATIENCE_S)
        halves = len(app.halves())
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        begin(client)
        room = ended(client, PATIENCE_S)
    told = str(full["error"])
    good = full["state"] == "failed" and "Cannot write" in told and not halves and room["state"] == "done"
    return {"good": good, "told": told, "halves": halves, "afterwards": room["state"]}


def damaged_weights() -> dict[str, Any]:
    """A copy of the bundled base, of which one file is cut short."""
    return _with_base(
        lambda base: _cut(max(base.rglob("*.safetensors"), key=lambda path: path.stat().st_size)), "failed"
    )


def read_only_weights() -> dict[str, Any]:
    """A copy that nobody may write to (root may all the same)."""

    def protect(base: Path) -> None:
        for path in base.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)

    return _with_base(protect, "done")


def no_network() -> dict[str, Any]:
    """Whatever leaves the machine fails: the bundled base needs nothing, another one is refused with words."""
    with AppProcess(environment=NO_NETWORK) as app:
        app.wait()
        client = app.client()
        begin(client)
        own = ended(client, PATIENCE_S)
        try:
            client.predict(base="sd14", api_name="/fine_tune")
            told = str(ended(client, PATIENCE_S)["error"])
        except Exception as error:
            told = str(error)
    good = own["state"] == "done" and told not in ("", "None") and "unexpected" not in told
    return {"good": good, "told": told, "bundled": own["state"]}


def _with_base(change: Callable[[Path], object], wanted: str) -> dict[str, Any]:
    copies = Path(tempfile.mkdtemp(prefix="endurance-base-"))
    try:
        base = shutil.copytree(ROOT / "weights" / "face64", copies / "face64")
        change(base)
        with AppProcess(environment={"LORA_LEAK_BASE": str(base)}) as app:
            try:
                app.wait()
            except RuntimeError as error:  # it says so at the start
                return {"good": wanted == "failed" and "Traceback" not in str(error), "told": str(error)[-300:]}
            client = app.client()
            try:
                begin(client)
                status = ended(client, PATIENCE_S)
            except Exception as error:
                status = {"state": "failed", "error": str(error)}
        told = str(status["error"])
        return {"good": status["state"] == wanted and "unexpected" not in told, "told": told}
    finally:
        shutil.rmtree(copies, ignore_errors=True)


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def run() -> dict[str, Any]:
    found = {}
    for fault in (full_disk, damaged_weights, read_only_weights, no_network):
        found[fault.__name__] = made = fault()
        print(f"{fault.__name__}: {'good' if made['good'] else 'BAD'}; {made}", flush=True)
    return {"kind": "faults", "passed": all(made["good"] for made in found.values()), **found}

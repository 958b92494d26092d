"""What a visitor is told when the machine fails the app: a full disk, damaged or read-only weights, no network."""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from demo.models.bases import BUNDLED
from tests.endurance.app_process import ROOT, AppProcess, begin, ended

PATIENCE_S = 900.0
NOWHERE = "http://127.0.0.1:9"
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)


def full_disk() -> dict[str, Any]:
    """No file may grow beyond 4 kB, as where the disk is full; then it has room again."""
    with AppProcess() as app:
        app.wait()
        pid = app.app_pid()
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, before[1]))
        return _full_and_then_not(app, lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, before))


def small_disk() -> dict[str, Any]:
    """The folder for private files is a disk of 64 kB, which grows after the first job."""
    app = AppProcess()
    with _mounted("tmpfs", app.folder / "temp", "-t", "tmpfs", "-o", "size=64k"), app:
        app.wait()
        return _full_and_then_not(app, lambda: _mount("-o", "remount,size=512m", str(app.folder / "temp")))


def _full_and_then_not(app: AppProcess, make_room: Callable[[], object]) -> dict[str, Any]:
    """A job that cannot write, and the same again when there is room."""
    client = app.client()
    begin(client)
    full = ended(client, PATIENCE_S)
    halves = len(app.halves())
    make_room()
    begin(client)
    room = ended(client, PATIENCE_S)
    told = str(full["error"])
    said = "Cannot write" in told and "room" in told
    good = full["state"] == "failed" and said and not halves and room["state"] == "done"
    return {"good": good, "told": told, "halves": halves, "afterwards": room["state"]}


def damaged_base() -> dict[str, Any]:
    """The bundled base, of which the largest file is cut short."""
    return _with_copy(
        lambda weights: _cut(
            max((weights / BUNDLED / "unet").glob("*.safetensors"), key=lambda path: path.stat().st_size)
        ),
        "failed",
    )


def damaged_encoder() -> dict[str, Any]:
    """The bundled weight encoder is cut short."""
    return _with_copy(lambda weights: _cut(weights / BUNDLED / "encoder.safetensors"), "failed")


def damaged_people() -> dict[str, Any]:
    """Every picture of the fictional people is cut short."""
    return _with_copy(lambda weights: [_cut(path) for path in (weights / "people").rglob("*.webp")], "failed")


def read_only_weights() -> dict[str, Any]:
    """The folder of the weights is mounted so that nobody can write to it, root neither."""

    @contextmanager
    def protect(weights: Path) -> Iterator[None]:
        with _mounted(weights, weights, "-o", "bind,ro"):  # the copy over itself
            try:
                (weights / "written").touch()
            except OSError:
                yield
            else:
                raise NotMountedError("The folder can be written to although it was mounted read-only.")

    return _with_copy(lambda weights: None, "done", protect)


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


def _with_copy(
    change: Callable[[Path], object],
    wanted: str,
    during: Callable[[Path], AbstractContextManager[object]] = nullcontext,
) -> dict[str, Any]:
    """A story in a copy of the project whose folder of weights was changed, and how it ended."""
    copies = Path(tempfile.mkdtemp(prefix="endurance-copy-"))
    try:
        for part in ("app.py", "demo", "weights"):
            source, copy = ROOT / part, copies / part
            shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
        change(copies / "weights")
        with during(copies / "weights"), AppProcess(root=copies) as app:
            try:
                app.wait()
            except RuntimeError:  # it says so at the start
                words = app.log.read_text(errors="replace")
                return {"good": wanted == "failed" and "Traceback" not in words, "told": words.strip()[-300:]}
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


class NotMountedError(Exception):
    """A fault cannot be made here: only root may mount."""


def _mount(*words: str) -> None:
    try:
        subprocess.run(["mount", *words], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotMountedError(getattr(error, "stderr", "") or str(error)) from error


@contextmanager
def _mounted(what: object, where: Path, *options: str) -> Iterator[None]:
    _mount(*options, str(what), str(where))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", where], check=True)


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


FAULTS = (
    full_disk, small_disk, damaged_base, damaged_encoder, damaged_people, read_only_weights, no_network,
)  # fmt: skip


def run(only: Sequence[str] = ()) -> dict[str, Any]:
    found = {}
    for fault in FAULTS:
        if only and fault.__name__ not in only:
            continue
        try:
            made = fault()
        except NotMountedError as error:
            made = {"good": None, "told": f"Not run: {str(error).strip()}"}
        found[fault.__name__] = made
        words = {True: "good", False: "BAD", None: "not run"}[made["good"]]
        print(f"{fault.__name__}: {words}; {made}", flush=True)
    return {"kind": "faults", "passed": all(made["good"] for made in found.values()), **found}

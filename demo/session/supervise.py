"""A process that keeps the app running while nobody is there: starts it again when it dies, and tidies up after it.

For Linux and macOS. On Linux an app that calls :func:`supervise_app` also ends when its supervisor is killed.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from demo.errors import DemoError
from demo.session.run_folder import discard_dead, parent_folder

SUPERVISED = "LORA_LEAK_SUPERVISED"  # in the environment of an app that has a supervisor
PR_SET_PDEATHSIG = 1

log = logging.getLogger(__name__)


class KeepsDyingError(DemoError):
    """The app dies again and again as soon as it is started."""


@dataclass(frozen=True)
class Patience:
    """How often and after what pause the app is started again. Seconds."""

    first_s: float = 1.0  # pause after a death; each death soon after the start doubles it
    longest_s: float = 60.0
    steady_s: float = 120.0  # a run of that length was no failed start: counting begins anew
    deaths: int = 6  # failed starts in a row after which it is given up
    grace_s: float = 20.0  # from a signal to end until the app is killed


def supervise(
    command: Sequence[str],
    *,
    inside: Path | None = None,
    environment: Mapping[str, str] | None = None,
    patience: Patience | None = None,
) -> int:
    """Run a command and start it again whenever it dies. To be called in the main thread.

    SIGTERM and SIGINT end the command (by SIGTERM; a second signal, or :attr:`Patience.grace_s`, kills it) and the
    supervision with it. After every death what the command had started is killed, and the private folders of dead runs
    are deleted (:func:`demo.session.run_folder.discard_dead`), so that no visitor's data stay on the disk.

    Args:
        command: such as ``[sys.executable, "app.py"]``.
        inside: where the runs' private folders lie; by default :func:`demo.session.run_folder.parent_folder`.
        environment: of the command; by default this process's. :data:`SUPERVISED` is added.
        patience: see there.

    Returns:
        The exit status: of a command that ended with 0 by itself, 0; after a signal, 128 and its number.

    Raises:
        KeepsDyingError: :attr:`Patience.deaths` starts in a row failed.
        OSError: the command cannot be started at all.
    """
    return _Supervisor(command, inside or parent_folder(), environment, patience or Patience()).run()


def supervise_app(patience: Patience | None = None) -> int | None:
    """For the app's own main program: supervise this very command, unless it is supervised already (or on Windows).

    Returns:
        None: this is the app itself, go on. Otherwise the supervision has ended, and this is the exit status.
    """
    supervisor = os.environ.get(SUPERVISED, "")
    if supervisor:
        _die_with(supervisor)
    if supervisor or sys.platform == "win32":
        return None
    try:
        return supervise([sys.executable, *sys.orig_argv[1:]], patience=patience)
    except KeepsDyingError as error:
        log.error("%s", error)
        return 1


class _Supervisor:
    def __init__(
        self, command: Sequence[str], inside: Path, environment: Mapping[str, str] | None, patience: Patience
    ) -> None:
        self._command, self._inside, self._patience = list(command), inside, patience
        self._environment = {**(os.environ if environment is None else environment), SUPERVISED: str(os.getpid())}
        self._child: subprocess.Popen[bytes] | None = None
        self._signal: int | None = None  # the one that ends it all

    def run(self) -> int:
        handlers = {signal.SIGTERM: self._end, signal.SIGINT: self._end, signal.SIGALRM: self._kill}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            return self._again_and_again()
        finally:
            signal.alarm(0)
            self._tidy()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _again_and_again(self) -> int:
        patience, failed, pause = self._patience, 0, self._patience.first_s
        while True:
            began = time.monotonic()
            status = self._once()
            if self._signal is not None:
                return 128 + self._signal
            if status == 0:
                return 0
            ran = time.monotonic() - began
            failed, pause = (failed + 1, pause) if ran < patience.steady_s else (1, patience.first_s)
            if failed >= patience.deaths:
                raise KeepsDyingError(
                    f"The app died {failed} times in a row, each time within {patience.steady_s:.0f} s of its start; "
                    f"the last time it ended by {_words(status)}.",
                    f"Read what it said above, and start it alone to see more: {' '.join(self._command)}",
                )
            log.warning("The app ended by %s after %.0f s. It is started again in %.0f s.", _words(status), ran, pause)
            self._wait(pause)
            pause = min(2 * pause, patience.longest_s)
            if self._signal is not None:
                return 128 + self._signal

    def _once(self) -> int:
        """One run, from its start to its end."""
        self._child = subprocess.Popen(self._command, env=self._environment, start_new_session=True)
        if self._signal is not None:  # it came before there was a child to tell
            self._child.terminate()
        status = self._child.wait()
        self._tidy()
        return status

    def _tidy(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            if child.poll() is None:
                child.kill()
                child.wait()
            with suppress(ProcessLookupError, PermissionError):  # nobody of its group is left
                os.killpg(child.pid, signal.SIGKILL)
        for folder in discard_dead(self._inside):
            log.info("Deleted what a dead run had left: %s.", folder.name)

    def _wait(self, seconds: float) -> None:
        limit = time.monotonic() + seconds
        while self._signal is None and (left := limit - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    def _end(self, number: int, frame: FrameType | None) -> None:
        again, self._signal = self._signal is not None, number
        child = self._child
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGKILL if again else signal.SIGTERM)
            signal.setitimer(signal.ITIMER_REAL, self._patience.grace_s)

    def _kill(self, number: int, frame: FrameType | None) -> None:
        if self._child is not None and self._child.poll() is None:
            log.warning("The app did not end in %.0f s and is killed.", self._patience.grace_s)
            self._child.kill()


def _die_with(supervisor: str) -> None:
    """Have the system end this process when its supervisor has gone."""
    if sys.platform == "linux" and supervisor == str(os.getppid()):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if supervisor != str(os.getppid()):  # it has gone just now
            os.kill(os.getpid(), signal.SIGTERM)


def _words(status: int) -> str:
    """How a process ended, for people."""
    if status >= 0:
        return f"exit status {status}"
    with suppress(ValueError):
        name = signal.Signals(-status).name
        return f"{name} (was memory short?)" if name == "SIGKILL" else name
    return f"signal {-status}"

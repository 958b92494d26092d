"""The app with many visitors, killed again and again, and on a machine that fails it.

python -m tests.endurance load --visitors 20 --minutes 15 --idle 200
python -m tests.endurance kill --times 50
python -m tests.endurance faults
python -m tests.endurance looks --out DIR

Each prints a table, one line of JSON at the end, and returns 0 if nothing went wrong that should not.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from demo.session.modes import MODES
from tests.endurance import faults, kill, load, looks


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.endurance", description=__doc__.partition("\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    loading = kinds.add_parser("load", help="visitors who queue for stories, and idle pages")
    loading.add_argument("--visitors", type=int, default=20)
    loading.add_argument("--minutes", type=float, default=15.0)
    loading.add_argument("--idle", type=int, default=200, help="connections that only stay open")
    loading.add_argument("--steps", type=int, default=10, help="of fine-tuning, in a story; 10 is the least")
    loading.add_argument("--patience", type=float, default=600.0, help="seconds for what is in line at the end")
    killing = kinds.add_parser("kill", help="kill -9 at random moments of a job, under the supervisor")
    killing.add_argument("--times", type=int, default=50)
    killing.add_argument("--longest", type=float, default=20.0, help="seconds from a job's start to the kill, at most")
    killing.add_argument("--seed", type=int, default=0)
    failing = kinds.add_parser("faults", help="a full disk, damaged or read-only weights, no network")
    failing.add_argument("--only", nargs="*", default=(), choices=[fault.__name__ for fault in faults.FAULTS])
    looking = kinds.add_parser("looks", help="every mode in Chromium: screenshots, seconds, clicks, words")
    looking.add_argument("--out", type=Path, required=True)
    looking.add_argument("--modes", nargs="*", default=(), choices=list(MODES))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the app ends with the run
    options = vars(parser.parse_args(arguments))
    runs: dict[str, Callable[..., dict[str, Any]]] = {
        "load": load.run,
        "kill": kill.run,
        "faults": faults.run,
        "looks": looks.run,
    }
    found = runs[options.pop("kind")](**options)
    print(json.dumps(found))
    return 0 if found["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())

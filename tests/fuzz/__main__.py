"""``python -m tests.fuzz headers --tries 1000000 --seed 0``: mutated inputs, and whether what is said of them is true.

A module of this package for each kind of input, with ``run(tries, seed) -> Report``. Try ``i`` of a run has the seed
``seed + i``; ``--only N`` makes that one again.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence

KINDS = ("headers", "metadata", "pictures")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--tries", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first try; the next ones count up")
    parser.add_argument("--only", type=int, help="the seed of one try to make again")
    options = parser.parse_args(arguments)
    module = importlib.import_module(f"tests.fuzz.{options.kind}")
    tries, seed = (options.tries, options.seed) if options.only is None else (1, options.only)
    start = time.monotonic()
    report = module.run(tries, seed)
    print("\n".join(report.lines()))
    print(f"seeds {seed} to {seed + tries - 1}, {time.monotonic() - start:.0f} s")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())

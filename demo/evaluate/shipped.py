"""Figures that travel with the project: results of held-out people, so that a table can be printed and gone on with.

Tables take core hours, and their folders of small files lie in a cache that is lost with its machine. :func:`pack` puts
them into one file of lines for each table, :func:`unpack` lays them out again. Results hold figures and no picture.
"""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

from demo.bases import WEIGHTS, Base, fingerprint
from demo.files import write_text

FIGURES = WEIGHTS / "figures"
OF_THE_ENCODER = {"defences"}  # tables that the weight encoder has a part in
TABLES = ("defences", "secmi", "shake", "gate", "photo-count")
SUMMARIES = {"defences.json", "secmi.json", "shake.json", "gate-table.json", "gate.json"}  # made from the results


def pack(work: Path, base: Base, figures: Path = FIGURES) -> list[Path]:
    """Write every table of ``base`` as it is now into ``figures``, in place of those of other weights of this base.

    Args:
        work: the folder given to the evaluations as ``--out``.

    Returns:
        The files, named after table, base and its fingerprint.
    """
    written = []
    for kind in TABLES:
        root = work / kind / mark(kind, base)
        for table in sorted(path for path in root.glob("*") if path.is_dir()):
            lines = [
                json.dumps({"path": path.relative_to(table).as_posix(), "content": json.loads(path.read_text())})
                for path in sorted(table.rglob("*.json"))
                if path.relative_to(table).as_posix() not in SUMMARIES
            ]
            if lines:
                name = _SEPARATOR.join((kind, root.name, table.name))
                written.append(write_text(figures / f"{name}.jsonl", "\n".join(lines) + "\n"))
    for kind in TABLES:
        for path in figures.glob(f"{kind}{_SEPARATOR}{base.key}-*.jsonl"):
            if mark(kind, base) not in path.name:
                path.unlink()
    return written


def unpack(work: Path, base: Base, figures: Path = FIGURES) -> int:
    """Lay out under ``work`` what ships for ``base`` with its present weights and is not there yet.

    Returns:
        How many results were added.
    """
    added = 0
    files = [figures.glob(f"{kind}{_SEPARATOR}{mark(kind, base)}{_SEPARATOR}*.jsonl") for kind in TABLES]
    for file in sorted(chain.from_iterable(files)):
        table = work.joinpath(*file.stem.split(_SEPARATOR))
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            path = table / record["path"]
            if not path.exists():
                write_text(path, json.dumps(record["content"], allow_nan=False, indent=1) + "\n")
                added += 1
    return added


def mark(kind: str, base: Base) -> str:
    """The folder of a kind of table: its base and those of its files that the figures depend on."""
    return f"{base.key}-{fingerprint(base, encoder=kind in OF_THE_ENCODER)}"


_SEPARATOR = "--"

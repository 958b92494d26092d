"""Figures that travel with the project: results of held-out people, so that a table can be printed and gone on with.

Tables take core hours, and their folders of small files lie in a cache that is lost with its machine. :func:`pack` puts
them into one file of lines for each table, :func:`unpack` lays them out again. Results hold figures and no picture.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from demo.errors import WeightsError
from demo.files import write_text
from demo.models.bases import Base
from demo.models.fingerprints import fingerprint
from demo.paths import WEIGHTS

FIGURES = WEIGHTS / "figures"
PEOPLE = "people"
MADE = {"people", "arms", "encoder_minus", "encoder_over"}  # of a table of people, from its values


@dataclass(frozen=True)
class Table:
    """A table whose results travel with the project."""

    command: str  # "module:function", of python -m demo.evaluate
    made: tuple[str, ...] = ()  # files in its folder that are made from the results, and do not travel
    of_encoder: bool = False  # whether the weight encoder has a part in it


TABLES = {  # name, and folder under --out -> what is to know of it
    "verdicts": Table("demo.evaluate.verdict_commands:verdicts", of_encoder=True),
    "defences": Table("demo.evaluate.people_commands:defences", ("defences.json",), of_encoder=True),
    "membership": Table("demo.evaluate.leakage_commands:membership", ("membership.json",)),
    "shake": Table("demo.evaluate.leakage_commands:shake", ("shake.json",)),
    "gate": Table("demo.evaluate.leakage_commands:gate", ("gate-table.json", "gate.json")),
    "photo-count": Table("demo.evaluate.leakage_commands:photo_count"),
}


def pack(work: Path, base: Base, figures: Path = FIGURES) -> list[Path]:
    """Write every table of ``base`` as it is now into ``figures``, in place of the same of other weights of this base.

    A table of other weights of which there is none of the present ones stays: see :func:`earlier`.

    Args:
        work: the folder given to the evaluations as ``--out``.

    Returns:
        The files, named after table, base and its fingerprint.
    """
    written = []
    for kind, about in TABLES.items():
        root = work / kind / mark(kind, base)
        for table in sorted(path for path in root.glob("*") if path.is_dir()):
            lines = [
                json.dumps(
                    {
                        "path": path.relative_to(table).as_posix(),
                        "content": json.loads(path.read_text(encoding="utf-8")),
                    }
                )
                for path in sorted(table.rglob("*.json"))
                if path.relative_to(table).as_posix() not in about.made
            ]
            if lines:
                name = _SEPARATOR.join((kind, root.name, table.name))
                written.append(write_text(figures / f"{name}.jsonl", "\n".join(lines) + "\n"))
    written += [_pack_people(path, base, figures) for path in work.glob("people*.json") if _is_of(path, base)]
    for new in written:
        kind, _, name = new.name.split(_SEPARATOR)
        for path in figures.glob(f"{kind}{_SEPARATOR}{base.key}-*{_SEPARATOR}{name if kind == PEOPLE else '*'}"):
            if mark(kind, base) not in path.name:
                path.unlink()
    return written


def unpack(work: Path, base: Base, figures: Path = FIGURES) -> int:
    """Lay out under ``work`` what ships for ``base`` with its present weights and is not there yet.

    Returns:
        How many results were added.
    """
    files = [figures.glob(f"{kind}{_SEPARATOR}{mark(kind, base)}{_SEPARATOR}*.jsonl") for kind in TABLES]
    return sum(_lay_out(file, work) for file in sorted(chain.from_iterable(files)))


def earlier(kind: str, work: Path, base: Base, figures: Path = FIGURES) -> Path | None:
    """The folder of a table that was made with weights of before, laid out under ``work``; None if none ships.

    A long table outlives a new encoder, as what it is, until somebody has the core hours to make it anew.
    """
    files = sorted(figures.glob(f"{kind}{_SEPARATOR}{base.key}-*.jsonl"))
    old = [file for file in files if mark(kind, base) not in file.name]
    if not old:
        return None
    _lay_out(old[-1], work)
    return _place(old[-1], work)


def all_tables(work: Path, base: Base, figures: Path = FIGURES) -> dict[str, list[Path]]:
    """The folders of every table that ships for ``base``, by kind, laid out under ``work``.

    Of a kind of which there is no table of the present weights, one of earlier weights, as :func:`earlier` has it.
    """
    found = {}
    for kind in TABLES:
        files = sorted(figures.glob(f"{kind}{_SEPARATOR}{base.key}-*.jsonl"))
        kept = [file for file in files if mark(kind, base) in file.name] or files[-1:]
        for file in kept:
            _lay_out(file, work)
        found[kind] = [_place(file, work) for file in kept]
    return found


def people(base: Base, name: str, figures: Path = FIGURES) -> dict[str, Any]:
    """The values of held-out people that ship: ``people``, or ``people-no-prior``.

    Where there are none of the present weights, those of earlier ones, as their ``weights`` say.

    Raises:
        WeightsError: none do.
    """
    path = figures / f"{PEOPLE}{_SEPARATOR}{mark(PEOPLE, base)}{_SEPARATOR}{name}.json"
    if not path.exists():
        old = sorted(figures.glob(f"{PEOPLE}{_SEPARATOR}{base.key}-*{_SEPARATOR}{name}.json"))
        if not old:
            raise WeightsError(f"No table '{name}' ships for {base.title}.", "Run it without --table.")
        path = old[-1]
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _is_of(path: Path, base: Base) -> bool:
    """Whether a file is a whole table of private people, by the base's present weights."""
    content = json.loads(path.read_text(encoding="utf-8"))
    whole = "-of-" not in path.name and content.get("split") == "private"
    return whole and (content["base"], content.get("weights")) == (base.key, fingerprint(base))


def _pack_people(path: Path, base: Base, figures: Path) -> Path:
    content = json.loads(path.read_text(encoding="utf-8"))
    kept = {key: value for key, value in content.items() if key not in MADE}
    name = _SEPARATOR.join((PEOPLE, mark(PEOPLE, base), path.stem))
    return write_text(figures / f"{name}.json", json.dumps(kept) + "\n")


def _place(file: Path, work: Path) -> Path:
    return work.joinpath(*file.stem.split(_SEPARATOR))


def _lay_out(file: Path, work: Path) -> int:
    added = 0
    for line in file.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        path = _place(file, work) / record["path"]
        if not path.exists():
            write_text(path, json.dumps(record["content"], allow_nan=False, indent=1) + "\n")
            added += 1
    return added


def of_the_encoder(kind: str) -> bool:
    """Whether the weight encoder has a part in a kind of table."""
    return kind == PEOPLE or TABLES[kind].of_encoder


def mark(kind: str, base: Base) -> str:
    """The folder of a kind of table: its base and those of its files that the figures depend on."""
    return f"{base.key}-{fingerprint(base, encoder=of_the_encoder(kind))}"


_SEPARATOR = "--"

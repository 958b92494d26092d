"""``python -m demo.evaluate COMMAND``: the README's figures, recomputed, and those that settings are chosen by."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated

from typer import Option

from demo.commands import new_app, run
from demo.evaluate.options import FACES, TABLES, BaseKey, Device, Out, Sheet
from demo.evaluate.people_commands import encoders, people
from demo.evaluate.shipped import TABLES as SHIPPED
from demo.models.bases import BUNDLED
from demo.paths import PEOPLE


def base(
    samples: int = 256,
    sheet: Sheet = None,
    beside: Annotated[
        list[str] | None, Option(help="a base to hold beside it, such as a folder of an earlier version")
    ] = None,
    base: BaseKey = BUNDLED,
    device: Device = "auto",
    out: Out = TABLES,
) -> None:
    """Faces found, names known, identity kept by the autoencoder, pictures held against photos."""
    from demo.evaluate.base import beside as beside_it
    from demo.evaluate.base import evaluate
    from demo.files import write_text
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline

    of = find_base(base)
    found = evaluate(load_pipeline(of, device), of, samples=samples, sheet=sheet)
    for key in beside or ():
        other = find_base(key)
        found.setdefault("beside", {})[key] = beside_it(load_pipeline(other, device), other, samples)
    write_text(out / "base.json", json.dumps(found, indent=1) + "\n")


def same_person(
    faces: Annotated[Path, Option(help="folder of private.parquet and domains.parquet")] = FACES,
    base: BaseKey = BUNDLED,
    device: Device = "auto",
    out: Out = TABLES,
) -> None:
    """How often the warning about photos of two people is right."""
    from demo.evaluate import same_person
    from demo.models.bases import find_base

    print(same_person.markdown(same_person.people(faces, side=find_base(base).side)))


def figures(base: BaseKey = BUNDLED, device: Device = "auto", out: Annotated[Path, Option("--out")] = TABLES) -> None:
    """Put the tables of --out into weights/figures, so that they ship."""
    from demo.evaluate import shipped
    from demo.models.bases import find_base

    for path in shipped.pack(out, find_base(base)):
        print(f"{path}: {sum(1 for _ in path.open(encoding='utf-8'))} results")


def report(base: BaseKey = BUNDLED) -> None:
    """weights/RESULTS.md and the README's figures, from weights/figures."""
    from demo.evaluate import report
    from demo.models.bases import find_base

    for path in report.write(find_base(base)):
        print(path)


def every_table(
    processes: Annotated[int | None, Option(min=1, help="at once, a core each (as many as there are cores)")] = None,
    base: BaseKey = BUNDLED,
    out: Out = TABLES,
) -> None:
    """Every table, in order, from where it stopped; then figures and report. Takes many hours."""
    from demo.evaluate.every_table import run_all
    from demo.hardware.cores import cores
    from demo.models.bases import find_base
    from demo.models.fingerprints import fingerprint

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # its processes end with it
    run_all(out, base, fingerprint(find_base(base)), processes or max(1, int(cores())))


def attract(base: BaseKey = BUNDLED, out: Out = PEOPLE / "attract") -> None:
    """A story of each fictional person, at the first try: pictures of a stand that waits, and the base's story.webp."""
    from tempfile import TemporaryDirectory

    from demo.evaluate.attract import SHEET, write_sheet, write_story
    from demo.models.bases import find_base

    told = []
    with TemporaryDirectory() as work:
        for person in sorted((PEOPLE / "examples").iterdir()):
            told.append(write_story(person, out, base, Path(work)))
            print(*told[-1].written, flush=True)
    print(write_sheet(find_base(base).folder / SHEET, told))


app = new_app(__doc__)
for command in (base, people, encoders, same_person, figures, report, attract):
    app.command()(command)
app.command("all")(every_table)
for name, table in SHIPPED.items():
    app.command(name)(resolve_name(table.command))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one evaluation; 2 on bad input."""
    return run(app, "python -m demo.evaluate", sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())

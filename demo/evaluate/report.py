"""``python -m demo.evaluate report``: ``weights/RESULTS.md``, and the figures that the README quotes.

Everything comes from ``weights/figures``: no network, no private photo, no figure typed by hand. The words of the page
are in ``demo/evaluate/results``. The README keeps its own; what lies between its markers is written anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from demo.errors import OutputError
from demo.evaluate import report_people, report_tables, shipped, verdicts_table
from demo.evaluate.report_picture import bars
from demo.evaluate.report_words import template
from demo.files import write_text
from demo.models.bases import Base
from demo.paths import ROOT
from demo.report.agreement import write_agreement

RESULTS, PICTURE, README = Path("weights/RESULTS.md"), Path("weights/results.svg"), Path("README.md")


def write(base: Base, root: Path = ROOT, figures: Path = shipped.FIGURES) -> list[Path]:
    """Write the page of results, the picture, what the README quotes, and how often verdicts agree (for the app).

    Args:
        root: the project's folder, or another one that holds a README.

    Raises:
        WeightsError: no results of this base ship.
        OutputError: the README has no place for them.
    """
    private = report_people.finished(base, "people", figures)
    without = report_people.finished(base, "people-no-prior", figures)
    sections = [report_people.people(base, private), report_people.no_prior(base, without)]
    kept: list[Path] = []
    with tempfile.TemporaryDirectory() as folder:
        tables = shipped.all_tables(Path(folder), base, figures)
        sections += report_tables.sections(base, tables)
        for judged in tables["verdicts"]:
            again = verdicts_table.agreement(verdicts_table.records(judged))
            if again is not None:
                of = judged.parent.name.removeprefix(f"{base.key}-")
                kept = [write_agreement(root / "weights" / base.key, again, of)]
    introduction = template("introduction").format(base=base.key, side=base.side)
    short = [report_people.short_table(private), "", *(section.line for section in sections if section.headline)]
    blocks = {"claim": report_people.claim(private), "results": "\n".join(short)}
    readme = root / README
    return [
        *kept,
        write_text(root / RESULTS, "\n".join([introduction, *(section.markdown for section in sections)])),
        write_text(root / PICTURE, bars(report_people.shares(private), report_people.PICTURE_TITLE)),
        write_text(readme, filled(readme.read_text(encoding="utf-8"), blocks)),
    ]


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """A text with each block between its markers, ``<!-- name -->`` and ``<!-- /name -->``, in place of what was there.

    Raises:
        OutputError: a marker is missing, or is there twice.
    """
    for name, block in blocks.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = text.partition(f"{begin}\n")
        _, found, after = rest.partition(end)
        if not found or begin in rest:
            raise OutputError(f"The README has no place for '{name}'.", f"Put {begin} and {end} on lines of their own.")
        text = f"{before}{begin}\n{block}\n{end}{after}"
    return text

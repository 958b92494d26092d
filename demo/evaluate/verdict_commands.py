"""``verdicts`` of ``python -m demo.evaluate``."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from demo.evaluate.options import EARLIER, TABLES, BaseKey, Device, Group, Out, ShardOfGroups, Shards
from demo.models.bases import BUNDLED
from demo.paths import PEOPLE


def verdicts(
    people: Annotated[int | None, Option(help="only the first n private people")] = None,
    seeds: Annotated[int, Option(help="fine-tunings of each fictional example")] = 5,
    group: Group = 10,
    shard: ShardOfGroups = 0,
    shards: Shards = 1,
    table: Annotated[bool, Option("--table", help="print what is there, add nothing")] = False,
    base: BaseKey = BUNDLED,
    device: Device = "auto",
    out: Out = TABLES,
) -> None:
    """The verdict: false positives, grades, and whether another seed changes it; resumes by itself."""
    from demo.evaluate import shipped, verdicts, verdicts_table
    from demo.evaluate.held_out import held_out_people
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline

    of = find_base(base)
    shipped.unpack(out, of)
    settings = find_preset(of.preset)
    folder = verdicts.table_folder(out, of, settings)
    if not table:
        setup = verdicts.Setup(load_pipeline(of, device), of, settings, folder)
        private = verdicts.private_subjects(held_out_people(out, side=of.side, count=people))
        groups = [(n, private[start : start + group]) for n, start in enumerate(range(0, len(private), group))]
        groups += [(seed, verdicts.example_subjects(PEOPLE / "examples", of.side)) for seed in range(seeds)]
        verdicts.run_all(setup, groups[shard::shards])
    elif not any(folder.glob("*.json")) and (old := shipped.earlier("verdicts", out, of)) is not None:
        folder = old
        print(EARLIER.format(folder.parent.name))
    print(verdicts_table.markdown(verdicts_table.summary(verdicts_table.records(folder))))
    print(f"\nFrom {folder}")

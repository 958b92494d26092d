"""Options that several commands of ``python -m demo.evaluate`` take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from demo.commands import file_to_write, folder_to_write
from demo.faces.faces128 import FACES128
from demo.train.data import WORK

BaseKey = Annotated[str, Option("--base")]
Device = Annotated[str, Option("--device")]
Out = Annotated[Path, Option("--out", callback=folder_to_write)]
Sheet = Annotated[Path | None, Option(callback=file_to_write, help="write a contact sheet of 64 samples here")]
Grid = Annotated[
    Path | None,
    Option(callback=file_to_write, help="contact sheet with private photos: keep it out of the project"),
]
Samples = Annotated[int, Option("--samples", help="pictures of each person in each arm")]
Group = Annotated[int, Option("--group", help="people fine-tuned at once")]
Domains = Annotated[Path, Option("--faces", help="folder of domains.parquet")]
ShardOfGroups = Annotated[int, Option("--shard", help="a process per core: each takes every n-th group")]
ShardOfPeople = Annotated[int, Option("--shard", help="this process takes every --shards-th person")]
Shards = Annotated[int, Option("--shards")]
MergeParts = Annotated[bool, Option("--merge", help="put the parts of --shards together and print the table")]
MergeThere = Annotated[bool, Option("--merge", help="print what is there, add nothing")]

FACES, TABLES = FACES128, WORK / "evaluate"
EARLIER = "With earlier weights, {}: encoder or base have been trained anew since.\n"

"""Options that several commands of ``python -m demo.train`` take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from demo.commands import folder_to_write

BaseKey = Annotated[str, Option("--base")]
Device = Annotated[str, Option("--device")]
Faces = Annotated[Path, Option("--faces")]
Work = Annotated[Path, Option("--work", callback=folder_to_write, help="check-points and caches")]
Shard = Annotated[int, Option("--shard")]
Shards = Annotated[int, Option("--shards")]

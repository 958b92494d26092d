"""Alphas that a header gives outside PEFT's settings: kohya's ``ss_network_alpha``, plain ``alpha`` and ``lora_alpha``.

Trainers that write alpha tensors name it in the header, too; where the tensors are missing the header is all there is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demo.lora.header import parse_json

# The first that gives a number counts. sd-scripts and LyCORIS take an alpha of 0 for the rank.
KOHYA = ("ss_network_alpha", "network_alpha")
ALPHAS = (*KOHYA, "lora_alpha", "alpha")
RANKS = ("ss_network_dim", "network_dim", "lora_rank", "network_rank", "rank", "lora_r", "lora_dim", "r")
LARGEST_TABLE = 2**20  # characters of a value that is looked through for a table


@dataclass(frozen=True)
class StatedAlpha:
    """What a header says of the scale."""

    alpha: float
    rank: float | None  # of the matrices that it is said of; None: of all
    key: str  # of the alpha
    rank_key: str = "rank"

    def of(self, rank: int) -> float | None:
        """The alpha of matrices of a rank; None where the header speaks of another rank."""
        if self.rank is not None and self.rank != rank:
            return None
        return float(rank) if self.alpha == 0 and self.key in KOHYA else self.alpha

    def as_metadata(self) -> dict[str, str]:
        """The same, and no more, as metadata."""
        rank = {} if self.rank is None else {self.rank_key: f"{self.rank:g}"}
        return {self.key: repr(self.alpha)} | rank


def stated_alpha(metadata: Mapping[str, str]) -> StatedAlpha | None:
    """What the header's metadata say: as texts of their own, or in a table that is written as JSON."""
    for table in (metadata, *_tables(metadata)):
        for key in ALPHAS:
            alpha = _number(table.get(key))
            if alpha is not None:
                ranks = {rank_key: _number(table.get(rank_key)) for rank_key in RANKS}
                rank_key = next((rank_key for rank_key, rank in ranks.items() if rank is not None), "rank")
                return StatedAlpha(alpha, ranks.get(rank_key), key, rank_key)
    return None


def _tables(metadata: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    for value in metadata.values():
        if value.lstrip()[:1] == "{" and len(value) <= LARGEST_TABLE and "alpha" in value:
            try:
                table = parse_json(value)
            except ValueError:
                continue
            for found in (table, *table.values()):
                if isinstance(found, dict):
                    # A bare "alpha" in somebody's table may be anything.
                    yield {key: inner for key, inner in found.items() if key != "alpha"}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e9 else None

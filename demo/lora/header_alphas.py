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
ALPHAS = (*KOHYA, "lora_alpha", "alpha", "linear_alpha")  # the last is ai-toolkit's, beside its rank "linear"
RANKS = ("ss_network_dim", "network_dim", "lora_rank", "network_rank", "rank", "lora_r", "lora_dim", "r", "linear")
LARGEST_TABLE = 2**20  # characters of a value that is looked through for a table
DEEPEST = 6  # tables in tables
USUAL = {"linear_alpha": "lora_alpha", "linear": "rank"}  # what stands for itself, without its table


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
        rank = {} if self.rank is None else {USUAL.get(self.rank_key, self.rank_key): f"{self.rank:g}"}
        return {USUAL.get(self.key, self.key): repr(self.alpha)} | rank


def stated_alpha(metadata: Mapping[str, str]) -> StatedAlpha | None:
    """What the header's metadata say: as texts of their own, or in a table that is written as JSON."""
    for written in (metadata, *_tables(metadata)):
        table = {_spelled(key): value for key, value in written.items()}
        for key in ALPHAS:
            alpha = _number(table.get(_spelled(key)))
            if alpha is not None:
                ranks = {rank_key: _number(table.get(_spelled(rank_key))) for rank_key in RANKS}
                rank_key = next((rank_key for rank_key, rank in ranks.items() if rank is not None), "rank")
                return StatedAlpha(alpha, ranks.get(rank_key), key, rank_key)
    return None


def _spelled(key: str) -> str:
    """A key without what its spellings differ in: network_alpha, networkAlpha, Network-Alpha."""
    return key.lower().replace("_", "").replace("-", "")


def _tables(metadata: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    for value in metadata.values():
        if value.lstrip()[:1] in {"{", "["} and len(value) <= LARGEST_TABLE and "alpha" in value.lower():
            try:
                found = parse_json(value)
            except ValueError:
                continue
            yield from _inside(found, DEEPEST)


def _inside(found: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """A table and those in it, the outer ones first."""
    if isinstance(found, dict):
        # A bare "alpha" in somebody's table may be anything.
        yield {key: inner for key, inner in found.items() if _spelled(key) != "alpha"}
    if depth and isinstance(found, dict | list):
        for inner in found.values() if isinstance(found, dict) else found:
            yield from _inside(inner, depth - 1)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e9 else None

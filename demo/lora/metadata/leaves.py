"""A metadata value as its leaves: JSON is walked to the end, also JSON inside a text of JSON.

Work is bounded for a whole file, and what is left out is told.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

CHARACTERS = 2**23  # of one file that are looked through
LEAVES = 50_000  # of one file
HITS = 10_000  # paths, addresses and so on that are taken out of one file
DEPTH = 5  # of JSON texts inside JSON texts
LEVELS = 100  # of tables and lists inside each other
NAMED = 200  # characters of a key on the way to a leaf
PAIRS = 2000  # keys with values of one text
# Lines of YAML and TOML, items of YAML's lists, and options of a command.
PAIR = re.compile(
    r"^[ \t]*(?:-[ \t]+)?[\"']?(?P<key>[A-Za-z][\w.-]{0,60}(?: [A-Za-z][\w.-]{0,29})?)[\"']?[ \t]*[:=]"
    r"[ \t]*(?P<value>[^\n]{0,400})$"
    r"|^[ \t]*-[ \t]+(?P<item>[^\n]{1,400})$"
    r"|--(?P<option>[A-Za-z][\w-]{1,60})[ =]+(?P<own>\"[^\"\n]{1,400}\"|'[^'\n]{1,400}'|[^\s\"'-][^\s\"']{0,400})",
    re.MULTILINE,
)
REPR = 2**16  # characters of a Python literal that are parsed
UNREAD = object()


@dataclass(frozen=True)
class Leaf:
    """One value that holds no others. Keys on the way to it count as texts, too: folders stand there."""

    way: tuple[str, ...]  # keys and places in lists, the first being the metadata's own
    value: str | float | bool | None
    key: bool = False  # whether the value is itself a key

    @property
    def where(self) -> str:
        """The way to it, such as ``ot_config.concepts.0.path``."""
        return ".".join(self.way)

    @property
    def name(self) -> str:
        """The last key on the way that is no place in a list."""
        return next((part for part in reversed(self.way) if not part.isdecimal()), self.way[-1])


class Budget:
    """How much of a file is still looked through."""

    def __init__(self, characters: int = CHARACTERS, leaves: int = LEAVES) -> None:
        self.characters, self.leaves, self.hits = characters, leaves, HITS
        self.unread: dict[str, None] = {}  # entries that were left out, whole or in part

    def take(self, key: str, text: str) -> str:
        """As much of a text as is still looked through; that something is left out is noted."""
        self.leaves -= 1
        if self.leaves < 0:
            self.skip(key)
            return ""
        taken = text[: max(0, self.characters)]
        self.characters -= len(taken)
        if len(taken) < len(text):
            self.skip(key)
        return taken

    def skip(self, key: str) -> None:
        """Note that an entry is left out, whole or in part."""
        self.unread[key] = None

    @property
    def spent(self) -> bool:
        """Whether nothing more is looked at."""
        return self.leaves <= 0 or self.characters <= 0


def parsed(text: str) -> Any:
    """A table, list or quoted text from JSON or a Python literal; :data:`UNREAD` for other texts.

    Python writes numbers that JSON lacks and keys twice; both are taken as they come.
    """
    start = text.lstrip()[:1]
    if start not in ("{", "[", '"'):
        return UNREAD
    try:
        return json.loads(text, object_pairs_hook=_table, parse_int=_whole)
    except (ValueError, RecursionError):
        pass
    if start == '"' or len(text) > REPR or "'" not in text:
        return UNREAD
    try:
        return ast.literal_eval(text.strip())  # str() of a table, as some trainers store it
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return UNREAD


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Keys with their values in a text that is no JSON: YAML, TOML, a command's options."""
    above = ""
    for match in islice(PAIR.finditer(text), PAIRS):
        key, value = match["key"] or match["option"], (match["value"] or match["own"] or "").strip(" \t\r'\",")
        if key is None:
            key, value = above, (match["item"] or "").strip(" \t\r'\",")
        above = key
        if key and value:
            yield key, value


def leaves(key: str, value: Any, budget: Budget) -> Iterator[Leaf]:
    """The leaves of a parsed value, in their order."""
    stack: list[tuple[tuple[str, ...], Any, int]] = [((key,), value, 0)]
    while stack:
        way, item, depth = stack.pop()
        if budget.spent:
            budget.skip(key)
            return
        inside: list[tuple[tuple[str, ...], Any, int]] = []
        if isinstance(item, dict):
            inside = [((*way, str(name)[:NAMED]), below, depth) for name, below in item.items()]
            yield from (Leaf(way, str(name), key=True) for name in item)
        elif isinstance(item, _Pairs):
            inside = [((*way, name[:NAMED]), below, depth) for name, below in item]
            yield from (Leaf(way, name, key=True) for name, _ in item)
        elif isinstance(item, list | tuple | set | frozenset):
            inside = [((*way, str(place)), below, depth) for place, below in enumerate(item)]
        elif isinstance(item, str):
            below = parsed(item) if depth < DEPTH else UNREAD
            if below is UNREAD:
                yield Leaf(way, item)
            else:
                inside = [(way, below, depth + 1)]
        else:
            yield Leaf(way, item if isinstance(item, bool | int | float) else None)
        if len(way) > LEVELS and inside:
            budget.skip(key)
            continue
        stack.extend(reversed(inside))


class _Pairs(list[tuple[str, Any]]):
    """A table in which a key stands twice."""


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Pairs:
    table = dict(pairs)
    return table if len(table) == len(pairs) else _Pairs(pairs)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits[:300])

"""How entries are said: several values in one line, and the kinds of finding that no rule has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from demo.lora.metadata.leaves import Leaf
from demo.lora.metadata.said import Said

LINE = 200  # characters of several values that are said in one line
LINES = 20  # of them from one entry


def item(leaf: Leaf, key: str) -> str:
    """A leaf as a part of a line: the way to it below its key, and its value."""
    way = leaf.where[len(key) + 1 :]
    return f"{way}: {leaf.value}" if way else str(leaf.value)


def lines(items: Iterable[str]) -> Iterator[str]:
    """Short items together, so that each is said and the list stays readable."""
    line, full, left = "", 0, 0
    for text in items:
        if full >= LINES:
            left += 1
        elif line and len(line) + len(text) + 2 > LINE:
            yield line
            full += 1
            line = text
        else:
            line = f"{line}; {text}" if line else text
    if line:
        yield line
    if left:
        yield f"{left:,} values more"


def other(where: str, value: str) -> Said:
    """What no rule knows."""
    why = "Not known to this list: read it before the file is shared."
    return Said("other", "Something else", where, value, why, "medium")


def settings(where: str, value: str) -> Said:
    """Settings, with their values or their keys."""
    why = "They help to build an attack that fits: steps, learning rate, size of the matrices."
    return Said("settings", "Settings of the training", where, value, why, "low")


def folder(where: str, value: str) -> Said:
    """A file or folder that a key says to be one."""
    why = "Folders and files of the machine that trained the file; their names tell of people and projects."
    return Said("path", "A folder or file", where, value, why, "medium")


def unread(left: Iterable[str]) -> Said:
    """The entries that were left out, whole or in part."""
    keys = list(left)
    value = ", ".join(keys[:3]) + (f" and {len(keys) - 3:,} more" if len(keys) > 3 else "")
    why = "Too much or too deep to be looked through whole: read the rest before the file is shared."
    return Said("unread", "Not looked through further", "metadata", value, why, "medium")

"""The header of a safetensors file, read and checked before any tensor is.

Layout: 8 bytes little-endian length N, N bytes of JSON, then the tensors' bytes without gaps.

What is refused for its form safetensors itself refuses; what is refused although safetensors reads it is said to be
more than the demo reads. ``python -m tests.fuzz headers`` holds both.
"""

from __future__ import annotations

import json
import re
import stat
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.errors import LoraFileError
from demo.lora import impostors

MAX_HEADER = 100_000_000  # bytes, safetensors' own limit: cover pictures stand in headers
MAX_PIECES = 4_000_000  # commas and quotation marks, which bound how many objects a header becomes
MAX_NAME = 512  # characters of a tensor's name; the longest of real files have some 150
LOOKED_AT = 4096  # bytes of a file that is no safetensors file
LARGEST = 2**64 - 1  # that a number of a header may be, and the bits of a tensor
AGAIN = "Download or copy the file again."
WANTED = "Only safetensors files are read: choose the .safetensors file of the LoRA."
RESAVE = "Save the file again with the safetensors library."

# Bits per number, of the types that safetensors knows.
BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8}
BITS |= {"F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32}
BITS |= {"F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64}

TABLE = re.compile(rb"[ \t\r\n]*\{")
KINDS = {bool: "true or false", int: "a number", float: "a number", type(None): "null", list: "a list", dict: "a table"}


@dataclass(frozen=True)
class TensorEntry:
    """One tensor as the header describes it."""

    dtype: str
    shape: tuple[int, ...]
    place: tuple[int, int]  # first byte, and the one behind the last, counted from where the tensors begin


@dataclass(frozen=True)
class Header:
    """A checked header: its entries fill the file exactly."""

    metadata: Mapping[str, str]
    entries: Mapping[str, TensorEntry]
    start: int  # the byte of the file with which the tensors begin


def read_header(path: Path, name: str = "") -> Header:
    """Read and check the header; no tensor is touched.

    Args:
        name: what errors call the file; the path's own by default.

    Raises:
        LoraFileError: missing, no ordinary file, empty, not safetensors, without all of its bytes, or beyond the caps.
    """
    name = name or path.name or str(path)
    try:
        _check_kind(path, name)
        size = path.stat().st_size
        with path.open("rb") as file:
            raw = file.read(LOOKED_AT)
            wanted = 8 + int.from_bytes(raw[:8], "little")
            if len(raw) < wanted <= 8 + MAX_HEADER and TABLE.match(raw, 8):
                raw += file.read(wanted - len(raw))
    except FileNotFoundError as error:
        what = "is a link to a file that is not there" if path.is_symlink() else "is not there"
        raise LoraFileError(f"{name} {what}.", "Choose the file again.") from error
    except OSError as error:
        remedy = "Check the file's permissions." if isinstance(error, PermissionError) else "Choose another file."
        raise LoraFileError(f"{shown(name)} cannot be read: {error.strerror or error}.", remedy) from error
    except ValueError as error:  # a NUL, or half a character
        raise LoraFileError(f"{shown(name)} cannot be a path: {error}.", "Choose another file.") from error
    return parse_header(name, raw, size)


def parse_header(name: str, raw: bytes, size: int) -> Header:
    """Check a header.

    Args:
        name: what errors call the file.
        raw: the file from its first byte to the end of its header at least, or to its own end. Of a file that does not
            begin as safetensors files do some thousand bytes are enough.
        size: bytes of the whole file.

    Raises:
        LoraFileError: as :func:`read_header`.
    """
    if size == 0:
        raise LoraFileError(f"{name} is empty.", AGAIN)
    length = int.from_bytes(raw[:8], "little")
    table = TABLE.match(raw, 8) is not None
    if not table or length > MAX_HEADER:  # a header of 640 bytes starts like a pickle, so this comes first
        _refuse_other(name, raw, size, length if table else None)
    if size < 8 + length:
        raise LoraFileError(
            f"{name} is cut short: it ends inside its header, of whose {length} bytes {size - 8} are there.", AGAIN
        )
    return _described(name, _table(name, raw[8 : 8 + length]), size - 8 - length, 8 + length)


def parse_json(text: str | bytes) -> Any:
    """Strict JSON: no NaN, no key twice.

    Raises:
        ValueError: it is not that; the text says why.
    """
    twice: list[str] = []
    try:
        value = json.loads(text, object_pairs_hook=_recording(twice), parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if twice:
        raise ValueError(f"{shown(twice[0])} stands in it twice")
    return value


def shown(text: str, limit: int = 100) -> str:
    """A text of a file as it can stand in a message: one line, printable, cut."""
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: limit + 1])
    return line if len(line) <= limit else f"{line[: limit - 3]}…"


def _check_kind(path: Path, name: str) -> None:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise LoraFileError(f"{name} is a folder.", "Choose the .safetensors file in it.")
    if not stat.S_ISREG(mode):
        raise LoraFileError(f"{name} is no ordinary file, but a pipe, a socket or a device.", WANTED)


def _refuse_other(name: str, raw: bytes, size: int, length: int | None) -> None:
    """Of a file that does not begin with a length that is allowed and a table."""
    what = impostors.named(raw[:LOOKED_AT])
    if what is not None:
        raise LoraFileError(f"{name} is {what}.", WANTED)
    if length is not None:
        raise LoraFileError(f"The header of {name} would have {length} bytes; at most 100 MB are allowed.", WANTED)
    if size <= 8:
        raise LoraFileError(f"{name} is cut short: it has {size} bytes and ends before its header.", AGAIN)
    raise LoraFileError(
        f"{name} is not a safetensors file: behind its first 8 bytes no JSON table begins, as the header does.", WANTED
    )


def _table(name: str, raw: bytes) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LoraFileError(f"The header of {name} is not UTF-8 text.", AGAIN) from error
    if len(raw) > 2**20 and text.count('"') + text.count(",") > MAX_PIECES:
        raise LoraFileError(
            f"The header of {name} has more than {MAX_PIECES:,} commas and quotation marks; that is more than is read.",
            "Use a file with fewer entries in its metadata.",
        )
    twice: list[str] = []
    try:
        hook = _recording(twice)
        table = json.loads(text, object_pairs_hook=hook, parse_constant=_no_constant, parse_int=_whole)
    except RecursionError as error:
        raise LoraFileError(f"The header of {name} is nested more deeply than is read.", AGAIN) from error
    except ValueError as error:
        raise LoraFileError(f"The header of {name} is not valid JSON.", AGAIN) from error
    if twice:
        raise LoraFileError(
            f"The header of {name} has two entries with the name {shown(twice[0])}, of which only one can be meant.",
            RESAVE,
        )
    if re.search(r"\\u[dD][89a-fA-F]", text):
        try:
            json.dumps(table, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise LoraFileError(f"The header of {name} holds half a character (a lone surrogate).", AGAIN) from error
    assert isinstance(table, dict)  # it begins with a brace
    return table


def _described(name: str, table: dict[str, Any], data: int, start: int) -> Header:
    metadata = table.pop("__metadata__", None)
    metadata = {} if metadata is None else metadata  # some writers put null there, and safetensors reads it
    if not isinstance(metadata, dict):
        raise LoraFileError(f"The metadata of {name} are {_kind(metadata)}, not a table of texts.", RESAVE)
    for key, value in metadata.items():
        if not isinstance(value, str):
            raise LoraFileError(
                f"The metadata of {name} hold {_kind(value)} for {shown(key)}; safetensors allows only text.", RESAVE
            )
    entries: dict[str, TensorEntry] = {}
    for key, described in table.items():
        if len(key) > MAX_NAME:
            raise LoraFileError(
                f"{name} holds a tensor whose name has {len(key)} characters; at most {MAX_NAME} are read.", RESAVE
            )
        entries[key] = _entry(name, shown(key) or "a tensor without a name", described)
    end = 0
    for begin, stop in sorted(entry.place for entry in entries.values()):
        if begin != end:
            raise LoraFileError(f"The header of {name} describes tensors that overlap or leave gaps.", AGAIN)
        end = stop
    if end > data:
        raise LoraFileError(f"{name} is cut short: {end - data} bytes are missing at its end.", AGAIN)
    if end < data:
        raise LoraFileError(f"{name} has {data - end} bytes at its end that belong to no tensor.", AGAIN)
    return Header(metadata, entries, start)


def _entry(name: str, tensor: str, described: Any) -> TensorEntry:
    if not isinstance(described, dict) or not described.keys() >= {"dtype", "shape", "data_offsets"}:
        raise LoraFileError(
            f"The header of {name} describes {tensor} in another form than by type, shape and place.", RESAVE
        )
    if len(described) > 3:
        raise LoraFileError(f"The header of {name} says more of {tensor} than type, shape and place.", RESAVE)
    dtype, shape, place = described["dtype"], described["shape"], described["data_offsets"]
    if not (_naturals(shape) and _naturals(place) and len(place) == 2):
        raise LoraFileError(
            f"The header of {name} gives {tensor} a shape or a place that is no list of whole numbers.", AGAIN
        )
    if not isinstance(dtype, str) or dtype not in BITS:
        what = shown(dtype, 40) or "an empty text" if isinstance(dtype, str) else _kind(dtype)
        raise LoraFileError(
            f"{name} stores numbers of an unknown type: {what}.",
            "Save the LoRA with 16 or 32-bit floating-point numbers.",
        )
    bits = 1
    for factor in (*shape, BITS[dtype]):
        bits *= factor
        if bits > LARGEST:
            raise LoraFileError(f"The header of {name} gives {tensor} an impossible size.", AGAIN)
    if bits % 8 or place[1] - place[0] != bits // 8:
        raise LoraFileError(f"The header of {name} gives {tensor} a shape that does not fill its place.", AGAIN)
    return TensorEntry(dtype, tuple(shape), (place[0], place[1]))


def _naturals(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and 0 <= n <= LARGEST for n in value)


def _kind(value: Any) -> str:
    return KINDS.get(type(value), "a text")


def _recording(twice: list[str]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    """What makes tables of pairs, and adds to a list the keys that stand twice in one."""

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            twice.append(next(key for key, n in Counter(key for key, _ in pairs).items() if n > 1))
        return made

    return table


def _whole(digits: str) -> int | float:
    """A whole number; what safetensors does not take for one, "-0" and what has no end, as a float."""
    return int(digits) if digits != "-0" and len(digits) < 25 else float(digits)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")

"""The header of a safetensors file, read and checked before any tensor is.

Layout: 8 bytes little-endian length N, N bytes of JSON, then the tensors' bytes without gaps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from demo.errors import LoraFileError

MAX_HEADER = 10 * 2**20
MAX_FILE = 2 * 2**30
MAX_NAME = 512  # characters of a tensor's name; the longest of real files have some 150
AGAIN = "Download or copy the file again."
WANTED = "Only safetensors files are read: choose the .safetensors file of the LoRA."

# Bytes per number, of the types that safetensors knows and that fill whole bytes.
SIZES = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2}
SIZES |= {"I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8, "C64": 8}

PICKLE = "a Python pickle, which can run code when it is opened"
IMPOSTORS: dict[bytes, str] = {
    b"PK\x03\x04": "a ZIP archive, as PyTorch's .bin, .pt and .ckpt files are, with a Python pickle inside",
    b"version https://git-lfs": "a Git LFS pointer, not the weights themselves",
    b"GGUF": "a GGUF file",
    b"\x89HDF": "an HDF5 file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"RIFF": "a picture",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!": "an archive",
    b"7z\xbc\xaf": "an archive",
    b"<": "a web page, not the file that it links to",
    b"{": "a JSON text",
}


@dataclass(frozen=True)
class TensorEntry:
    """One tensor as the header describes it."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Header:
    """A checked header: its entries fill the file exactly."""

    metadata: Mapping[str, str]
    entries: Mapping[str, TensorEntry]


def read_header(path: Path, name: str = "") -> Header:
    """Read and check the header; no tensor is touched.

    Args:
        name: what errors call the file; the path's own by default.

    Raises:
        LoraFileError: missing, empty, not safetensors, damaged, truncated or beyond the caps.
    """
    name = name or path.name
    try:
        if not path.is_file():
            raise LoraFileError(f"{name} is not there.", "Choose the file again.")
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(32)
            raw = b""
            if len(start) >= 8 and (length := int.from_bytes(start[:8], "little")) <= MAX_HEADER:
                file.seek(8)
                raw = file.read(length)
    except OSError as error:
        raise LoraFileError(
            f"{name} cannot be read: {error.strerror or 'input error'}.", "Check the file's permissions."
        ) from error
    _check_start(name, start, size)
    length = int.from_bytes(start[:8], "little")
    if length > MAX_HEADER:
        raise LoraFileError(
            f"The header of {name} would be {length} bytes; at most {MAX_HEADER >> 20} MB are read.", WANTED
        )
    if len(raw) < length:
        raise LoraFileError(f"{name} is cut short: it ends inside its header.", AGAIN)
    return _parse(name, raw, size - 8 - length)


def parse_json(text: str | bytes) -> Any:
    """Strict JSON: no NaN, no key twice.

    Raises:
        ValueError: it is not that.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _check_start(name: str, start: bytes, size: int) -> None:
    if size == 0:
        raise LoraFileError(f"{name} is empty.", AGAIN)
    if size > MAX_FILE:
        raise LoraFileError(
            f"{name} is larger than {MAX_FILE >> 30} GB.", "That is a whole model, not a LoRA: choose the LoRA alone."
        )
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= MAX_HEADER:
        return  # a header of 640 bytes starts like a pickle, so this comes first
    for magic, what in IMPOSTORS.items():
        if start.startswith(magic):
            raise LoraFileError(f"{name} is {what}.", WANTED)
    if start[0] == 0x80 and start[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        raise LoraFileError(f"{name} is {PICKLE}.", WANTED)
    if len(start) <= 8:
        raise LoraFileError(f"{name} is cut short: it ends before its header.", AGAIN)
    if start[8:9] != b"{":
        raise LoraFileError(f"{name} is not a safetensors file.", WANTED)


def _parse(name: str, raw: bytes, data: int) -> Header:
    try:
        header = parse_json(raw)
    except ValueError as error:
        raise LoraFileError(f"The header of {name} is damaged: it is not valid JSON.", AGAIN) from error
    if not isinstance(header, dict):
        raise _damaged(name, "not a table")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _damaged(name, "metadata that is not text")
    entries: dict[str, TensorEntry] = {}
    spans: list[tuple[int, int]] = []
    for key, described in header.items():
        if len(key) > MAX_NAME:
            raise _damaged(name, f"a tensor whose name has {len(key)} characters")
        entry, span = _entry(name, described)
        entries[key] = entry
        spans.append(span)
    end = 0
    for begin, stop in sorted(spans):
        if begin != end:
            raise _damaged(name, "tensors that overlap or leave gaps")
        end = stop
    if end > data:
        raise LoraFileError(f"{name} is cut short: {end - data} bytes are missing at its end.", AGAIN)
    if end < data:
        raise LoraFileError(f"{name} has {data - end} bytes at its end that belong to no tensor.", AGAIN)
    return Header(metadata, entries)


def _entry(name: str, described: Any) -> tuple[TensorEntry, tuple[int, int]]:
    if not isinstance(described, dict) or described.keys() != {"dtype", "shape", "data_offsets"}:
        raise _damaged(name, "a tensor without type, shape or place")
    dtype, shape, place = described["dtype"], described["shape"], described["data_offsets"]
    if not (_naturals(shape) and _naturals(place) and len(place) == 2 and len(shape) <= 8):
        raise _damaged(name, "a tensor whose shape or place is no list of whole numbers")
    if not isinstance(dtype, str) or dtype not in SIZES:
        raise LoraFileError(
            f"{name} stores numbers of an unknown type.", "Save the LoRA with 16 or 32-bit floating-point numbers."
        )
    if place[1] - place[0] != SIZES[dtype] * prod(shape):
        raise _damaged(name, "a tensor whose shape does not fill its place")
    return TensorEntry(dtype, tuple(shape)), (place[0], place[1])


def _naturals(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 2**40 for n in value)


def _damaged(name: str, what: str) -> LoraFileError:
    return LoraFileError(f"The header of {name} is damaged: it describes {what}.", AGAIN)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a key stands twice")
    return table


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")

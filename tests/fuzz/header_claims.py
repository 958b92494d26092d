"""For every cause that the reader of headers gives: whether it is so, by the standard library alone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

Holds = Callable[[str, bytes], bool]
# As safetensors 0.8 lists them in its own message.
TYPES = {"BOOL", "F4", "F6_E2M3", "F6_E3M2", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ"}
TYPES |= {"F8_E5M2FNUZ", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "C64", "F64", "I64", "U64"}
FIELDS = {"dtype", "shape", "data_offsets"}


def numbers(problem: str) -> list[int]:
    return [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", problem)]


def length(raw: bytes) -> int:
    return int.from_bytes(raw[:8], "little")


def text(raw: bytes) -> str:
    return raw[8 : 8 + length(raw)].decode("utf-8")


def table(raw: bytes) -> dict[str, Any]:
    # Python refuses to make an integer of more digits.
    return json.loads(text(raw), parse_int=lambda n: int(n) if len(n) <= 4300 else float(n))  # type: ignore[no-any-return]


def entries(raw: bytes) -> list[Any]:
    return [value for key, value in table(raw).items() if key != "__metadata__"]


def beyond(raw: bytes) -> int:
    """Bytes that the tensors need more than there are."""
    return max((e["data_offsets"][1] for e in entries(raw)), default=0) - (len(raw) - 8 - length(raw))


def is_json(raw: bytes) -> bool:
    def no(name: str) -> None:
        raise ValueError(name)

    try:
        json.loads(text(raw), parse_constant=no, parse_int=str)
    except ValueError:
        return False
    return True


def twice(problem: str, raw: bytes) -> bool:
    found: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found.extend(key for i, (key, _) in enumerate(items) if key in [before for before, _ in items[:i]])
        return dict(items)

    json.loads(text(raw), object_pairs_hook=pairs, parse_int=str)
    return bool(found)


def depth(raw: bytes) -> int:
    """Of the brackets outside of texts."""
    deepest = level = 0
    for bracket in re.sub(r'"(?:[^"\\]|\\.)*("|$)', "", text(raw)):
        level += bracket in "[{"
        level -= bracket in "]}"
        deepest = max(deepest, level)
    return deepest


def natural_lists(raw: bytes) -> bool:
    def good(value: Any) -> bool:
        return isinstance(value, list) and all(type(n) is int and 0 <= n < 2**64 for n in value)

    tensors = [e for e in entries(raw) if isinstance(e, dict) and e.keys() >= FIELDS]
    # Python takes "-0" for a whole number; safetensors does not.
    minus = re.search(r"[\[, ]-0[\], ]", re.sub(r'"(?:[^"\\]|\\.)*"', "", text(raw))) is not None
    return not minus and all(
        good(e["shape"]) and good(e["data_offsets"]) and len(e["data_offsets"]) == 2 for e in tensors
    )


def unfilled(entry: Any) -> bool:
    """Whether an entry's shape and type need other bytes than its place has."""
    if not isinstance(entry, dict) or not entry.keys() >= FIELDS or str(entry["dtype"]) not in TYPES:
        return False
    name, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not all(type(n) is int for n in [*shape, *place]) or len(place) != 2:
        return False
    bits = int(re.sub(r"E\dM\d.*|\D", "", name.replace("BOOL", "8")))
    return math.prod(shape) * bits != (place[1] - place[0]) * 8


def joined(raw: bytes) -> bool:
    """Whether the tensors follow each other without gap or overlap, from the first byte on."""
    places = sorted(entry["data_offsets"] for entry in entries(raw))
    return [begin for begin, _ in places] == [0, *(end for _, end in places)][:-1]


def begins(*starts: bytes) -> Holds:
    return lambda _, raw: raw.startswith(starts)


def metadata_value(problem: str, raw: bytes) -> bool:
    found = table(raw)["__metadata__"]
    return isinstance(found, dict) and any(not isinstance(value, str) for value in found.values())


def undecodable(_: str, raw: bytes) -> bool:
    try:
        text(raw)
    except UnicodeDecodeError:
        return True
    return False


CLAIMS: tuple[tuple[str, Holds], ...] = (
    (r" is empty\.", lambda _, raw: len(raw) == 0),
    (
        r"ends inside its header",
        lambda p, raw: numbers(p) == [length(raw), len(raw) - 8] and len(raw) < 8 + length(raw),
    ),
    (r"ends before its header", lambda p, raw: numbers(p) == [len(raw)] and len(raw) <= 8),
    (r"bytes are missing at its end", lambda p, raw: numbers(p) == [beyond(raw)]),
    (r"bytes at its end that belong to no tensor", lambda p, raw: numbers(p) == [-beyond(raw)]),
    (r"is not UTF-8", undecodable),
    (r"nested more deeply", lambda _, raw: depth(raw) > 127),
    (r"has two entries with the name", twice),
    (r"is not valid JSON", lambda _, raw: not is_json(raw)),
    (r"half a character", lambda _, raw: re.search(r"\\u[dD][89a-fA-F]", text(raw)) is not None),
    (r"The metadata of .* are ", lambda _, raw: not isinstance(table(raw)["__metadata__"], dict)),
    (r"The metadata of .* hold ", metadata_value),
    (r"whose name has", lambda p, raw: max(map(len, table(raw))) >= numbers(p)[0] > 512),
    (
        r"in another form than by type, shape and place",
        lambda _, raw: any(not isinstance(e, dict) or not e.keys() >= FIELDS for e in entries(raw)),
    ),
    (r"says more of", lambda _, raw: any(isinstance(e, dict) and len(e.keys() - FIELDS) > 0 for e in entries(raw))),
    (r"that is no list of whole numbers", lambda _, raw: not natural_lists(raw)),
    (
        r"numbers of an unknown type",
        lambda _, raw: any(isinstance(e, dict) and str(e.get("dtype")) not in TYPES for e in entries(raw)),
    ),
    (r"an impossible size", lambda _, raw: any(n > 2**20 for e in entries(raw) for n in e["shape"])),
    (r"that does not fill its place", lambda _, raw: any(map(unfilled, entries(raw)))),
    (r"that overlap or leave gaps", lambda _, raw: natural_lists(raw) and not joined(raw)),
    (r"would have .* bytes; at most 100 MB", lambda p, raw: numbers(p)[0] == length(raw) > 10**8),
    (r"no JSON table begins", lambda _, raw: raw[8:].lstrip(b" \t\r\n")[:1] != b"{"),
    (r" is a ZIP archive", begins(b"PK")),
    (r" Python pickle", begins(b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")),
    (r" is a web page", lambda _, raw: b"<!doctype html" in raw[:600].lower() or b"<html" in raw[:600].lower()),
    (r" is a GGUF file", begins(b"GGUF")),
    (r" begins as a JSON text does", lambda _, raw: raw.lstrip()[:1] == b"{"),
    (r" is a picture \(PNG\)", begins(b"\x89PNG")),
    (r" is a picture \(JPEG\)", begins(b"\xff\xd8\xff")),
    (r" is a picture \(WebP\)", lambda _, raw: raw[:4] == b"RIFF" and raw[8:12] == b"WEBP"),
    (r" is a gzip archive", begins(b"\x1f\x8b")),
    (r" is a Git LFS pointer", begins(b"version https://git-lfs")),
)
# What is more than the demo reads, or could be read in two ways: safetensors may open these.
READ_ALL_THE_SAME = (r"has two entries with the name", r"whose name has", r"in another form than by", r"says more of")

# Of headers that are read: causes by which the file is refused all the same.
RANKS: tuple[tuple[str, Holds], ...] = (
    (r"holds no tensor at all", lambda _, raw: not entries(raw)),
    (r"holds no LoRA layer", lambda _, raw: not any("lora" in key for key in table(raw))),
    (r"holds several adapters", lambda _, raw: len(entries(raw)) > 1),
    (
        r"The ranks of A",
        lambda p, raw: any(n in e["shape"] for e in entries(raw) for n in numbers(p)[:1]),
    ),
    (r" stores .* as ", lambda p, raw: any(f" as {e['dtype']}," in p for e in entries(raw))),
    (r"kernel of", lambda _, raw: any(len(e["shape"]) == 4 for e in entries(raw))),
    (r"impossible shape", lambda _, raw: any(len(e["shape"]) not in {2, 4} or 0 in e["shape"] for e in entries(raw))),
)

"""Walks over what picture files consist of: JPEG's segments, PNG's and WebP's chunks, the boxes of HEIC and AVIF.

None of them trusts a length. They end early where something else stands than such a part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import islice
from typing import Any, ParamSpec

P = ParamSpec("P")
MOST_PARTS = 50_000  # of a file
PNG_HEAD = 8  # bytes of signature
STANDALONE = {0x01, *range(0xD0, 0xD9)}  # JPEG's markers without a length
SOS, EOI, APP0, APP1, APP14, APP15, COM = 0xDA, 0xD9, 0xE0, 0xE1, 0xEE, 0xEF, 0xFE
FOLLOWING = re.compile(rb"[^\xff]")  # what comes after filling
IN_HEADER = re.compile(rb"\xff[\xc0-\xc2\xc4\xdb\xdd\xe0-\xef\xfe]")  # a marker of a JPEG's header
FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # markers of the segment that gives the size
MOST_METADATA, MOST_TRIED = 1 << 20, 2000  # bytes and markers that are searched where a length is wrong
MOST_SEGMENTS = 200  # of a header that is found so
Segment = tuple[int, int, int]  # marker, start, end


def _few(walk: Callable[P, Iterator[tuple[Any, int, int]]]) -> Callable[P, Iterator[tuple[Any, int, int]]]:
    """A walk that gives up where a file consists of more parts than any photo does."""

    @wraps(walk)
    def limited(*arguments: P.args, **options: P.kwargs) -> Iterator[tuple[Any, int, int]]:
        for count, part in enumerate(walk(*arguments, **options)):
            if count == MOST_PARTS:
                raise TooManyPartsError(f"it consists of more than {MOST_PARTS:,} parts")
            yield part

    return limited


class TooManyPartsError(ValueError):
    """Nobody's photo is made so, and it would take long."""


@_few
def segments(data: bytes, at: int = 2) -> Iterator[Segment]:
    """JPEG's segments from ``at`` up to its first scan: marker, start, end; the end may lie beyond the data's.

    Ends early where something else stands than a segment.
    """
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            following = FOLLOWING.search(data, at + 1)
            if following is None:
                return
            at = following.start() - 1
            continue
        if marker in STANDALONE:
            at += 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4])
        if size < 2 or marker in {0, EOI}:
            return
        yield marker, at, at + 2 + size
        if marker == SOS:
            return
        at += 2 + size


def mended(data: bytes) -> list[Segment]:
    """JPEG's segments up to its first scan, also where metadata among them are not as long as they say.

    What follows is looked for within them then. A preview in them may look the same: the largest picture is taken.
    """
    found = list(segments(data))
    if found and found[-1][0] == SOS:
        return found
    while found and not is_metadata(found[-1][0]):
        found.pop()
    begin = found.pop()[1] if found else 2
    best, largest = list[Segment](), 0
    for match in islice(IN_HEADER.finditer(data, begin, begin + MOST_METADATA), MOST_TRIED):
        chain = list(islice(segments(data, match.start()), MOST_SEGMENTS))
        if not chain or chain[-1][0] != SOS:
            continue
        sizes = [data[start + 5 : start + 9] for marker, start, _ in chain if marker in FRAMES]
        area = int.from_bytes(sizes[0][:2]) * int.from_bytes(sizes[0][2:]) if sizes else 0
        if area > largest:
            best, largest = chain, area
    return found + best


def is_metadata(marker: int) -> bool:
    """Whether a JPEG's segment is an application's own or a comment."""
    return APP0 <= marker <= APP15 or marker == COM


@_few
def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """PNG's chunks: kind, start, end with the checksum; only whole ones, but for the last."""
    at = PNG_HEAD
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4])
        kind = data[at + 4 : at + 8]
        if end > len(data):
            if kind == b"IDAT":  # what there is of it
                yield kind, at, len(data)
            return
        yield kind, at, end
        if kind == b"IEND":
            return
        at = end


@_few
def riff(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """WebP's chunks: kind, start, end."""
    at, last = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= last:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], at, min(last, at + 8 + size)
        at += 8 + size + size % 2


@_few
def boxes(data: bytes, at: int, end: int | None) -> Iterator[tuple[bytes, int, int]]:
    """Boxes of the MP4 family: kind, start of the content, end; the end may lie beyond the data's."""
    last = len(data) if end is None else end
    while at + 8 <= last:
        size, start = int.from_bytes(data[at : at + 4]), at + 8
        kind = data[at + 4 : at + 8]
        if size == 1:  # the length follows in 64 bits
            size, start = int.from_bytes(data[at + 8 : at + 16]), at + 16
        elif size == 0:  # up to the end
            size = last - at
        yield kind, start, at + size
        if at + size < start:
            return
        at += size


def reach(data: bytes, at: int, end: int) -> int:
    """Where the last of the pictures ends that an ``iloc`` box among these lists; 0 if that cannot be read."""
    last = 0
    try:
        for kind, start, box_end in boxes(data, at, end):
            if kind != b"iloc":
                continue
            version, sizes = data[start], int.from_bytes(data[start + 4 : start + 6])
            widths = [sizes >> shift & 15 for shift in (12, 8, 4)]  # of an offset, a length, a base offset
            index = sizes & 15 if version else 0
            number = 4 if version == 2 else 2
            place = start + 6 + number
            for _ in range(int.from_bytes(data[start + 6 : place])):
                inside = version and data[place + number + 1] & 15  # counted from elsewhere
                place += number + (4 if version else 2)
                base = int.from_bytes(data[place : place + widths[2]])
                place += widths[2] + 2
                for _ in range(int.from_bytes(data[place - 2 : place])):
                    place += index
                    offset = int.from_bytes(data[place : place + widths[0]])
                    size = int.from_bytes(data[place + widths[0] : place + widths[0] + widths[1]])
                    place += widths[0] + widths[1]
                    if place > box_end:
                        return 0
                    last = last if inside else max(last, base + offset + size)
    except IndexError:
        return 0
    return last

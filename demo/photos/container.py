"""What a picture file is made of: its pixels apart from its metadata, and whether its end is there.

Metadata are what decoders stumble over: a profile of many megabytes, a damaged table, a wrong checksum. So the decoder
gets the pixels alone. A file whose parts cannot be told apart goes to it as it is.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from demo.photos.formats import AVIF, HEIC, JPEG, PNG, WEBP, PhotoFormat
from demo.photos.walks import (
    APP0,
    APP1,
    APP14,
    EOI,
    PNG_HEAD,
    SOS,
    boxes,
    chunks,
    is_metadata,
    mended,
    reach,
    riff,
    segments,
)

LARGEST_PROFILE = 1 << 20  # bytes of EXIF packed in a PNG's text
PNG_END = b"IEND\xaeB`\x82"
PALETTE = 3  # PNG's colour type
TRNS_BYTES = {0: 2, 2: 6}  # PNG's colour type -> length of its transparency; a palette's has up to 256
WEBP_PIXELS = {b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"}
WEBP_METADATA_FLAGS = 0x20 | 0x08 | 0x04  # in VP8X: a profile, EXIF, XMP
IN_SCAN = re.compile(rb"\xff+([\x02-\xcf\xd8-\xfe])")  # a marker that ends a JPEG's scan
XMP_IN_JPEG = b"http://ns.adobe.com/xap/1.0/\0"


@dataclass(frozen=True)
class Parts:
    """A file taken apart."""

    pixels: bytes  # a file of the same format without metadata
    exif: bytes = b""
    xmp: bytes = b""


def apart(data: bytes, known: PhotoFormat) -> Parts:
    """A file's pixels, and what its metadata say; not so of HEIC and AVIF, which say elsewhere how they are turned.

    Raises:
        TooManyPartsError: a file that nobody's camera wrote.
    """
    try:
        if known is JPEG:
            return _jpeg(data)
        if known is PNG:
            return _png(data)
        if known is WEBP:
            return _webp(data)
        if known in {HEIC, AVIF}:
            return Parts(_unnamed(data))
    except (struct.error, IndexError):  # it ends within a part that is needed
        pass
    return Parts(data)


def ends_early(data: bytes, known: PhotoFormat) -> bool:
    """Whether a file stops before the end that its format has, or that its own sizes announce."""
    if known is JPEG:
        return _jpeg_ends_early(data)
    if known is PNG:
        return not data.endswith(PNG_END) and not any(kind == b"IEND" for kind, _, _ in chunks(data))
    if known is WEBP:
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    end = 0
    for kind, start, end in boxes(data, 0, None):
        if end < start:
            return False  # a size that cannot be
        if kind == b"meta" and end <= len(data) and reach(data, start + 4, end) > len(data):
            return True
    return end > len(data) or 0 < len(data) - end < 8


def _jpeg(data: bytes) -> Parts:
    kept, exif, xmp = [data[:2]], b"", b""
    for marker, start, end in mended(data):
        body = data[start + 4 : end]
        if marker == SOS:
            return Parts(b"".join((*kept, data[start:])), exif, xmp)
        if marker == APP1 and body.startswith(b"Exif\0"):
            exif = exif or body
        elif marker == APP1 and body.startswith(XMP_IN_JPEG):
            xmp = xmp or body
        # These two say how the colours are coded.
        elif marker == APP0 and body.startswith(b"JFIF\0") and len(body) >= 14:
            kept.append(b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0")
        elif (marker == APP14 and body.startswith(b"Adobe") and len(body) >= 12) or not is_metadata(marker):
            kept.append(data[start:end])
    return Parts(data, exif, xmp)


def _jpeg_ends_early(data: bytes) -> bool:
    if data.rstrip(b"\0").endswith(b"\xff\xd9"):
        return False
    header = list(segments(data))
    last, _, at = header[-1] if header else (0, 0, 2)
    if last != SOS:  # cut within the header, unless something else stands there
        return at > len(data) - 4 and not data[at : at + 1].strip(b"\xff")
    while found := IN_SCAN.search(data, at):
        if found[1][0] == EOI:
            return False
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
    return True


def _png(data: bytes) -> Parts:
    kept, exif, xmp = [data[:PNG_HEAD]], b"", b""
    colour = data[25]
    for kind, start, end in chunks(data):
        body = data[start + 8 : end - 4]
        needed = kind[0] & 0x20 == 0 and (kind != b"PLTE" or colour == PALETTE)
        if needed or (kind == b"tRNS" and _transparency(data, start, end, colour)):
            kept.append(data[start:end])
        elif kind == b"eXIf":
            exif = body
        elif kind == b"iTXt" and body.startswith(b"XML:com.adobe.xmp\0"):
            xmp = body
        elif kind in {b"tEXt", b"zTXt"} and body.startswith(b"Raw profile type "):
            exif = exif or _raw_profile(body, packed=kind == b"zTXt")
    return Parts(b"".join(kept), exif, xmp)


def _transparency(data: bytes, start: int, end: int, colour: int) -> bool:
    """Whether a tRNS chunk can be: other readers pass over one that cannot."""
    size = end - start - 12
    fits = 0 < size <= 256 if colour == PALETTE else size == TRNS_BYTES.get(colour)
    return fits and zlib.crc32(data[start + 4 : end - 4]) == int.from_bytes(data[end - 4 : end])


def _raw_profile(body: bytes, *, packed: bool) -> bytes:
    """EXIF as ImageMagick put it into a PNG's text: a name, a length, and hexadecimal digits."""
    name, _, text = body.partition(b"\0")
    if name not in {b"Raw profile type exif", b"Raw profile type APP1"}:
        return b""
    try:
        if packed:
            text = zlib.decompressobj().decompress(text[1:], LARGEST_PROFILE)
        return bytes.fromhex("".join(text[:LARGEST_PROFILE].decode("ascii").split("\n")[3:]))
    except (zlib.error, ValueError):
        return b""


def _webp(data: bytes) -> Parts:
    kept, exif, xmp = [], b"", b""
    for kind, at, end in riff(data):
        body = data[at + 8 : end]
        if kind == b"VP8X" and body:
            body = bytes([body[0] & ~WEBP_METADATA_FLAGS]) + body[1:]
        if kind in WEBP_PIXELS:  # the length as it stands there: what is cut short stays so
            kept.append(data[at : at + 8] + body + bytes(len(body) % 2))
        elif kind == b"EXIF":
            exif = exif or body
        elif kind == b"XMP ":
            xmp = xmp or body
    inside = b"WEBP" + b"".join(kept)
    return Parts(b"RIFF" + struct.pack("<I", len(inside)) + inside, exif, xmp)


def _unnamed(data: bytes) -> bytes:
    """HEIC or AVIF whose EXIF and XMP are of no kind that decoders look for: nothing moves, all places stay right."""
    found = bytearray(data)
    for kind, start, end in boxes(data, 0, None):
        if kind != b"meta" or end > len(data):
            continue
        for inner, table, table_end in boxes(data, start + 4, end):
            if inner != b"iinf" or table_end > end:
                continue
            entries = table + (6 if data[table] == 0 else 8)
            for entry, item, item_end in boxes(data, entries, table_end):
                place = item + (8 if data[item] == 2 else 10)
                fits = entry == b"infe" and data[item] >= 2 and place + 4 <= item_end <= table_end
                if fits and data[place : place + 4] in {b"Exif", b"mime"}:
                    found[place : place + 4] = b"free"
    return bytes(found)

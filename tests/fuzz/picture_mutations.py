"""Ways to spoil a picture file, each from a seeded source of chance."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Any

from tests.fuzz.picture_seeds import Seed, boxes, chunk, chunks, joined_riff, riff, seeds, segment, segments

MAGICS = {  # of others -> what messages call them
    b"GIF89a": "a GIF",
    b"II*\0\x08\0\0\0\0\0": "a TIFF",
    b"8BPS\0\1": "a Photoshop file",
    b"%PDF-1.7\n": "a PDF",
    b"PK\3\4": "a ZIP archive",
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cjP  \r\n\x87\n": "a JPEG 2000 picture",
    b"FUJIFILMCCD-RAW ": "a camera raw file (RAF)",
    b"\0\0\0\x18ftypcrx \0\0\0\1": "a camera raw file (CR3)",
    b"\0\0\0\x14ftypqt  \0\0\0\0qt  ": "a video",
    b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom": "a video",
    b"\x1a\x45\xdf\xa3": "a video",
    b"RIFF\x24\0\0\0AVI ": "a video",
    b"\0\5\x16\7": "what macOS keeps beside a file",
    b"bplist00": "a property list",
    b"<!DOCTYPE html>": "a web page",
}
JPEG_METADATA = [*range(0xE1, 0xEE), 0xEF, 0xFE]
PNG_METADATA = (
    b"iCCP",
    b"tEXt",
    b"zTXt",
    b"iTXt",
    b"eXIf",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"pHYs",
    b"tIME",
    b"bKGD",
    b"sBIT",
)
PNG_METADATA += (b"hIST", b"sPLT", b"acTL", b"fcTL", b"fdAT", b"caBX", b"orNT", b"xyZz", b"iDOT", b"cICP")
BEGINNINGS = (
    b"Exif\0\0",
    b"Exif\0\0II*\0\x08\0\0\0",
    b"ICC_PROFILE\0\1\1",
    b"MPF\0MM\0*",
    b"Photoshop 3.0\08BIM",
    b"JFXX\0",
)
BEGINNINGS += (
    b"http://ns.adobe.com/xap/1.0/\0",
    b"XML:com.adobe.xmp\0\1\0\0\0",
    b"Raw profile type exif\0\0",
    b"k\0\0x\x9c",
    b"",
)
Chance = random.Random
Mutation = Callable[[Seed, Chance], bytes]


def metadata(seed: Seed, chance: Chance) -> bytes:
    """Only what says something of the picture is changed: its pixels stay whole, and so it must be taken."""
    return {"JPEG": _jpeg_metadata, "PNG": _png_metadata, "WebP": _webp_metadata}.get(seed.kind, _heif_metadata)(
        seed.data, chance
    )


def flipped(seed: Seed, chance: Chance) -> bytes:
    """A few bytes are others."""
    data = bytearray(seed.data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def in_header(seed: Seed, chance: Chance) -> bytes:
    """A few bytes near the beginning, where sizes and types stand."""
    data = bytearray(seed.data)
    for _ in range(chance.choice((1, 2, 3))):
        data[chance.randrange(4, min(len(data), 400))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(data)


def cut(seed: Seed, chance: Chance) -> bytes:
    """The end is missing."""
    return seed.data[: chance.randrange(len(seed.data))]


def sized(seed: Seed, chance: Chance) -> bytes:
    """The header gives other numbers of pixels."""
    width, height = (chance.choice((0, 1, 17, 255, 4096, 7072, 16383, 65535)) for _ in range(2))
    data = seed.data
    if seed.kind == "PNG":
        rest = data[24:29] if chance.random() < 0.8 else bytes(chance.randrange(256) for _ in range(5))
        return data[:8] + chunk(b"IHDR", struct.pack(">II", width, height) + rest) + data[33:]
    if seed.kind == "JPEG":
        at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
        return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]
    if seed.kind == "WebP":
        at = data.find(b"VP8X")
        if at < 0:
            return flipped(seed, chance)
        return data[: at + 12] + struct.pack("<I", width)[:3] + struct.pack("<I", height)[:3] + data[at + 18 :]
    at = data.find(b"ispe")
    return data[: at + 8] + struct.pack(">II", width, height) + data[at + 16 :]


def rebuilt(seed: Seed, chance: Chance) -> bytes:
    """Parts are left out, doubled or in another order."""
    data = seed.data
    if seed.kind == "JPEG":
        return b"".join(_shuffled(segments(data), chance))
    if seed.kind == "PNG":
        return data[:8] + b"".join(chunk(*part) for part in _shuffled(chunks(data), chance))
    if seed.kind == "WebP":
        return joined_riff(_shuffled(riff(data), chance))
    return b"".join(_shuffled(boxes(data), chance))


def lengths(seed: Seed, chance: Chance) -> bytes:
    """One part says another length than it has."""
    data, at = bytearray(seed.data), 0
    if seed.kind == "JPEG":
        parts = segments(seed.data)[1:]
        at = 2 + sum(map(len, parts[: chance.randrange(len(parts))])) + 2
        data[at : at + 2] = struct.pack(">H", chance.choice((0, 1, 2, 3, 17, 0xFFFF, chance.randrange(65536))))
        return bytes(data)
    names = {
        "PNG": (b"IHDR", b"IDAT", b"IEND", b"PLTE", b"tRNS"),
        "WebP": (b"RIFF", b"VP8X", b"VP8 ", b"VP8L", b"EXIF"),
    }
    name = chance.choice(names.get(seed.kind, (b"ftyp", b"meta", b"iinf", b"iloc", b"iprp", b"ipco", b"mdat", b"infe")))
    at = seed.data.find(name)
    if at < 0:
        return flipped(seed, chance)
    size = chance.choice((0, 1, 2, 7, 8, 2**31, 2**32 - 1, chance.randrange(600)))
    place = at + 4 if seed.kind == "WebP" else at - 4
    data[place : place + 4] = struct.pack("<I" if seed.kind == "WebP" else ">I", size)
    return bytes(data)


def spliced(seed: Seed, chance: Chance) -> bytes:
    """The beginning of one and the end of another."""
    other = chance.choice(seeds()).data
    return seed.data[: chance.randrange(len(seed.data))] + other[chance.randrange(len(other)) :]


def other_kind(seed: Seed, chance: Chance) -> bytes:
    """A file of another kind, or of none."""
    magic = chance.choice((*MAGICS, b""))
    tail = chance.choice((seed.data, chance.randbytes(chance.randrange(600)), b"", b"words\n" * chance.randrange(50)))
    return magic + tail


MUTATIONS: tuple[Mutation, ...] = (
    metadata,
    metadata,
    flipped,
    in_header,
    cut,
    sized,
    rebuilt,
    lengths,
    spliced,
    other_kind,
)


def _body(chance: Chance) -> bytes:
    return chance.choice(BEGINNINGS) + chance.randbytes(chance.choice((0, 1, 2, 7, 30, 200)))


def _jpeg_metadata(data: bytes, chance: Chance) -> bytes:
    parts = [
        _spoiled(part, 4, chance) if part[1] in JPEG_METADATA and chance.random() < 0.5 else part
        for part in segments(data)
    ]
    for _ in range(chance.choice((1, 1, 3))):
        parts.insert(chance.randrange(1, len(parts)), segment(chance.choice(JPEG_METADATA), _body(chance)))
    return b"".join(parts)


def _png_metadata(data: bytes, chance: Chance) -> bytes:
    parts = []
    for kind, body in chunks(data):
        spoil = kind in PNG_METADATA and chance.random() < 0.5
        parts.append(chunk(kind, _spoiled(body, 0, chance) if spoil else body))
    for _ in range(chance.choice((1, 1, 3))):
        checksum = chance.choice((None, None, 0))
        made = chunk(chance.choice(PNG_METADATA), _body(chance), checksum)
        parts.insert(chance.choice((1, len(parts) - 1, 1)), made)
    return data[:8] + b"".join(parts)


def _webp_metadata(data: bytes, chance: Chance) -> bytes:
    parts = riff(data)
    if parts[0][0] != b"VP8X":  # simple files have no place for it but the end
        return joined_riff([*parts, (chance.choice((b"EXIF", b"XMP ", b"ABCD")), _body(chance))])
    names = (b"EXIF", b"XMP ", b"ICCP")
    parts = [(kind, _spoiled(body, 0, chance)) if kind in names else (kind, body) for kind, body in parts]
    parts.append((chance.choice((b"EXIF", b"XMP ", b"ABCD")), _body(chance)))
    return joined_riff(parts)


def _heif_metadata(data: bytes, chance: Chance) -> bytes:
    spoiled = bytearray(data)
    for begin, length in ((b"MM\0*", 40), (b"<x:xmpmeta>", 20), (bytes(range(40)), 100)):
        at = data.find(begin)
        if at >= 0:
            spoiled[at : at + length] = _spoiled(data[at : at + length], 0, chance)
    return bytes(spoiled) + struct.pack(">I", 16) + b"free" + chance.randbytes(8)


def _spoiled(part: bytes, kept: int, chance: Chance) -> bytes:
    """The same length, its first ``kept`` bytes as they were."""
    body = bytearray(part)
    for _ in range(chance.choice((1, 4, 40))):
        if len(body) > kept:
            body[chance.randrange(kept, len(body))] = chance.randrange(256)
    return bytes(body)


def _shuffled(parts: list[Any], chance: Chance) -> list[Any]:
    made = list(parts)
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.randrange(len(made))
        what = chance.choice(("out", "twice", "moved"))
        part = made.pop(at) if what != "twice" else made[at]
        if what != "out":
            made.insert(chance.randrange(len(made) + 1), part)
        if not made:
            break
    return made

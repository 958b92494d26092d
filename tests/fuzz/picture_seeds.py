"""Tiny valid pictures to begin from, all drawn here, and their files taken apart and put together again."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pillow_heif
from PIL import Image, PngImagePlugin

PNG_HEAD = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Seed:
    """A file that every reader takes."""

    kind: str  # as messages call it
    data: bytes


@cache
def seeds() -> tuple[Seed, ...]:
    """Of each format several: grey, with transparency, animated, with and without metadata."""
    pillow_heif.register_heif_opener()
    rng = np.random.default_rng(20)
    noise = Image.fromarray(rng.integers(0, 256, (16, 24, 3), dtype=np.uint8))
    slope = Image.fromarray(np.linspace(0, 255, 20 * 32 * 3).reshape(20, 32, 3).astype(np.uint8))
    clear = Image.fromarray(rng.integers(0, 256, (16, 16, 4), dtype=np.uint8), "RGBA")
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    told = {"exif": exif.tobytes(), "icc_profile": bytes(range(200)), "xmp": b"<x:xmpmeta>words</x:xmpmeta>"}
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "a" * 300, zip=True)
    words.add_text("Title", "b")
    words.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")
    png = {name: told[name] for name in ("exif", "icc_profile")}
    found = [
        *(_made("JPEG", noise, **some) for some in ({}, {"progressive": True}, told, {"comment": b"words"})),
        _made("JPEG", noise.convert("L")),
        _made("JPEG", slope.convert("CMYK")),
        *(_made("PNG", picture) for picture in (noise, clear, noise.convert("1"), noise.convert("L"))),
        _made("PNG", slope.quantize(9), transparency=3),
        _made("PNG", Image.fromarray(rng.integers(0, 65536, (8, 8), dtype=np.uint16))),
        _made("PNG", noise, pnginfo=words, **png),
        _made("PNG", noise, save_all=True, append_images=[noise.rotate(180)]),
        *(_made("WEBP", noise, **some) for some in ({}, {"lossless": True}, told)),
        _made("WEBP", clear, **told),
        _made("WEBP", noise, save_all=True, append_images=[noise.rotate(180)]),
        *(_made("HEIF", picture, **some) for picture, some in ((noise, {}), (slope, told), (clear, {}))),
        *(_made("AVIF", picture, **some) for picture, some in ((noise, {}), (slope, told), (clear, {}))),
    ]
    return tuple(found)


def _made(kind: str, picture: Image.Image, **options: object) -> Seed:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return Seed({"WEBP": "WebP", "HEIF": "HEIC"}.get(kind, kind), out.getvalue())


def segments(data: bytes) -> list[bytes]:
    """A JPEG's segments; the last one is the first scan and all that follows."""
    found, at = [data[:2]], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        found.append(data[at:end])
        at = end
    return [*found, data[at:]]


def segment(marker: int, body: bytes) -> bytes:
    """One of a JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """A PNG's chunks: kind and content."""
    found, at = [], 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += size + 12
    return found


def chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    """One of a PNG, with its own checksum or another."""
    right = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", right)


def riff(data: bytes) -> list[tuple[bytes, bytes]]:
    """A WebP's chunks: kind and content."""
    found, at = [], 12
    while at < len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


def joined_riff(parts: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A WebP of these chunks."""
    inside = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for kind, body in parts
    )
    return b"RIFF" + struct.pack("<I", len(inside)) + inside


def boxes(data: bytes) -> list[bytes]:
    """The outermost boxes of a HEIC or an AVIF."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4]) or len(data) - at
        found.append(data[at : at + size])
        at += size
    return found

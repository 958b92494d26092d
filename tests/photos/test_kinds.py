"""What a file is, from its first bytes."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from demo.photos.formats import ACCEPTED, FORMATS, HEAD, find_format
from demo.photos.kinds import foreign


def mp4(*brands: bytes) -> bytes:
    return struct.pack(">I", 12 + 4 * len(brands)) + b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:]) + bytes(20)


def tiff(*tags: tuple[int, int, int], order: str = "<") -> bytes:
    table = b"".join(struct.pack(f"{order}HHII", tag, 4, count, value) for tag, count, value in tags)
    begin = b"II*\0" if order == "<" else b"MM\0*"
    return begin + struct.pack(f"{order}IH", 8, len(tags)) + table + bytes(4) + b"NIKON CORPORATION\0"


def drawn(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("brands", "title"),
    [
        ((b"heic", b"mif1", b"heic"), "HEIC"),
        ((b"mif1", b"mif1", b"heic"), "HEIC"),
        ((b"heix", b"mif1", b"heix"), "HEIC"),  # Canon's .HIF
        ((b"msf1", b"hevc"), "HEIC"),
        ((b"miaf", b"mif1", b"MiHB", b"heic"), "HEIC"),
        ((b"mif1",), "HEIC"),
        ((b"avif", b"mif1", b"miaf"), "AVIF"),
        ((b"avis", b"msf1"), "AVIF"),
        ((b"mif1", b"avif", b"miaf"), "AVIF"),
        ((b"msf1", b"avis"), "AVIF"),
        ((b"miaf", b"avif"), "AVIF"),
        ((b"avif", b"heic"), "AVIF"),  # the first one decides
        ((b"heic", b"avif"), "HEIC"),
    ],
)
def test_heic_and_avif_are_told_apart_by_all_brands(brands: tuple[bytes, ...], title: str) -> None:
    found = find_format(mp4(*brands))
    assert found is not None
    assert found.title == title
    assert foreign(mp4(*brands)) is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (mp4(b"qt  ", b"qt  "), "a video"),
        (mp4(b"isom", b"iso2", b"avc1", b"mp41"), "a video"),
        (mp4(b"M4A ", b"mp42"), "a sound"),
        (mp4(b"crx ", b"isom"), "a camera raw file (CR3)"),
        (mp4(b"ab\xffd"), "a file of the MP4 family of a kind that is not known (ab\\xffd)"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "a video"),
        (b"\0\0\0\x08free\0\0\0\0ftyp", "a video or another file of the MP4 family: it does not say which"),
        (drawn("GIF"), "a GIF"),
        (drawn("BMP"), "a BMP"),
        (drawn("TIFF"), "a TIFF"),
        (b"II*\0\0\0\2\0" + bytes(60), "a TIFF or camera raw file"),  # its table comes later
        (tiff((0x100, 1, 16)), "a TIFF"),
        (tiff((0x100, 1, 16), order=">"), "a TIFF"),
        (tiff((0xFE, 1, 1), (0x14A, 2, 90)), "a camera raw file"),
        (tiff((0xC612, 4, 1)), "a camera raw file (DNG)"),
        (tiff((0x10F, 18, 26)), "a TIFF or camera raw file"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(30), "a camera raw file (CR2)"),
        (b"FUJIFILMCCD-RAW 0201", "a camera raw file (RAF)"),
        (b"\xff\x0a\xfa\x10", "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        (b"\xff\x4f\xff\x51\0", "a JPEG 2000 picture"),
        (b"8BPS\0\1", "a Photoshop file"),
        (b"PK\3\4", "a ZIP archive"),
        (b"\x1a\x45\xdf\xa3", "a video"),
        (b"RIFF\0\0\0\0AVI ", "a video"),
        (b"RIFF\0\0\0\0WAVE", "a sound"),
        (b"\0\5\x16\7\0\2", "what macOS keeps beside a file (AppleDouble)"),
        (b"<?xml version='1.0'?><!DOCTYPE plist>", "a property list"),
        (b"<?xml version='1.0'?>\n<svg/>", "an SVG drawing"),
        (b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>", "an XMP file, which holds edits and no picture"),
        (b"\n<!DOCTYPE HTML>", "a web page"),
        ("\ufeffMünchen".encode(), "a text"),
        ("Text".encode("utf-16"), "a text"),
        (("ä" * HEAD).encode()[1 : HEAD + 1], "not a picture of a known type"),
        (("aä" * HEAD).encode()[:HEAD], "a text"),  # its last letter is cut in two
        (b"\xff\xfe\0\0\x01\x02\3", "not a picture of a known type"),
        (b"BM, said the man", "a text"),
        ((200).to_bytes(8, "little") + b'{"a":', "a safetensors file"),
        (b"\1\2\3", "not a picture of a known type"),
    ],
)
def test_other_files_are_named_for_what_they_are(data: bytes, what: str) -> None:
    assert foreign(data) == what


def test_every_format_is_in_the_words_for_the_accepted_ones() -> None:
    assert [known.title for known in FORMATS] == ["JPEG", "PNG", "WebP", "HEIC", "AVIF"]
    assert ACCEPTED == "JPEG, PNG, WebP, HEIC or AVIF"

"""What a file is that is no photo of a known format, told from its first bytes: for messages."""

from __future__ import annotations

import codecs
import struct

from demo.photos.formats import HEAD, brands, coding, find_format

BEGINNINGS = (  # how the files of others begin
    (b"GIF87a", "a GIF"),
    (b"GIF89a", "a GIF"),
    (b"8BPS", "a Photoshop file"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"II\xbc\x01", "a JPEG XR picture"),
    (b"FUJIFILMCCD-RAW", "a camera raw file (RAF)"),
    (b"IIU\0", "a camera raw file (RW2)"),
    (b"IIRO", "a camera raw file (ORF)"),
    (b"IIRS", "a camera raw file (ORF)"),
    (b"MMOR", "a camera raw file (ORF)"),
    (b"II\x1a\0\0\0HEAPCCDR", "a camera raw file (CRW)"),
    (b"FOVb", "a camera raw file (X3F)"),
    (b"\0MRM", "a camera raw file (MRW)"),
    (b"qoif", "a QOI picture"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (b"\x8aMNG\r\n\x1a\n", "an MNG animation"),
    (b"\0\0\1\0", "an icon"),
    (b"%PDF", "a PDF"),
    (b"%!PS", "a PostScript file"),
    (b"PK\3\4", "a ZIP archive"),
    (b"PK\5\6", "a ZIP archive"),
    (b"Rar!\x1a\7", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"\0\0\1\xba", "a video"),
    (b"FLV\1", "a video"),
    (b"OggS", "a sound or a video"),
    (b"ID3\2", "a sound"),
    (b"ID3\3", "a sound"),
    (b"ID3\4", "a sound"),
    (b"bplist00", "a property list"),
    (b"\0\5\x16\7", "what macOS keeps beside a file (AppleDouble)"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "a database"),
    (b"L\0\0\0\1\x14\2\0", "a shortcut of Windows"),
)
RIFFS = {b"AVI ": "a video", b"WAVE": "a sound"}
SOUND_BRANDS = {b"M4A ", b"M4B "}
QUICKTIME = {b"moov", b"wide", b"pnot"}  # boxes that an old video may begin with
UNTYPED = {b"mdat", b"free", b"skip"}  # boxes that any file of the MP4 family may have, but not as its first
VIDEO_BRANDS = (b"mp4", b"iso", b"qt", b"M4V", b"3gp", b"3g2", b"avc", b"dash", b"mmp4", b"MSNV", b"XAVC", b"f4v")
MARKUP = (b"<svg", "an SVG drawing"), (b"<!doctype html", "a web page"), (b"<html", "a web page")
RAW_MAKERS = (b"NIKON", b"SONY", b"PENTAX", b"RICOH", b"OLYMPUS", b"SAMSUNG", b"HASSELBLAD", b"CANON", b"KODAK")


def foreign(data: bytes) -> str | None:
    """What ``data`` is, if it is of no format that is taken: "a GIF", "a video".

    Args:
        data: a file's first bytes, not none; :data:`demo.photos.formats.HEAD` of them are enough.
    """
    if find_format(data) is not None:
        return None
    for begin, what in BEGINNINGS:
        if data.startswith(begin):
            return what
    if data[:4] == b"RIFF":
        return RIFFS.get(data[8:12], "not a picture of a known type")
    if data[:2] == b"BM" and data[14:18] in {struct.pack("<I", size) for size in (12, 40, 52, 56, 64, 108, 124)}:
        return "a BMP"
    if data[:4] in {b"II*\0", b"MM\0*"}:
        return _tiff(data)
    if data[4:8] == b"ftyp":
        return _mp4(data)
    if data[4:8] in QUICKTIME:
        return "a video"
    if data[4:8] in UNTYPED:
        return "a video or another file of the MP4 family: it does not say which"
    if data[8:9] == b"{" and data[6:8] == b"\0\0":  # the length of a header before it
        return "a safetensors file"
    if data[257:262] == b"ustar":
        return "a tar archive"
    return _text(data) or "not a picture of a known type"


def _mp4(data: bytes) -> str:
    major = data[8:12]
    if coding(data) == "avif":  # this Pillow was built without it
        return "an AVIF picture"
    if major == b"crx ":
        return "a camera raw file (CR3)"
    if major in SOUND_BRANDS:
        return "a sound"
    if any(brand.startswith(VIDEO_BRANDS) for brand in brands(data)):
        return "a video"
    return f"a file of the MP4 family of a kind that is not known ({major.decode('ascii', 'backslashreplace')})"


def _tiff(data: bytes) -> str:
    """Raw files of most cameras are TIFFs: their first table shows a preview, or says who made the camera."""
    if data[8:10] == b"CR":
        return "a camera raw file (CR2)"
    order = "<" if data[:2] == b"II" else ">"
    tags: dict[int, tuple[int, int]] = {}  # number -> how many values, and they or their place
    try:
        (at,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, at)
        for place in range(at + 2, at + 2 + 12 * count, 12):
            tag, _, values, value = struct.unpack_from(f"{order}HHII", data, place)
            tags[tag] = values, value
    except struct.error:  # the table is not among the first bytes
        return "a TIFF or camera raw file"
    if 0xC612 in tags:
        return "a camera raw file (DNG)"
    if tags.get(0xFE, (1, 0))[1] == 1 and 0x14A in tags:  # a reduced picture first, the real one in a further table
        return "a camera raw file"
    length, place = tags.get(0x10F, (0, 0))
    maker = data[place : place + length].upper().startswith(RAW_MAKERS)
    return "a TIFF or camera raw file" if maker else "a TIFF"


def _text(data: bytes) -> str | None:
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    for begin, what in MARKUP:
        if start[: len(begin)].lower() == begin:
            return what
    if start.startswith((b"<?xml", b"<x:xmpmeta")):
        lower = start.lower()
        if b"<svg" in lower:
            return "an SVG drawing"
        if b"adobe:ns:meta" in lower:
            return "an XMP file, which holds edits and no picture"
        return "a property list" if b"<!doctype plist" in lower else "an XML file"
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    # What was read of a file may end within a letter.
    text = data[: len(data) // 2 * 2] if wide else data
    decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8")()
    try:
        told = decoder.decode(text, final=len(data) < HEAD)
    except UnicodeDecodeError:
        return None
    return "a text" if told and all(c.isprintable() or c in "\t\r\n\f\ufeff" for c in told) else None

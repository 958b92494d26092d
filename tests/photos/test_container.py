"""Metadata never spoil a photo, however large or broken; and an end that is missing is told by the container."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from demo.photos.container import apart, ends_early
from demo.photos.decode import BadPhotoError, decode
from demo.photos.formats import FORMATS, HEAD, find_format

pytestmark = pytest.mark.filterwarnings("error")
PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8))
PACKED = zlib.compress(bytes(80_000_000))
BROKEN_EXIF = (
    b"junk",
    b"",
    b"II*\0",
    b"MM\0*\xff\xff\xff\xff",
    b"II*\0\x08\0\0\0\xff\xff\x12\1",
    b"MM\0*\0\0\0\x08\0\1\1",
)


def encoded(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    PICTURE.save(out, kind, **options)
    return out.getvalue()


PNG, JPEG = encoded("PNG"), encoded("JPEG")


def chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    told = zlib.crc32(kind + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", told)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


@pytest.mark.parametrize(
    "parts",
    [
        [chunk(b"iCCP", b"profile\0\0" + PACKED)],
        [chunk(b"zTXt", b"key\0\0" + PACKED)],
        [chunk(b"iTXt", b"key\0\1\0\0\0" + PACKED)],
        [chunk(b"tEXt", b"key\0" + b"x" * 3_000_000)],
        [chunk(b"zTXt", b"k%d\0\0" % i + zlib.compress(bytes(900_000))) for i in range(90)],
        [chunk(b"zTXt", b"Raw profile type exif\0\0" + PACKED)],
        [chunk(b"iCCP", b"no end")],
        [chunk(b"tIME", b"1234567", checksum=5)],
        [chunk(b"tEXt", b"a\0b", checksum=5)],
        [chunk(b"gAMA", b"1")],
        [chunk(b"pHYs", b"")],
        [chunk(b"tRNS", b"1")],
        [chunk(b"tRNS", b"123456", checksum=5)],
        [chunk(b"eXIf", b"Exif")],
        [chunk(b"acTL", b"1")],
        [chunk(b"acTL", struct.pack(">II", 4_000_000_000, 0))],
        [chunk(b"acTL", struct.pack(">II", 2, 0)), chunk(b"fcTL", b"12")],
        [chunk(b"PLTE", b"1234")],  # only proposed, for pictures in colour
    ],
)
def test_png_is_decoded_without_what_is_no_pixel(parts: list[bytes]) -> None:
    made = decode(PNG[:33] + b"".join(parts) + PNG[33:], "me.png")
    assert made.tobytes() == PICTURE.tobytes()


@pytest.mark.parametrize(
    "parts",
    [
        *([segment(0xE1, b"Exif\0\0" + broken)] for broken in BROKEN_EXIF),
        [segment(0xE1, b"Exif\0")],
        [segment(0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff")],
        [segment(0xE2, b"MPF\0")],
        [segment(0xE2, b"ICC_PROFILE\0\5\1x")],
        [segment(0xE2, b"ICC_PROFILE\0\1\xff" + bytes(65_000))] * 200,
        [segment(0xED, b"Photoshop 3.0\x008BIM\4\4\xff")],
        [segment(0xED, b"Photoshop 3.0\x008BIM\3\xed\0\0\0\0\xff\xff")],
        [segment(0xE0, b"JFIF")],
        [segment(0xEE, b"Adobe")],
        [segment(0xFE, b"")],
        [b"\xff\xff\xff" + segment(0xFE, b"filled up")],
    ],
)
def test_jpeg_is_decoded_without_what_is_no_pixel(parts: list[bytes]) -> None:
    made = decode(JPEG[:2] + b"".join(parts) + JPEG[2:], "me.jpg")
    assert made.tobytes() == Image.open(io.BytesIO(JPEG)).convert("RGB").tobytes()


@pytest.mark.parametrize("wrong", [-2000, -70, -3, -1, 1, 3, 40, 200, 20_000])
def test_metadata_that_are_not_as_long_as_they_say(wrong: int) -> None:
    """With a preview inside, which is a whole JPEG by itself."""
    preview = io.BytesIO()
    PICTURE.resize((8, 8)).save(preview, "JPEG")
    exif = bytearray(segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + preview.getvalue() + bytes(range(200)) * 6))
    exif[2:4] = struct.pack(">H", max(0, len(exif) - 2 + wrong))
    made = decode(JPEG[:20] + bytes(exif) + JPEG[20:], "me.jpg")
    assert made.tobytes() == Image.open(io.BytesIO(JPEG)).convert("RGB").tobytes()


@pytest.mark.parametrize("kind", ["WEBP", "HEIF", "AVIF"])
@pytest.mark.parametrize(
    "broken", [b"\0" * 12, b"\xff" * 12, b"MM\0*\xff\xff\xff\xff1234", b"II*\0\x08\0\0\0\xff\xff\1\2"]
)
def test_broken_exif_of_other_formats(kind: str, broken: bytes) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    data = encoded(kind, exif=exif.tobytes(), xmp=b"\xff no XML", icc_profile=b"no profile")
    at = data.find(b"MM\0*")
    assert at > 0
    assert decode(data[:at] + broken + data[at + 12 :], "me").size == PICTURE.size


def test_colours_that_adobe_s_marker_tells_survive() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    out = io.BytesIO()
    red.save(out, "JPEG")
    data = out.getvalue()
    assert b"Adobe" in data
    made = decode(data[:2] + segment(0xE2, b"ICC_PROFILE\0\1\1") + data[2:], "me")
    assert np.abs(np.asarray(made).astype(int) - [255, 0, 0]).max() < 10


def turned(exif: bytes = b"", xmp: bytes = b"") -> list[bytes]:
    """The picture as JPEG, PNG and WebP with these metadata."""
    jpeg = segment(0xE1, b"Exif\0\0" + exif) if exif else b""
    jpeg += segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp) if xmp else b""
    png = chunk(b"eXIf", exif) if exif else b""
    png += chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp) if xmp else b""
    return [JPEG[:2] + jpeg + JPEG[2:], PNG[:33] + png + PNG[33:], encoded("WEBP", exif=exif, xmp=xmp)]


EXIFS = {
    "big": b"MM\0*\0\0\0\x08\0\1" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4),
    "little": b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4),
    "long": b"MM\0*\0\0\0\x08\0\1" + struct.pack(">HHII", 0x0112, 4, 1, 6) + bytes(4),
    "cut after it": b"MM\0*\0\0\0\x08\0\x09" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0),
}


@pytest.mark.parametrize("exif", EXIFS.values(), ids=list(EXIFS))
def test_the_orientation_is_kept_though_the_metadata_go(exif: bytes) -> None:
    for data in turned(exif):
        assert decode(data, "me").size == (24, 32)


def test_the_orientation_in_xmp_counts_where_exif_has_none() -> None:
    for data in turned(xmp=b'<x:xmpmeta><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'):
        assert decode(data, "me").size == (24, 32)
    for data in turned(EXIFS["big"], b"<tiff:Orientation>1</tiff:Orientation>"):
        assert decode(data, "me").size == (24, 32)


def test_the_orientation_that_imagemagick_puts_into_text() -> None:
    digits = EXIFS["big"].hex()
    text = f"\nexif\n{len(digits) // 2:8d}\n{digits}\n".encode()
    for made in (chunk(b"tEXt", b"Raw profile type exif\0" + text),
                 chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))):  # fmt: skip
        assert decode(PNG[:33] + made + PNG[33:], "me").size == (24, 32)


def read(data: bytes) -> bytes | str:
    """Its pixels, or what is wrong."""
    try:
        return decode(data, "me").tobytes()
    except BadPhotoError as bad:
        return bad.problem


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_what_is_cut_anywhere_is_said_to_be_so_or_is_whole(kind: str) -> None:
    data = encoded(kind)
    whole = decode(data, "me").tobytes()
    for length in range(40, len(data), 7):
        assert ends_early(data[:length], find_format(data[:HEAD]) or FORMATS[0])
        assert read(data[:length]) in {whole, "me is cut short: its end is missing."}


def damaged(data: bytes, at: int) -> bytes:
    return data[:at] + bytes(60) + data[at + 60 :]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (damaged(PNG, 60), "The decoder of PNG refuses me: "),
        (JPEG.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"), "refuses me: cannot handle 12-bit layers."),
        (JPEG.replace(b"\xff\xc0", b"\xff\xc3"), "refuses me: broken data stream when reading image file."),
        (
            PNG[:8] + chunk(b"IHDR", PNG[16:29], checksum=1) + PNG[33:],
            "refuses me: broken PNG file (bad header checksum",
        ),
        (encoded("WEBP")[:20] + bytes(40) + encoded("WEBP")[60:], "The decoder of WebP refuses me: "),
        (damaged(encoded("HEIF"), 30), "The decoder of HEIC refuses me: "),
        (damaged(encoded("AVIF"), 60), "The decoder of AVIF refuses me: "),
    ],
)
def test_what_ends_where_it_should_fails_in_the_decoder_s_words(data: bytes, words: str) -> None:
    with pytest.raises(BadPhotoError) as caught:
        decode(data, "me")
    assert caught.value.reason == "unreadable"
    assert words in caught.value.problem
    assert "damaged" not in str(caught.value)
    assert "0x" not in caught.value.problem  # no addresses


MANY = 60_000


@pytest.mark.parametrize(
    "data",
    [
        JPEG[:2] + segment(0xE1, b"") * MANY + JPEG[2:],
        PNG[:33] + chunk(b"tEXt", b"") * MANY + PNG[33:],
        b"RIFF\0\0\0\x08WEBP" + b"EXIF\0\0\0\0" * MANY,
        encoded("HEIF") + b"\0\0\0\x08free" * MANY,
    ],
)
def test_a_file_of_very_many_parts_is_given_up(data: bytes) -> None:
    assert "refuses me: it consists of more than 50,000 parts." in str(read(data))


def test_too_little_memory_is_no_fault_of_the_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", full)
    with pytest.raises(BadPhotoError) as caught:
        decode(PNG, "me")
    assert caught.value.problem == "There is not enough memory to decode me."


@pytest.mark.parametrize("make", [lambda: PNG[:20], lambda: JPEG[:4], lambda: b"RIFF\4\0\0\0WEBP", lambda: PNG[:8]])
def test_files_too_short_to_be_taken_apart(make: Callable[[], bytes]) -> None:
    data = make()
    known = find_format(data)
    assert known is not None
    assert apart(data, known).exif == b""
    with pytest.raises(BadPhotoError):
        decode(data, "me")

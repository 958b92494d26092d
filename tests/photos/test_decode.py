from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFile, ImageOps

from demo.errors import PhotoError
from demo.photos import decode as module
from demo.photos.decode import BadPhotoError, decode, label

FORMATS = ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"]


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def halves(width: int = 64, height: int = 32) -> Image.Image:
    """Red left, blue right."""
    image = Image.new("RGB", (width, height), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, width // 2, height))
    return image


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def refused(source: Path | bytes | Image.Image, name: str = "me.jpg") -> BadPhotoError:
    with pytest.raises(BadPhotoError) as caught:
        decode(source, name)
    bad = caught.value
    assert isinstance(bad, PhotoError)
    assert name in bad.problem
    assert bad.remedy
    assert bad.name == name
    return bad


@pytest.mark.parametrize("kind", FORMATS)
def test_every_accepted_format(kind: str, tmp_path: Path) -> None:
    data = encoded(halves(), kind)
    path = tmp_path / "photo"
    path.write_bytes(data)
    for source in (data, path):
        pixels = np.asarray(decode(source, "photo")).astype(int)
        assert pixels.shape == (32, 64, 3)
        assert np.abs(pixels[16, 8] - [255, 0, 0]).max() < 20
        assert np.abs(pixels[16, 56] - [0, 0, 255]).max() < 20


@pytest.mark.parametrize("kind", FORMATS)
def test_rotation_is_applied_and_metadata_dropped(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to view
    exif[0x010F] = "a camera"
    result = decode(encoded(halves(), kind, exif=exif.tobytes()), "photo")
    assert result.size == (32, 64)
    assert result.getpixel((16, 8))[0] > 200  # type: ignore[index]  # left has become top
    assert result.info == {}
    assert not result.getexif()


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    data = png(3, 1, 16, 0, b"\0" + struct.pack(">3H", 65535, 32896, 0))
    assert np.asarray(decode(data, "x"))[0, :, 0].tolist() == [255, 128, 0]


def test_sixteen_bit_colour() -> None:
    data = png(1, 1, 16, 2, b"\0" + struct.pack(">3H", 65535, 32896, 0))
    assert np.asarray(decode(data, "x")).tolist() == [[[255, 128, 0]]]


def test_palette_with_transparency_lies_on_white() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((0, 0), 1)
    result = decode(encoded(image, "PNG", transparency=1), "x")
    assert result.getpixel((0, 0)) == (255, 255, 255)
    assert result.getpixel((1, 1)) == (255, 0, 0)


def test_half_transparent_lies_on_white() -> None:
    assert decode(Image.new("RGBA", (2, 2), (0, 0, 0, 128)), "x").getpixel((0, 0)) == (127, 127, 127)


def test_cmyk() -> None:
    result = decode(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"), "x")
    assert np.abs(np.asarray(result).astype(int) - [255, 0, 0]).max() < 40


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_animation_gives_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    assert decode(data, "x").getpixel((8, 8)) == (255, 0, 0)


def test_missing_and_folder(tmp_path: Path) -> None:
    assert refused(tmp_path / "me.jpg").reason == "missing"
    assert refused(tmp_path).reason == "missing"


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "me.jpg")
    assert refused(tmp_path / "me.jpg").reason == "missing"


def test_read_error_names_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "me.jpg"
    path.write_bytes(b"x")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", denied)
    bad = refused(path)
    assert bad.reason == "unreadable"
    assert str(tmp_path) not in str(bad)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.4, 0.8])
def test_truncated(kind: str, share: float) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    assert refused(data[: int(len(data) * share)]).reason == "truncated"


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged(kind: str) -> None:
    data = encoded(halves(), kind)
    broken = data[:16] + bytes(len(data) - 16)
    assert refused(broken).reason in {"unreadable", "truncated", "bomb"}


def test_empty() -> None:
    assert refused(b"").reason == "unreadable"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (encoded(halves(), "GIF"), "GIF"),
        (encoded(halves(), "BMP"), "BMP"),
        (encoded(halves(), "TIFF"), "TIFF"),
        (b"\0\0\0\x18ftypmp42" + bytes(50), "video"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\3\4", "ZIP"),
        (b"<!doctype html>", "web page"),
        (b"hello", "a text"),
        (b"\1\2\3\4", "known type"),
    ],
)
def test_unsupported_is_recognised_by_content(data: bytes, what: str) -> None:
    bad = refused(data)
    assert bad.reason == "unsupported"
    assert what in bad.problem
    assert "JPEG" in bad.remedy


def test_too_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    path = tmp_path / "me.jpg"
    path.write_bytes(encoded(halves(), "JPEG") + bytes(1000))
    assert refused(path).reason == "too_large"
    assert refused(path.read_bytes()).reason == "too_large"


@pytest.mark.parametrize(("side", "reason"), [(7100, "too_large"), (12000, "bomb"), (30000, "bomb")])
def test_pixel_cap_comes_before_decoding(side: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", never)
    bad = refused(png(side, side, 8, 2, b"\0"))
    assert bad.reason == reason


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "HEIF", "AVIF"])
def test_pixel_cap_of_other_formats(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(halves(), kind)
    monkeypatch.setattr(module, "MAX_PIXELS", 64 * 32 - 1)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda *_: pytest.fail("decoded"))
    assert refused(data).reason == "too_large"


def test_pixel_cap_of_a_camera_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PIXELS", 10)
    assert refused(halves()).reason == "too_large"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", FORMATS)
def test_random_damage_never_escapes(kind: str) -> None:
    rng = np.random.default_rng(1)
    data = np.frombuffer(encoded(halves(), kind), dtype=np.uint8)
    for _ in range(60):
        broken = data.copy()
        broken[rng.integers(0, len(data), 4)] = rng.integers(0, 256, 4)
        with contextlib.suppress(BadPhotoError):
            assert decode(broken.tobytes(), "x").mode == "RGB"


def test_label() -> None:
    assert label("/home/anna/Photos/me.jpg") == "me.jpg"
    assert label("C:\\Users\\anna\\me.jpg") == "me.jpg"
    assert label("a\nb\x1b[31m.jpg") == "a?b?[31m.jpg"
    assert len(label("x" * 300)) == 80
    assert label("") == "The photo"


def odd_exif(turn: int) -> bytes:
    """An orientation, and a resolution that is a word: cameras write such things."""
    entries = struct.pack(">HHIHH", 0x0112, 3, 1, turn, 0) + struct.pack(">HHII", 0x011A, 2, 5, 38)
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 2) + entries + struct.pack(">I", 0) + b"wide\0"


@pytest.mark.parametrize("turn", range(1, 9))
def test_odd_exif_does_not_spoil_a_photo(turn: int) -> None:
    """Pillow's own function writes the data anew, and fails."""
    picture = Image.fromarray(np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3))
    plain = Image.Exif()
    plain[ExifTags.Base.Orientation] = turn
    usual = encoded(picture, "PNG", exif=plain)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(usual)))
    odd = encoded(picture, "PNG", exif=odd_exif(turn))
    if turn > 1:
        with pytest.raises(Exception, match=r".*"):
            ImageOps.exif_transpose(Image.open(io.BytesIO(odd)))
    assert decode(usual, "photo.png").tobytes() == upright.tobytes()
    assert decode(odd, "photo.png").tobytes() == upright.tobytes()

"""The formats of photos: a new one is one line in :data:`FORMATS`. What a file is, its bytes say, never its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import AvifImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin, features
from pillow_heif import HeifImageFile, register_heif_opener

HEAD = 4096  # bytes from a file's beginning: enough to tell what it is
HEVC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
AVIF_BRANDS = {b"avif", b"avis"}
PICTURE_BRANDS = {b"mif1", b"mif2", b"msf1", b"miaf"}  # of either: the others beside them say which

register_heif_opener()  # for whoever asks Pillow by name


@dataclass(frozen=True)
class PhotoFormat:
    """A format that is taken."""

    title: str
    decoder: type[ImageFile.ImageFile]  # Pillow's, or one that follows its rules
    begins: Callable[[bytes], bool]  # whether a file's first bytes are of this format


def brands(data: bytes) -> tuple[bytes, ...]:
    """Brands of a file of the MP4 family, the major one first; none of any other file."""
    if data[4:8] != b"ftyp":
        return ()
    end = min(int.from_bytes(data[:4]), len(data), HEAD)
    return (data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4)))


def coding(data: bytes) -> str:
    """``hevc`` or ``avif``: how the pictures of such a file are coded; "" if it says neither."""
    for some in (brands(data)[:1], brands(data)):  # the major brand decides where it says it
        if HEVC_BRANDS & {*some}:
            return "hevc"
        if AVIF_BRANDS & {*some}:
            return "avif"
    return "hevc" if PICTURE_BRANDS & {*brands(data)[:1]} else ""


JPEG = PhotoFormat("JPEG", JpegImagePlugin.JpegImageFile, lambda data: data.startswith(b"\xff\xd8\xff"))
PNG = PhotoFormat("PNG", PngImagePlugin.PngImageFile, lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"))
WEBP = PhotoFormat("WebP", WebPImagePlugin.WebPImageFile, lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP")
HEIC = PhotoFormat("HEIC", HeifImageFile, lambda data: coding(data) == "hevc")
AVIF = PhotoFormat("AVIF", AvifImagePlugin.AvifImageFile, lambda data: coding(data) == "avif")

FORMATS = (JPEG, PNG, WEBP, HEIC, *((AVIF,) if features.check("avif") else ()))  # not every Pillow is built with it
ACCEPTED = f"{', '.join(known.title for known in FORMATS[:-1])} or {FORMATS[-1].title}"


def find_format(data: bytes) -> PhotoFormat | None:
    """Of a file, from its first :data:`HEAD` bytes; None if it is of none that is taken."""
    return next((known for known in FORMATS if known.begins(data)), None)

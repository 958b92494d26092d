"""The formats of photos: a new one is one line in :data:`FORMATS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


@dataclass(frozen=True)
class PhotoFormat:
    """A format that is taken."""

    title: str
    decoder: str  # Pillow's name of it
    suffixes: tuple[str, ...]
    begins: Callable[[bytes], bool]  # whether a file's bytes are of this format


FORMATS = (
    PhotoFormat("JPEG", "JPEG", (".jpg", ".jpeg"), lambda data: data.startswith(b"\xff\xd8\xff")),
    PhotoFormat("PNG", "PNG", (".png",), lambda data: data.startswith(b"\x89PNG\r\n\x1a\n")),
    PhotoFormat("WebP", "WEBP", (".webp",), lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP"),
    PhotoFormat("HEIC", "HEIF", (".heic", ".heif"), lambda data: data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS),
)
SUFFIXES = tuple(suffix for known in FORMATS for suffix in known.suffixes)
ACCEPTED = f"{', '.join(known.title for known in FORMATS[:-1])} or {FORMATS[-1].title}"

OTHER_PICTURES = (".gif", ".bmp", ".tif", ".tiff", ".avif")  # listed, so that reading names them as unsupported
FOREIGN = {  # how the files of others begin
    b"GIF8": "a GIF",
    b"BM": "a BMP",
    b"II*\0": "a TIFF or camera raw file",
    b"MM\0*": "a TIFF or camera raw file",
    b"8BPS": "a Photoshop file",
    b"%PDF": "a PDF",
    b"PK\3\4": "a ZIP archive",
    b"\x1a\x45\xdf\xa3": "a video",
    b"<svg": "an SVG drawing",
    b"<": "a web page or a drawing",
}


def foreign(data: bytes) -> str | None:
    """What ``data`` is, if it is none of :data:`FORMATS`."""
    if any(known.begins(data) for known in FORMATS):
        return None
    if data[4:8] == b"ftyp":
        return "an AVIF picture" if data[8:12] in {b"avif", b"avis"} else "a video"
    for magic, what in FOREIGN.items():
        if data.startswith(magic):
            return what
    return "not a picture of a known type"

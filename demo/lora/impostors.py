"""What a file that is no safetensors file begins with. Nothing is said of it but what its first bytes show."""

from __future__ import annotations

import re

MAGIC: tuple[tuple[bytes, str], ...] = (
    (
        b"PK\x03\x04",
        "a ZIP archive. PyTorch's .bin, .pt and .ckpt files are such archives, around a Python pickle, which can run "
        "code when it is opened",
    ),
    (b"version https://git-lfs", "a Git LFS pointer, not the weights themselves"),
    (b"GGUF", "a GGUF file"),
    (b"\x89HDF\r\n", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89PNG\r\n", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"PK\x05\x06", "a ZIP archive without any file"),
)
WEB_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*(<!--.{0,500}?-->\s*)?<(!doctype\s+html|html\b)", re.IGNORECASE | re.DOTALL)
PICKLE = re.compile(rb"\x80[\x02-\x05]")


def named(start: bytes) -> str | None:
    """What a file is that begins so, to stand behind "is"; None where these bytes tell nothing.

    Args:
        start: the file's first bytes, some thousand or all.
    """
    for magic, what in MAGIC:
        if start.startswith(magic):
            return what
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "a picture (WebP)"
    if WEB_PAGE.match(start):
        return "a web page, not the file that it links to"
    if PICKLE.match(start):
        return "a file that begins as a Python pickle does, which can run code when it is opened"
    if start.lstrip()[:1] == b"{":
        return "a file that begins as a JSON text does, without the 8 bytes that a safetensors file has before"
    return None

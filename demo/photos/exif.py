"""Which way up a photo is, from metadata that may be damaged: nothing else is read of them."""

from __future__ import annotations

import re
import struct

from PIL import Image

ORIENTATION = 0x0112
TURNS = {  # EXIF's orientation -> what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
IN_XMP = re.compile(rb"tiff:Orientation(?:=[\"']|>)\s*([1-8])")


def orientation(exif: bytes, xmp: bytes = b"") -> int:
    """EXIF's orientation, 1 to 8; XMP's where EXIF has none; 1 where neither says one that can be read."""
    found = _in_exif(exif.removeprefix(b"Exif\0\0"))
    if found is None and (match := IN_XMP.search(xmp)):
        found = int(match[1])
    return 1 if found is None else found


def upright(image: Image.Image, turned: int) -> Image.Image:
    """The picture as it is to be seen.

    Args:
        turned: its orientation, see :func:`orientation`.
    """
    turn = TURNS.get(turned)
    return image if turn is None else image.transpose(turn)


def _in_exif(tiff: bytes) -> int | None:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return None
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, at)
        for place in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(f"{order}HH", tiff, place)
            if tag == ORIENTATION:
                (value,) = struct.unpack_from(f"{order}{'I' if kind == 4 else 'H'}", tiff, place + 8)
                return int(value) if 1 <= value <= 8 else None
    except struct.error:  # it ends too early
        return None
    return None

"""From untrusted bytes to plain RGB pixels: caps first, then one decoder, then nothing but the pixels.

Colour profiles are dropped with the rest of the metadata, not applied.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import ExifTags, Image
from pillow_heif import register_heif_opener

from demo.errors import PhotoError
from demo.photos.formats import ACCEPTED, FORMATS, foreign

MAX_BYTES = 30 * 2**20
MAX_PIXELS = 50_000_000
TURNS = {  # EXIF's orientation -> what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Reason = Literal[
    "missing",
    "unreadable",
    "truncated",
    "unsupported",
    "too_large",
    "bomb",
    "no_face",
    "no_such_face",
    "several_faces",
    "too_few",
    "too_many",
    "several_problems",
    "not_deleted",
]

register_heif_opener()
# Pillow only warns up to twice its limit; here that is the end of the photo, as it is beyond.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class BadPhotoError(PhotoError):
    """One photo that cannot be used.

    Args:
        reason: for code that must tell the cases apart.
        name: the photo's base name, "" when no single photo is meant.
        choices: for ``several_faces``, the aligned faces, the largest first.
    """

    def __init__(
        self, reason: Reason, problem: str, remedy: str, *, name: str = "", choices: tuple[Image.Image, ...] = ()
    ) -> None:
        super().__init__(problem, remedy)
        self.reason: Reason = reason
        self.name = name
        self.choices = choices


def label(name: str) -> str:
    """A photo's base name, fit for a message: printable, at most 80 characters, never a path."""
    base = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    base = "".join(c if c.isprintable() else "?" for c in base)
    return (base if len(base) <= 80 else f"{base[:60]}…{base[-19:]}") or "The photo"


def decode(source: Path | bytes | Image.Image, name: str) -> Image.Image:
    """Upright RGB pixels of a photo; the first frame of an animation; transparency over white.

    Args:
        source: a file, its bytes, or a picture already opened (a camera's).
        name: what messages call it, see :func:`label`.

    Returns:
        A new picture that carries no metadata.

    Raises:
        BadPhotoError: missing, unreadable, truncated, unsupported, too_large or bomb.
    """
    if isinstance(source, Image.Image):
        _check_pixels(source, name)
        return _pixels(source, b"", name)
    data = _read(source, name) if isinstance(source, Path) else source
    if len(data) > MAX_BYTES:
        raise BadPhotoError(
            "too_large",
            f"{name} is larger than {MAX_BYTES >> 20} MB.",
            "Export it smaller, or as a JPEG.",
            name=name,
        )
    if not data:
        raise BadPhotoError("unreadable", f"{name} is empty.", "Copy or upload the photo again.", name=name)
    other = foreign(data)
    if other:
        raise BadPhotoError("unsupported", f"{name} is {other}.", f"Save the photo as {ACCEPTED}.", name=name)
    try:
        image = Image.open(io.BytesIO(data), formats=[known.decoder for known in FORMATS])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _bomb(name) from error
    except Exception as error:  # decoders meet hostile bytes with many exception types
        raise _unreadable(data, name, error) from error
    _check_pixels(image, name)
    return _pixels(image, data, name)


def _read(path: Path, name: str) -> bytes:
    try:
        if not path.is_file():
            raise BadPhotoError("missing", f"{name} is not there.", "Choose the photo again.", name=name)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadPhotoError(
            "unreadable",
            f"{name} cannot be read: {error.strerror or 'input error'}.",
            "Check the file's permissions, or copy it elsewhere.",
            name=name,
        ) from error


def _check_pixels(image: Image.Image, name: str) -> None:
    """From the header alone: nothing is decoded yet."""
    width, height = image.size
    if Image.MAX_IMAGE_PIXELS is not None and width * height > Image.MAX_IMAGE_PIXELS:
        raise _bomb(name)
    if width * height > MAX_PIXELS:
        raise BadPhotoError(
            "too_large",
            f"{name} has {width} x {height} pixels; the limit is {MAX_PIXELS // 10**6} megapixels.",
            "Export it smaller.",
            name=name,
        )


def _pixels(image: Image.Image, data: bytes, name: str) -> Image.Image:
    try:
        image.load()
        rgb = _rgb(_upright(image))
        return Image.frombytes("RGB", rgb.size, rgb.tobytes())
    except Exception as error:  # see decode
        raise _unreadable(data, name, error) from error


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF data say. Pillow's own function writes those data anew, which fails where a tag is odd."""
    try:
        turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # EXIF that cannot be read says nothing of the orientation
        turn = None
    return image if turn is None else image.transpose(turn)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would clip, not scale
        grey = np.asarray(image).astype(np.float64) / 257
        return Image.fromarray(np.clip(grey.round(), 0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _bomb(name: str) -> BadPhotoError:
    return BadPhotoError(
        "bomb",
        f"{name} claims far more than {MAX_PIXELS // 10**6} megapixels, as a decompression bomb does.",
        "Use another photo, or export this one smaller.",
        name=name,
    )


def _unreadable(data: bytes, name: str, error: Exception) -> BadPhotoError:
    if _cut_short(data) or "truncated" in str(error).lower():
        return BadPhotoError(
            "truncated", f"{name} is cut short: its end is missing.", "Copy or upload the photo again.", name=name
        )
    return BadPhotoError(
        "unreadable", f"{name} is damaged and cannot be decoded.", f"Save the photo again as {ACCEPTED}.", name=name
    )


def _cut_short(data: bytes) -> bool:
    """Whether the container of a picture that would not decode ends too early."""
    if data[:4] == b"RIFF":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if data[4:8] != b"ftyp":
        return False  # JPEG and PNG: the decoder itself says so
    position = 0
    while position < len(data):
        size = int.from_bytes(data[position : position + 4])
        if size == 1:  # the length follows in 64 bits
            size = int.from_bytes(data[position + 8 : position + 16])
        if size < 8:
            return False
        position += size
    return position > len(data)

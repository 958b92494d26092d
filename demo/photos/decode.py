"""From untrusted bytes to plain RGB pixels: caps first, then the pixels alone to one decoder, then nothing but pixels.

Colour profiles are dropped with the rest of the metadata, not applied.
"""

from __future__ import annotations

import io
import stat
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from demo.errors import PhotoError
from demo.photos import container
from demo.photos.exif import orientation, upright
from demo.photos.formats import ACCEPTED, HEAD, PhotoFormat, find_format
from demo.photos.kinds import foreign
from demo.photos.walks import TooManyPartsError

MAX_BYTES = 30 * 2**20
MAX_PIXELS = 50_000_000
BOMB_PIXELS = 90_000_000  # from here on the header is taken for a decompression bomb's
LONGEST = 160  # characters of what a decoder says

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
        super().__init__(problem, remedy, key=f"photos.bad.{reason}", name=name)
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
        try:
            return _pixels(source)
        except Exception as error:  # a picture that was only begun is decoded now
            problem = f"{name} cannot be decoded: {_words(error)}."
            raise BadPhotoError("unreadable", problem, "Take the photo again.", name=name) from error
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
    known = find_format(data[:HEAD])
    if known is None:
        other = foreign(data[:HEAD])
        raise BadPhotoError("unsupported", f"{name} is {other}.", f"Save the photo as {ACCEPTED}.", name=name)
    try:
        parts = container.apart(data, known)
        image = known.decoder(io.BytesIO(parts.pixels))
    except Exception as error:  # decoders meet hostile bytes with many exception types
        raise _refused(data, known, name, error) from error
    _check_pixels(image, name)
    try:
        image.load()
        return _pixels(upright(image, orientation(parts.exif, parts.xmp)))
    except Exception as error:  # see above
        raise _refused(data, known, name, error) from error


def _read(path: Path, name: str) -> bytes:
    try:
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            link = path.is_symlink()
            what = "is a link to something that is not there" if link else "is not there"
            raise BadPhotoError("missing", f"{name} {what}.", "Choose the photo again.", name=name) from None
        if not stat.S_ISREG(mode):  # a pipe would never end
            what = "a folder" if stat.S_ISDIR(mode) else "no ordinary file"
            raise BadPhotoError("missing", f"{name} is {what}.", "Choose a photo.", name=name)
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
    if width * height > MAX_PIXELS:
        raise BadPhotoError(
            "bomb" if width * height > BOMB_PIXELS else "too_large",
            f"{name} has {width} x {height} pixels; the limit is {MAX_PIXELS // 10**6} megapixels.",
            "Export it smaller.",
            name=name,
        )


def _pixels(image: Image.Image) -> Image.Image:
    """A camera's picture or a decoder's, without anything else that hangs on it."""
    rgb = _rgb(upright(image, _turned(image)))
    return Image.frombytes("RGB", rgb.size, rgb.tobytes())


def _turned(image: Image.Image) -> int:
    """The orientation that an opened picture has of its own: of a camera's, and of an AVIF's."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # EXIF that cannot be read says nothing of the orientation
        return 1


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would clip, not scale
        grey = np.asarray(image).astype(np.float64) / 257
        return Image.fromarray(np.clip(grey.round(), 0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _refused(data: bytes, known: PhotoFormat, name: str, error: Exception) -> BadPhotoError:
    """Why a decoder failed: as far as the file itself shows it, and else in the decoder's own words."""
    if isinstance(error, MemoryError):
        problem = f"There is not enough memory to decode {name}."
        return BadPhotoError("too_large", problem, "Export it smaller, or end other programs.", name=name)
    if not isinstance(error, TooManyPartsError) and container.ends_early(data, known):
        return BadPhotoError(
            "truncated", f"{name} is cut short: its end is missing.", "Copy or upload the photo again.", name=name
        )
    return BadPhotoError(
        "unreadable",
        f"The decoder of {known.title} refuses {name}: {_words(error)}.",
        f"Save the photo again as {ACCEPTED}.",
        name=name,
    )


def _words(error: Exception) -> str:
    """What a decoder said, in one line that can be printed."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split()).rstrip(".")
    return (text if len(text) <= LONGEST else f"{text[:LONGEST]}…") or type(error).__name__

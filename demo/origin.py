"""Where a picture comes from: drawn by a model, or a camera's. What was drawn says so in every file that it gets into.

The mark is IPTC's DigitalSourceType, "trainedAlgorithmicMedia", in XMP, which search engines and social media read, and
in a PNG a line of plain text besides. A picture carries its origin with it, through resizing and pickling; one of which
nothing is known gets no mark, as a photo should.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from demo.errors import WeightsError
from demo.files import write_atomically
from demo.paths import shown

DRAWN = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
KEY = "DigitalSourceType"
COMMENT = f"AI-generated: drawn by a diffusion model. {KEY}: {DRAWN}"
XMP_KEYWORD = "XML:com.adobe.xmp"  # of the chunk that XMP's standard names for PNG
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    f'Iptc4xmpExt:{KEY}="{DRAWN}"/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)


def drawn(picture: Image.Image) -> Image.Image:
    """The picture itself, which knows from now on that a model drew it; other metadata of it are forgotten."""
    picture.info = {KEY: DRAWN}
    return picture


def all_drawn(pictures: Iterable[Image.Image]) -> list[Image.Image]:
    """:func:`drawn` of each."""
    return [drawn(picture) for picture in pictures]


def read_drawn(path: Path) -> Image.Image:
    """A generated picture that ships, in RGB, which knows that a model drew it.

    Raises:
        WeightsError: it is missing or damaged.
    """
    try:
        with Image.open(path) as picture:
            return drawn(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        remedy = "Fetch it again; it comes with the weights."
        raise WeightsError(f"The picture {shown(path)} cannot be read: {error}.", remedy) from error


def is_drawn(picture: Image.Image) -> bool:
    """Whether the picture is known to have been drawn by a model."""
    return picture.info.get(KEY) == DRAWN


def encode(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A file's content: the pixels, and of all metadata the mark alone, if a model drew them.

    Args:
        kind: "PNG" or "WEBP".
        options: for Pillow's encoder.
    """
    plain = picture.convert("RGB")
    bare = Image.frombytes("RGB", plain.size, plain.tobytes())
    if is_drawn(picture):
        options = _mark(kind) | options
    buffer = io.BytesIO()
    bare.save(buffer, kind, **options)
    return buffer.getvalue()


def write_picture(path: Path, picture: Image.Image, kind: str = "PNG", **options: Any) -> Path:
    """:func:`encode` into a file, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    data = encode(picture, kind, **options)
    return write_atomically(path, lambda partial: partial.write_bytes(data))


def _mark(kind: str) -> dict[str, Any]:
    if kind == "WEBP":
        return {"xmp": XMP.encode("utf-8")}
    chunks = PngInfo()
    chunks.add_text("Comment", COMMENT)
    chunks.add_itxt(XMP_KEYWORD, XMP)
    return {"pnginfo": chunks}

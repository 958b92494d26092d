"""The file on the desk, and the photos that it is compared with."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from demo.errors import LoraFileError, PhotoError
from demo.session.desk import Desk, PhotoSource, Released, Scored
from demo.session.services import Services

UPLOADED = "The file was not made here, so it is not known whether it was fine-tuned on these photos."
AGAIN = "Scored against all photos, including those that were fine-tuned on."
REMOVED = (
    "The photos that the file was fine-tuned on have been removed. It is not known whether those that were loaded "
    "since show the same person."
)


def file_of(desk: Desk) -> Released:
    """The file under attack.

    Raises:
        LoraFileError: there is none.
    """
    if desk.released is None:
        raise LoraFileError("There is no LoRA file yet.", "Fine-tune one, or upload a .safetensors file.")
    return desk.released


def comparable(services: Services, desk: Desk) -> tuple[Released, Scored, PhotoSource]:
    """The file, what it is compared with, and which photos these are.

    Raises:
        LoraFileError: there is no file.
        PhotoError: there are no photos to compare with.
    """
    released, kept, loaded = file_of(desk), desk.kept, desk.photos.source
    if kept is not None and released.source is not None:
        return released, kept, released.source
    if not desk.photos.shots:
        raise PhotoError("There are no photos to compare with.", "Load photos first.", key="errors.no photos")
    photos = resized([shot.aligned for shot in desk.photos.shots], services.bases[released.base_key].side)
    note = UPLOADED if released.source is None else AGAIN if released.source == loaded else REMOVED
    return released, Scored(tuple(photos), note), loaded


def resized(photos: Sequence[Image.Image], side: int) -> list[Image.Image]:
    """The photos as a base takes them."""
    return [photo.resize((side, side), Image.Resampling.LANCZOS) for photo in photos]

"""The one way in for photos: read, check, find the face, frame it. Only aligned pixels leave here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from demo.faces.align import TEMPLATE, align, similarity
from demo.faces.detect import DETECTION_SIDE, Face, find_faces
from demo.photos.decode import BadPhotoError, Reason, decode, label
from demo.photos.split import LEAST_PHOTOS, MOST_PHOTOS

__all__ = [
    "BadPhotoError",
    "BadPhotosError",
    "Photo",
    "Reason",
    "discard",
    "read_photo",
    "read_photos",
]

SMALLEST = 256  # short side, pixels, below which detection gets an enlarged copy
BORDER = 0.3  # of the long side, repeated around a crop so tight that no face is found
NARROWEST = 32  # short side, pixels, as the detector sees it: below, it holds no face and the detector fails
CHOICE_SIDE = 128


@dataclass(frozen=True)
class Photo:
    """One face, ready for training."""

    name: str  # the file's own name, for messages only
    aligned: Image.Image  # RGB, square, no metadata
    faces: int  # in the whole photo
    detected: bool  # False: found only after its border was extended (a very tight crop)


class BadPhotosError(BadPhotoError):
    """What is wrong with a set of photos, all of it.

    Args:
        errors: one per problem.
        usable: the photos that passed, so that nothing has to be read twice.
        total: how many were given.
        minimum: how many are needed.
    """

    def __init__(self, errors: Sequence[BadPhotoError], usable: Sequence[Photo], total: int, minimum: int) -> None:
        reasons = {error.reason for error in errors}
        first = errors[0]
        if len(errors) == 1:
            problem, remedy, name = first.problem, first.remedy, first.name
        else:
            bad = sum(1 for error in errors if error.name)
            lines = "\n".join(f"- {error}" for error in errors)
            problem, name = f"{bad} of {total} photos cannot be used.\n{lines}\n", ""
            remedy = f"Put these right: {len(usable)} usable now, {minimum} needed."
        super().__init__(first.reason if len(reasons) == 1 else "several_problems", problem, remedy, name=name)
        self.choices = first.choices if len(errors) == 1 else ()
        self.errors = tuple(errors)
        self.usable = tuple(usable)


def read_photo(source: Path | bytes | Image.Image, *, name: str, side: int = 512, face: int | None = None) -> Photo:
    """Read one photo and frame its face.

    Args:
        source: a file, its bytes, or a picture from a camera.
        name: what messages call it; only its base name is used.
        side: pixels of the result's side.
        face: which face, 0 being the largest; None demands that there is one only.

    Raises:
        BadPhotoError: with the reason; ``several_faces`` comes with the faces to choose from.
    """
    name = label(name)
    picture = decode(source, name)
    faces, detected = _find(picture)
    if not faces:
        raise BadPhotoError(
            "no_face",
            f"No face found in {name}.",
            "Use a photo that shows one face from the front, in light.",
            name=name,
        )
    count = len(faces)
    if count > 1 and face is None:
        raise BadPhotoError(
            "several_faces",
            f"{name} shows {count} faces.",
            "Crop the photo to one person, or leave it out.",
            name=name,
            choices=tuple(_frame(picture, found, CHOICE_SIDE) for found in faces),
        )
    chosen = 0 if face is None else face
    if not 0 <= chosen < count:
        raise BadPhotoError(
            "no_such_face",
            f"{name} has no face {chosen}: it shows {count}.",
            f"Choose from 0, the largest, to {count - 1}.",
            name=name,
        )
    return Photo(name, _frame(picture, faces[chosen], side), count, detected)


def read_photos(
    sources: Sequence[Path],
    *,
    side: int,
    minimum: int = LEAST_PHOTOS,
    maximum: int = MOST_PHOTOS,
    faces: Mapping[str, int] | None = None,
) -> list[Photo]:
    """Read a set of photos, all or none.

    Args:
        sources: the files.
        side: pixels of each result's side.
        minimum: how many are needed.
        maximum: how many are taken.
        faces: base name of a photo to its chosen face, for photos that show several.

    Raises:
        BadPhotosError: naming every photo that fails, and whether there are too few or too many.
    """
    if len(sources) > maximum:
        surplus = len(sources) - maximum
        error = BadPhotoError(
            "too_many",
            f"{_count(surplus)} too many: {len(sources)} are there and at most {maximum} are taken.",
            f"Remove {surplus}.",
        )
        raise BadPhotosError([error], [], len(sources), minimum)
    photos: list[Photo] = []
    errors: list[BadPhotoError] = []
    for path in sources:
        try:
            photos.append(read_photo(path, name=path.name, side=side, face=(faces or {}).get(path.name)))
        except BadPhotoError as bad:
            errors.append(bad)
    lacking = minimum - len(sources)
    if lacking > 0:
        errors.append(
            BadPhotoError(
                "too_few",
                f"{_count(lacking)} too few: {len(sources)} {'is' if len(sources) == 1 else 'are'} there "
                f"and at least {minimum} are needed.",
                f"Add {lacking} more of the same person.",
            )
        )
    if errors:
        raise BadPhotosError(errors, photos, len(sources), minimum)
    return photos


def discard(path: Path) -> None:
    """Delete a raw upload; it is no error if it is gone already.

    Raises:
        BadPhotoError: it cannot be deleted and is still there.
    """
    name = label(path.name)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise BadPhotoError(
            "not_deleted",
            f"{name} could not be deleted: {error.strerror or error}.",
            "Delete it by hand: it is an unprotected copy of the photo.",
            name=name,
        ) from error


def _find(picture: Image.Image) -> tuple[list[Face], bool]:
    """Faces in the picture's own pixels, and whether the picture as it is was enough."""
    longest, shortest = max(picture.size), min(picture.size)
    scale = min(max(1.0, SMALLEST / shortest), DETECTION_SIDE / longest)
    small = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    if min(small.size) < NARROWEST:
        return [], True
    faces = find_faces(small)
    if faces:
        return [_moved(face, scale, 0) for face in faces], True
    # MTCNN misses faces whose outline touches the border; on 30 generated faces cropped to 55 %
    # of the frame, repeating the border raised the hits from 23 to 30.
    pad = round(max(small.size) * BORDER)
    extended = Image.fromarray(np.pad(np.asarray(small), ((pad, pad), (pad, pad), (0, 0)), mode="edge"))
    return [_moved(face, scale, pad) for face in find_faces(extended)], False


def _moved(face: Face, scale: float, pad: int) -> Face:
    """Undo an enlargement by ``scale`` followed by a border of ``pad`` pixels."""
    return Face((face.box - pad) / scale, (face.landmarks - pad) / scale, face.probability)


def _frame(picture: Image.Image, face: Face, side: int) -> Image.Image:
    """Align on a crop three frames wide, so that a large photo is not copied whole to be padded."""
    inverse = similarity(TEMPLATE * side, face.landmarks)
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]]) @ inverse[:, :2].T + inverse[:, 2]
    low, high = corners.min(axis=0), corners.max(axis=0)
    margin = (high - low).max()
    step = max(1, int(np.hypot(inverse[0, 0], inverse[1, 0])))  # align's box filter: keep its grid
    left, top = (np.maximum(np.floor(low - margin), 0) // step * step).astype(int)
    right, bottom = np.minimum(np.ceil(high + margin), picture.size).astype(int)
    crop = picture.crop((int(left), int(top), int(right), int(bottom)))
    aligned = align(crop, face.landmarks - np.array([left, top]), side)
    return Image.frombytes("RGB", aligned.size, aligned.tobytes())


def _count(number: int) -> str:
    return "1 photo" if number == 1 else f"{number} photos"

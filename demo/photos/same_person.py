"""Whether a set of photos shows one person: a warning, never a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.faces import recognise

Likeness = NDArray[np.float64]  # (128,): dlib's embedding of one face
LEAST = 3  # photos: of two, nothing says which one is the odd one
APART = 0.67  # Euclidean; see :func:`strangers`


def likeness(aligned: Image.Image) -> Likeness | None:
    """What :func:`strangers` compares of one aligned photo, of any side; None without dlib and its weights.

    It tells a person as well as the photo does: keep it no longer than the photo.
    """
    if find_spec("dlib") is None or find_spec("face_recognition_models") is None:
        return None
    return np.asarray(recognise.embed([aligned])[0])


def strangers(photos: Sequence[tuple[str, Likeness | None]]) -> list[str]:
    """Warnings about photos that seem to show somebody else than the others.

    A photo is suspected if its embedding lies farther than APART from the median, number by number, of the others'.
    ``python -m demo.evaluate same-person`` measures on 160 people, at 64 pixels: of five photos that all show
    one person, 0.1 % [0.0, 0.4] are suspected; a photo of somebody else of the same sex among them is found in 88 %
    [82, 93] of cases, and 0.2 % [0.0, 0.5] of the right photos beside it are suspected. Of three photos 0.6 %, 90 % and
    3.7 %. A set that is half one person's and half another's may pass.

    Args:
        photos: name and likeness of each; those without one are left out.
    """
    known = [(name, found) for name, found in photos if found is not None]
    if len(known) < LEAST:
        return []
    table = np.array([found for _, found in known])
    suspected = [
        name
        for index, (name, found) in enumerate(known)
        if np.linalg.norm(found - np.median(np.delete(table, index, axis=0), axis=0)) > APART
    ]
    if 2 * len(suspected) > len(known):
        return ["The photos seem to show several different people."]
    return [f"{name} seems to show a different person from the other photos." for name in suspected]

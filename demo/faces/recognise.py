"""dlib's face recogniser (ResNet, 128-d, CC0), the project's ruler of identity.

Its weights come inside the package ``face_recognition_models``, so it needs no Hub.
Distance is Euclidean; below 0.6 dlib calls two photos one person.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.errors import WeightsError

SAME_PERSON = 0.6
CHIP = 150
_ONE_AT_A_TIME = Lock()  # the network keeps its layers' values: the app's threads share it with the job's
# dlib's chip in a frame aligned to demo.faces.align.TEMPLATE: centre and half width, in units of the frame.
CENTRE = (129 / 256, 152 / 256)
HALF = 108 / 256


@lru_cache(maxsize=1)
def model_folder() -> Path:
    """Folder of ``face_recognition_models``' weights (found without importing it: it wants pkg_resources).

    Raises:
        WeightsError: the package is not installed.
    """
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            "dlib's face recogniser is not installed.", "Run: pip install face_recognition_models dlib-bin"
        )
    return Path(spec.submodule_search_locations[0]) / "models"


@lru_cache(maxsize=1)
def _recogniser() -> Any:
    import dlib

    return dlib.face_recognition_model_v1(str(model_folder() / "dlib_face_recognition_resnet_model_v1.dat"))


def chip(aligned: Image.Image) -> NDArray[np.uint8]:
    """dlib's 150 x 150 chip of a picture in the training framing, of any size.

    Returns:
        (150, 150, 3) RGB.
    """
    width = aligned.width
    (cx, cy), half = CENTRE, HALF
    box = ((cx - half) * width, (cy - half) * width, (cx + half) * width, (cy + half) * width)
    pad = max(0, int(np.ceil(box[3] - width)) + 1)
    pixels = np.pad(np.asarray(aligned.convert("RGB")), ((0, pad), (0, 0), (0, 0)), mode="edge")
    return np.asarray(Image.fromarray(pixels).resize((CHIP, CHIP), Image.Resampling.BICUBIC, box=box))


def embed(aligned: Sequence[Image.Image]) -> NDArray[np.float64]:
    """Embeddings of pictures in the training framing.

    Returns:
        (n, 128); compare by Euclidean distance.
    """
    if not aligned:
        return np.zeros((0, 128))
    chips = [chip(image) for image in aligned]
    with _ONE_AT_A_TIME:
        return np.array(_recogniser().compute_face_descriptor(chips), dtype=np.float64)


def medoid(embeddings: NDArray[np.float64]) -> int:
    """The row nearest to all others, of (n, 128): the most agreed-upon face."""
    return int(np.argmin(distances(embeddings, embeddings).sum(1)))


def distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean distances, (n, 128) x (m, 128) -> (n, m)."""
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squared, 0)))

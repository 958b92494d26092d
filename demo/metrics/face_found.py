"""Whether a picture shows a face at all. A recogniser gives a distance to noise, too, and not a large one."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from PIL import Image

from demo.faces.detect import MIN_PROBABILITY, find_faces
from demo.metrics.base import Context, Metric
from demo.models.networks import Unavailable
from demo.stats.intervals import Array

FACES = "face_found"  # key
SIDE = 256  # pixels at which pictures are seen
LEAST_SIDE = 0.25  # of the picture: in the training framing a face fills half of it


def shows_face(picture: Image.Image) -> bool:
    """MTCNN finds a face that fills the training framing."""
    return face_probability(picture) >= MIN_PROBABILITY


def face_probability(picture: Image.Image) -> float:
    """MTCNN's own confidence in the surest face that fills the training framing; 0 where it finds none."""
    seen = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    found = find_faces(seen, min_probability=0.0, min_relative_side=LEAST_SIDE)
    return max((face.probability for face in found), default=0.0)


def _missing() -> Unavailable | None:
    if find_spec("facenet_pytorch") is None:
        return Unavailable("MTCNN is not installed (pip install facenet-pytorch).")
    return None


def _score(context: Context) -> Array:
    return np.array([shows_face(picture) for picture in context.pictures], dtype=np.float64)


METRICS = (
    Metric(
        key=FACES,
        title="Faces found",
        model="MTCNN",
        scaling=f"share of pictures with a face, probability {MIN_PROBABILITY:g} or more, seen at {SIDE} pixels; says "
        "nothing of whose face it is",
        higher_is_better=True,
        needs="facenet-pytorch, weights inside",
        available=_missing,
        score=_score,
        share=True,
        bundled=True,
        column=5,
    ),
)

"""Face detection with MTCNN (Zhang et al. 2016); its weights come inside facenet-pytorch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DETECTION_SIDE = 640  # long side, pixels: larger photos are shrunk before detection, for speed
MIN_PROBABILITY = 0.95
MIN_RELATIVE_SIDE = 0.08  # a face smaller than this share of the short side is background


@dataclass(frozen=True)
class Face:
    """A face found in a picture, in that picture's pixels."""

    box: NDArray[np.float64]  # (4,): left, top, right, bottom
    landmarks: NDArray[np.float64]  # (5, 2): eyes, nose, mouth corners
    probability: float


@lru_cache(maxsize=1)
def _mtcnn() -> Any:
    from facenet_pytorch import MTCNN

    return MTCNN(keep_all=True, device="cpu", post_process=False)


def find_faces(
    image: Image.Image, *, min_probability: float = MIN_PROBABILITY, min_relative_side: float = MIN_RELATIVE_SIDE
) -> list[Face]:
    """Faces in ``image``, the largest first. Empty when there is none.

    Args:
        min_probability: MTCNN's own confidence.
        min_relative_side: smallest face, as a share of the picture's short side.
    """
    image = image.convert("RGB")
    scale = min(1.0, DETECTION_SIDE / max(image.size))
    small = (
        image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale)))) if scale < 1 else image
    )
    detector = _mtcnn()
    # The image pyramid starts at the smallest face wanted: its first level is nearly all of the time.
    detector.min_face_size = max(20, int(min_relative_side * min(small.size)))
    boxes, probabilities, landmarks = detector.detect(small, landmarks=True)
    if boxes is None:
        return []
    faces = [
        Face(np.asarray(b, dtype=np.float64) / scale, np.asarray(m, dtype=np.float64) / scale, float(p))
        for b, p, m in zip(boxes, probabilities, landmarks, strict=True)
        if p is not None and p >= min_probability
    ]
    shortest = min_relative_side * min(image.size)
    faces = [face for face in faces if min(face.box[2] - face.box[0], face.box[3] - face.box[1]) >= shortest]
    return sorted(faces, key=lambda face: -(face.box[2] - face.box[0]) * (face.box[3] - face.box[1]))

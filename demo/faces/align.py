"""Face framing: one similarity transform from five landmarks to the training framing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Points = NDArray[np.float64]

# Left eye, right eye, nose tip, left and right mouth corner (as seen in the picture), in units of
# the frame: the median of MTCNN's landmarks over 289 aligned training pictures.
TEMPLATE: Points = np.array([[0.3496, 0.4316], [0.6551, 0.4320], [0.4999, 0.6245], [0.3654, 0.7526], [0.6368, 0.7542]])


def similarity(source: Points, target: Points) -> Points:
    """Least-squares similarity (rotation, scale, shift; no shear) from ``source`` to ``target``.

    Args:
        source: (n, 2) points.
        target: (n, 2) points.

    Returns:
        (2, 3) matrix M with ``target ~ M[:, :2] @ source + M[:, 2]`` (Umeyama 1991, eqs. 40-42,
        written with complex numbers, where a similarity is one factor).
    """
    s = source[:, 0] + 1j * source[:, 1]
    t = target[:, 0] + 1j * target[:, 1]
    s0, t0 = s - s.mean(), t - t.mean()
    factor = (np.conj(s0) @ t0) / (np.conj(s0) @ s0).real
    shift = t.mean() - factor * s.mean()
    a, b = factor.real, factor.imag
    return np.array([[a, -b, shift.real], [b, a, shift.imag]])


def align(image: Image.Image, landmarks: Points, size: int) -> Image.Image:
    """Warp ``image`` so that its five ``landmarks`` (pixels) fall on :data:`TEMPLATE`.

    Returns:
        ``size`` x ``size`` RGB; what lies outside the photo repeats its edge.
    """
    forward = similarity(np.asarray(landmarks, dtype=np.float64), TEMPLATE * size)
    scale = float(np.hypot(forward[0, 0], forward[1, 0]))
    if scale < 0.5:
        # Bicubic alone aliases below half size: shrink by a box filter first.
        factor = int(1 / scale)
        image = image.reduce(factor)
        forward = forward @ np.array([[factor, 0, 0], [0, factor, 0], [0, 0, 1.0]])
    pad = max(image.size) // 2
    padded = Image.fromarray(np.pad(np.asarray(image.convert("RGB")), ((pad, pad), (pad, pad), (0, 0)), mode="edge"))
    inverse = np.linalg.inv(np.vstack([forward, [0, 0, 1]]))
    inverse[:2, 2] += pad
    return padded.transform((size, size), Image.Transform.AFFINE, tuple(inverse[:2].ravel()), Image.Resampling.BICUBIC)

"""Identity by MobileFaceNet: a second face network beside dlib's.

It is a loss in the training of decoders at 128 pixels (:mod:`demo.train.decoder`), so it is no judge of those. dlib's
network, which trains nothing, stays the ruler.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from demo.faces.mobile_face_net import FILE, crop, load_mobile_face_net
from demo.metrics.base import Context, Metric
from demo.models.networks import Unavailable
from demo.paths import shown
from demo.stats.intervals import Array

MODEL = "MobileFaceNet, 192-d"
SEEN = 128  # pixels at which pictures and photos are seen
BATCH = 32


@torch.no_grad()  # inference mode would spoil the shared network for those who need its gradients
def embed(images: Sequence[Image.Image]) -> Array:
    """Descriptors of aligned faces, (n, 192), of length 1.

    Raises:
        WeightsError: the network's file is missing or damaged.
    """
    net = load_mobile_face_net()
    small = [image.convert("RGB").resize((SEEN, SEEN), Image.Resampling.BICUBIC) for image in images]
    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in small])).permute(0, 3, 1, 2)
    return np.concatenate([net(crop(part.float().div(127.5).sub(1))).double().numpy() for part in pixels.split(BATCH)])


def _missing() -> Unavailable | None:
    return None if FILE.is_file() else Unavailable(f"The weights of MobileFaceNet are missing: {shown(FILE)}.")


def _cosine(context: Context) -> Array:
    pictures, photos = (context.embed(MODEL, images, embed) for images in (context.pictures, context.photos))
    return np.asarray((pictures @ photos.T).mean(1))


METRICS = (
    Metric(
        key="mobile_face_net_cosine",
        title="Face similarity, MobileFaceNet",
        model=MODEL,
        scaling=f"plain cosine, mean over the photos, all at {SEEN} px; decoders at 128 pixels are trained by it",
        higher_is_better=True,
        needs=f"bundled in {shown(FILE)}",
        available=_missing,
        score=_cosine,
        limits=(-1.0, 1.0),
        bundled=True,
    ),
)

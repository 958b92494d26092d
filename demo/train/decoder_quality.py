"""How near a decoder's pictures are to the photos, by networks, and a sheet of pictures to look at.

People of ``domain_nonmember`` alone, who are in no training. Sharper is not nearer: look at both.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from PIL import Image
from torch import Tensor

from demo.faces import recognise
from demo.faces.faces128 import FACES128, read_split, shrink
from demo.faces.mobile_face_net import crop, load_mobile_face_net
from demo.stats.intervals import Interval, bootstrap_mean_ci
from demo.train.decoder import SIDE
from demo.train.vae import code_of

PEOPLE, EACH = 60, 4


@dataclass(frozen=True)
class Quality:
    """Means over pictures.

    Args:
        own: dlib's distance between a photo and the same decoded from its code.
        others: from a decoded photo to the person's other photos.
        accepted: share of these pairs below dlib's limit.
        cosine: MobileFaceNet's, of a photo and the same decoded. A loss of the decoders at 128 pixels.
        error: L1 of pixels in [0, 1].
    """

    own: Interval
    others: float
    accepted: float
    cosine: float
    error: float


def held_out_photos(faces: Path = FACES128, people: int = PEOPLE, each: int = EACH) -> list[list[Image.Image]]:
    """Photos at SIDE pixels, person by person."""
    table = read_split(faces, "domain_nonmember")
    groups = [group.head(each) for _, group in table.groupby("identity", sort=True)]
    return [[Image.open(io.BytesIO(blob)).convert("RGB") for blob in group["image"]] for group in groups[:people]]


@torch.no_grad()
def decoded(model: AutoencoderTiny, shipped: AutoencoderTiny, photos: Sequence[Image.Image]) -> list[Image.Image]:
    """Photos through the shipped encoder's code and a decoder; enlarged to SIDE, if it draws fewer pixels.

    Args:
        model: whose decoder it is.
        shipped: whose code, of 64 pixels.
    """
    made: list[Image.Image] = []
    for photo in photos:
        x = torch.from_numpy(shrink(photo).copy()).permute(2, 0, 1)[None].float().div(127.5).sub(1)
        out = model.decode(code_of(shipped, x)).sample[0].clamp(-1, 1)
        pixels = out.add(1).mul(127.5).round().byte().permute(1, 2, 0).numpy()
        made.append(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    return made


def quality(photos: Sequence[Sequence[Image.Image]], drawn: Sequence[Sequence[Image.Image]]) -> Quality:
    """Of photos and the same decoded, person by person."""
    own, others = [], []
    for real, made in zip(photos, drawn, strict=True):
        table = recognise.distances(recognise.embed(made), recognise.embed(real))
        own += list(np.diag(table))
        others += list(table[~np.eye(len(table), dtype=bool)])
    flat = [[photo for person in group for photo in person] for group in (photos, drawn)]
    a, b = (_descriptors(group) for group in flat)
    errors = [np.abs(np.asarray(p, float) - np.asarray(q, float)).mean() / 255 for p, q in zip(*flat, strict=True)]
    return Quality(
        own=bootstrap_mean_ci(np.array(own)),
        others=float(np.mean(others)),
        accepted=float(np.mean(np.array(others) < recognise.SAME_PERSON)),
        cosine=float((a * b).sum(1).mean()),
        error=float(np.mean(errors)),
    )


@torch.no_grad()
def _descriptors(pictures: Sequence[Image.Image]) -> Tensor:
    net = load_mobile_face_net()
    pixels = torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures])).permute(0, 3, 1, 2)
    return torch.cat([net(crop(part.float().div(127.5).sub(1))) for part in pixels.split(32)])


def sheet(rows: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Pictures of SIDE pixels, a row each: photos, and below them each decoder's."""
    whole = Image.new("RGB", (SIDE * max(len(row) for row in rows), SIDE * len(rows)))
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            whole.paste(picture, (x * SIDE, y * SIDE))
    return whole

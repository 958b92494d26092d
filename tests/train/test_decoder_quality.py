"""What measures decoders: nothing is nearer than the photo itself, and fewer pixels are enlarged."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from demo.faces import mobile_face_net
from demo.origin import read_drawn
from demo.paths import PEOPLE
from demo.train import vae
from demo.train.decoder_quality import SIDE, decoded, quality, sheet
from tests.train.test_train_decoder import at_half

pytestmark = pytest.mark.skipif(
    not mobile_face_net.FILE.is_file() or not PEOPLE.is_dir(), reason="weights are not there"
)


def people() -> list[list[Image.Image]]:
    folders = sorted((PEOPLE / "examples").glob("[0-9]*"))[:2]
    return [[read_drawn(path).resize((SIDE, SIDE)) for path in sorted(folder.glob("*.webp"))[:2]] for folder in folders]


def test_the_photo_itself_is_nearest_and_a_blurred_one_farther() -> None:
    photos = people()
    blurred = [[photo.filter(ImageFilter.GaussianBlur(4)) for photo in person] for person in photos]
    best, worse = quality(photos, photos), quality(photos, blurred)
    assert best.own.estimate < 1e-5
    assert best.cosine == pytest.approx(1)
    assert best.error == 0
    assert best.own.estimate < best.others < worse.others
    assert worse.own.estimate > 0.2
    assert worse.cosine < 0.9
    assert worse.error > 0


def test_decoders_of_either_side_are_seen_at_the_same() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size=(60, 64, 64, 3), dtype=np.uint8)
    torch.manual_seed(0)
    larger = vae.new_autoencoder(pixels).eval()
    shipped = at_half(larger).eval()
    photos = people()[0]
    for model in (shipped, larger):
        drawn = decoded(model, shipped, photos)
        assert [picture.size for picture in drawn] == [(SIDE, SIDE)] * 2
    assert sheet([photos, photos[:1]]).size == (2 * SIDE, 2 * SIDE)

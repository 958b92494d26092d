"""A decoder of 128 pixels learns, is resumed, and gets an encoder that computes the code that ships."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from demo.errors import WeightsError
from demo.faces import mobile_face_net
from demo.files import write_tensors
from demo.train import decoder, vae
from demo.train.decoder import SIDE, Pictures, Weights
from demo.train.training_run import TrainingRun

BARE = Weights(perceptual=0)


@pytest.fixture
def pictures() -> Pictures:
    random, blobs = np.random.default_rng(0), []
    for _ in range(4):
        rough = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        buffer = io.BytesIO()
        rough.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(buffer, "PNG")
        blobs.append(buffer.getvalue())
    return Pictures(blobs)


def latents() -> Tensor:
    return torch.randn((2, 4, vae.CHANNELS, 8, 8), generator=torch.Generator().manual_seed(0)).mul(0.25).half()


class Killed(Exception):
    """Stands for kill -9."""


@pytest.mark.skipif(not mobile_face_net.FILE.is_file(), reason="weights/mobile_face_net.safetensors is not there")
def test_it_goes_on_exactly_where_it_stopped(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept_at_every_step(*given: Any, **more: Any) -> TrainingRun:
        return TrainingRun(*given, **(more | {"every_seconds": -1.0}))

    def train(work: str) -> nn.Module:
        return decoder.train(pictures, latents(), work=tmp_path / work, total=8, batch=2, weights=BARE)

    monkeypatch.setattr(decoder, "TrainingRun", kept_at_every_step)
    monkeypatch.setattr(decoder, "WARM_UP", 4)  # so that the adversary is heard after two steps
    whole = train("whole")
    take, taken = Pictures.__getitem__, list[int]()

    def dies(self: Pictures, rows: list[int]) -> Tensor:
        taken.append(1)
        if len(taken) == 4:
            raise Killed
        return take(self, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Pictures, "__getitem__", dies)
        with pytest.raises(Killed):
            train("halves")
    halves = train("halves")
    for ours, theirs in zip(halves.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    kept = decoder.read_decoder(tmp_path / "halves" / "decoder" / "checkpoint.safetensors")
    for ours, theirs in zip(kept.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)  # the moving average


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "unet.safetensors"
    write_tensors(path, {"conv_in.weight": torch.zeros(2)})
    with pytest.raises(WeightsError, match=r"unet\.safetensors is no decoder"):
        decoder.read_decoder(path)


def at_half(of: AutoencoderTiny) -> AutoencoderTiny:
    """An autoencoder of the same code at 64 pixels, as face64's was."""
    made = AutoencoderTiny(
        encoder_block_out_channels=(vae.WIDTH,) * 4,
        decoder_block_out_channels=(vae.WIDTH,) * 4,
        num_encoder_blocks=(0,) * 4,
        num_decoder_blocks=(0,) * 4,
        latent_channels=vae.CHANNELS,
    )
    first, _, *rest = vae.convolutions(of)
    for conv, source in zip(vae.convolutions(made), (first, *rest), strict=True):
        conv.load_state_dict(source.state_dict())
    return made


@pytest.mark.parametrize("small", [False, True])
def test_its_encoder_computes_the_code_that_ships(pictures: Pictures, small: bool) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, size=(60, 64, 64, 3), dtype=np.uint8)
    whole = vae.new_autoencoder(pixels)
    shipped = at_half(whole) if small else whole
    shipped.register_to_config(scaling_factor=4.0)
    made = decoder.autoencoder(decoder.new_decoder(), shipped)
    x = pictures[[0, 1, 2]]
    halved = functional.avg_pool2d(x, 2)
    with torch.no_grad():
        assert torch.allclose(made.encode(x).latents, vae.code_of(shipped, halved), atol=1e-5)
        assert torch.allclose(vae.code_of(made, halved), vae.code_of(shipped, halved), atol=1e-5)
        assert made.decode(made.encode(x).latents).sample.shape == x.shape
    assert made.config.scaling_factor == 4.0


def test_a_row_of_pictures_is_what_was_put_in(pictures: Pictures) -> None:
    x = pictures[[2, 2, 0]]
    assert x.shape == (3, 3, SIDE, SIDE)
    assert torch.equal(x[0], x[1])
    assert not torch.equal(x[0], x[2])
    assert x.min() >= -1
    assert x.max() <= 1

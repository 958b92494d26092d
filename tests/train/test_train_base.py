"""The base's stages begin from what ships, and keep the scale of its latents."""

from __future__ import annotations

import io
from pathlib import Path
from shutil import rmtree
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import AutoencoderTiny
from PIL import Image
from transformers import CLIPModel, CLIPTokenizer

from demo.errors import WeightsError
from demo.files import write_tensors
from demo.train import base, clip, decoder, unet, vae
from demo.train.data import Faces

SCALE = 4.5


def faces(seed: int) -> Faces:
    pixels = np.random.default_rng(seed).integers(0, 256, size=(20, 8, 8, 3), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
    table = pd.DataFrame({"identity": range(20), "name": [f"Ada {seed} Ro{i}" for i in range(20)], "source": "train"})
    return Faces(pixels, table)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A base of other faces than those in ``work``, with a decoder that is told from an untrained one."""
    folder = tmp_path / "shipped"
    monkeypatch.setattr(base, "SHIPPED", folder)
    monkeypatch.setattr(base.data, "load", lambda work: faces(1))
    monkeypatch.setattr(clip, "LAYERS", 1)
    torch.manual_seed(9)
    autoencoder = vae.new_autoencoder(faces(2).pixels)
    autoencoder.register_to_config(scaling_factor=SCALE)
    autoencoder.save_pretrained(folder / "vae")
    tokenizer = clip.new_tokenizer(faces(2).captions(np.random.default_rng(0), np.arange(20)))
    clip.new_clip(tokenizer).save_pretrained(folder / "clip")
    tokenizer.save_pretrained(folder / "clip")
    return folder


def distance(one: torch.nn.Module, other: torch.nn.Module) -> float:
    return max(float((p - q).detach().abs().max()) for p, q in zip(one.parameters(), other.parameters(), strict=True))


def test_a_code_is_made_once(shipped: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    base.run_vae(work)
    assert not (work / "vae").exists()  # the one that ships stays: UNet, LoRAs and encoder know it
    rmtree(shipped / "vae")
    base.run_vae(work)
    made = AutoencoderTiny.from_pretrained(work / "vae" / "model")
    base.run_vae(work)
    again = AutoencoderTiny.from_pretrained(work / "vae" / "model")
    assert distance(made, again) == 0


def test_what_ships_gets_the_decoder_that_was_trained(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        base, "UNet2DConditionModel", SimpleNamespace(from_pretrained=lambda _: unet.new_unet(20, (32, 64)))
    )
    trained = decoder.new_decoder()
    for work, wanted in (("none", AutoencoderTiny.from_pretrained(shipped / "vae").decoder), ("one", trained)):
        if work == "one":
            write_tensors(tmp_path / work / "decoder" / base.DECODER, dict(trained.state_dict()))
        base.assemble(tmp_path / work, tmp_path / work / "out")
        found = AutoencoderTiny.from_pretrained(tmp_path / work / "out" / "vae", dtype=torch.float32)
        assert found.config.scaling_factor == SCALE
        assert distance(found.decoder, wanted) < 1e-3  # fp16


def test_towers_and_vocabulary_go_on_from_those_that_ship(shipped: Path, tmp_path: Path) -> None:
    work, old = tmp_path / "work", CLIPModel.from_pretrained(shipped / "clip")
    for pictures in (128, 256):
        base.run_clip(work, pictures, "cpu")
        new, tokenizer = (kind.from_pretrained(work / "clip" / "model") for kind in (CLIPModel, CLIPTokenizer))
        assert tokenizer.get_vocab() == CLIPTokenizer.from_pretrained(shipped / "clip").get_vocab()
        assert 0 < distance(new, old) < 0.01
        rmtree(work / "clip" / "model")


def test_the_scale_is_measured_once(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rms: list[float] = []

    def train(taught: unet.Curriculum, **_: object) -> SimpleNamespace:
        rms.append(float(taught.latents.float().square().mean().sqrt()))
        return SimpleNamespace(save_pretrained=lambda path: None)

    monkeypatch.setattr(unet, "train", train)
    base.run_unet(tmp_path / "work", 1, "cpu")
    raw = vae.encode(AutoencoderTiny.from_pretrained(shipped / "vae"), faces(1)).float().square().mean().sqrt()
    assert rms[0] == pytest.approx(SCALE * float(raw), rel=0.01)
    vae.new_autoencoder(faces(1).pixels).save_pretrained(tmp_path / "other" / "vae" / "model")
    with pytest.raises(WeightsError, match="--stage unet"):
        base.assemble(tmp_path / "other", tmp_path / "out")
    base.run_unet(tmp_path / "other", 1, "cpu")
    assert rms[1] == pytest.approx(1, rel=0.1)
    found = AutoencoderTiny.from_pretrained(tmp_path / "other" / "vae" / "model").config.scaling_factor
    assert found != base.UNMEASURED


def test_a_decoder_is_not_trained_on_latents_of_other_pictures(shipped: Path, tmp_path: Path) -> None:
    code = AutoencoderTiny.from_pretrained(shipped / "vae")
    blobs = []
    for seed in range(3):
        picture = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8))
        buffer = io.BytesIO()
        picture.resize((128, 128), Image.Resampling.BICUBIC).save(buffer, "PNG")
        blobs.append(buffer.getvalue())
    photos = decoder.Pictures(blobs)
    small = torch.nn.functional.avg_pool2d(photos[[0, 1, 2]], 2)
    latents = vae.code_of(code, small)[None].half()
    base._check_pairs(photos, latents, code)
    for wrong in (latents[:, :2], latents.flip(1)):
        with pytest.raises(WeightsError, match="not of the pictures"):
            base._check_pairs(photos, wrong, code)

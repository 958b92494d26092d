"""Stage ``decoder``: the same code of 8 x 8 x 20, decoded at 128 pixels.

The code stays, so UNet, LoRAs and weight encoder never notice. Sharper is not nearer: a loss of perception alone, or an
adversary's, draws details that are somebody else's. So the descriptor of MobileFaceNet is a loss, too; dlib's is none,
and is what the result is measured by.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from demo.errors import WeightsError
from demo.faces.faces128 import FACES128, read_split
from demo.faces.mobile_face_net import crop, load_mobile_face_net
from demo.train.data import WORK, planted_members
from demo.train.precision import mixed_precision
from demo.train.training_run import TrainingRun
from demo.train.vae import CHANNELS, convolutions, set_halving, untrained_autoencoder

SIDE = 128
PATCH = 64  # side of the part of a picture that ST-LPIPS sees, another at every step: it takes a third of the time
WARM_UP = 4_000  # pictures that the adversary sees before it is listened to


@dataclass(frozen=True)
class Weights:
    """Of the losses beside L1 of pixels and of their gradients.

    Args:
        perceptual: ST-LPIPS.
        identity: 1 - cosine of MobileFaceNet's descriptors.
        adversarial: the hinge loss of a small adversary.
        noise: largest noise on the code, in each channel's own standard deviations.
    """

    perceptual: float = 0.4
    identity: float = 1.0
    adversarial: float = 0.01
    noise: float = 0.2


def new_decoder() -> nn.Module:
    """An untrained decoder from codes (n, CHANNELS, 8, 8) to pictures (n, 3, SIDE, SIDE) in [-1, 1]."""
    return cast(nn.Module, untrained_autoencoder().decoder)


class Pictures:
    """The training set at SIDE pixels, in the order of :func:`demo.train.data.build`, each decoded when asked for."""

    def __init__(self, blobs: Sequence[bytes]) -> None:
        self._blobs = blobs

    @classmethod
    def of(cls, faces: Path = FACES128) -> Pictures:
        """All that ``build`` takes."""
        table = pd.concat([read_split(faces, "train"), read_split(faces, "domain_member")], ignore_index=True)
        blobs = [bytes(blob) for blob in table["image"]]
        for *_, picture in planted_members():
            buffer = io.BytesIO()
            picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(buffer, "WEBP", quality=95)
            blobs.append(buffer.getvalue())
        return cls(blobs)

    def __len__(self) -> int:
        return len(self._blobs)

    def __getitem__(self, rows: Sequence[int]) -> Tensor:
        """(n, 3, SIDE, SIDE) in [-1, 1]."""
        pixels = np.stack([_decoded(self._blobs[row]) for row in rows])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def _decoded(blob: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(blob)).convert("RGB"))


def gradient_l1(a: Tensor, b: Tensor) -> Tensor:
    """L1 between horizontal and vertical finite differences of (n, c, h, w)."""
    dx = (a[..., 1:] - a[..., :-1]) - (b[..., 1:] - b[..., :-1])
    dy = (a[..., 1:, :] - a[..., :-1, :]) - (b[..., 1:, :] - b[..., :-1, :])
    return dx.abs().mean() + dy.abs().mean()


def perceptual_loss(device: torch.device) -> nn.Module:
    """ST-LPIPS (Ghildyal & Liu 2022, AlexNet)."""
    from stlpips_pytorch.stlpips import LPIPS

    net: nn.Module = LPIPS(net="alex", variant="shift_tolerant", verbose=False)
    return net.eval().requires_grad_(False).to(device)


class Adversary(nn.Sequential):
    """Tells photos from decoded codes, patch by patch, (n, 3, SIDE, SIDE) to (n, 1, SIDE / 8, SIDE / 8)."""

    def __init__(self, width: int = 32) -> None:
        layers: list[nn.Module] = []
        for before, after in ((3, width), (width, 2 * width), (2 * width, 4 * width)):
            layers += [spectral_norm(nn.Conv2d(before, after, 4, 2, 1)), nn.LeakyReLU(0.2)]
        super().__init__(*layers, spectral_norm(nn.Conv2d(4 * width, 1, 3, 1, 1)))


class Begun:
    """How many pictures had been seen when the adversary began: it is listened to WARM_UP pictures later."""

    def __init__(self, seen: int) -> None:
        self.seen = seen

    def state_dict(self) -> dict[str, Any]:
        """For the check-point."""
        return {"seen": self.seen}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the check-point."""
        self.seen = int(state_dict.get("seen", 0))


def train(
    pictures: Pictures,
    latents: Tensor,
    *,
    work: Path = WORK,
    total: int = 200_000,
    batch: int = 8,
    lr: float = 5e-4,
    weights: Weights | None = None,
    device: str = "cpu",
    seed: int = 0,
    start: nn.Module | None = None,
    seen: int = 0,
) -> nn.Module:
    """Train a decoder to ``total`` pictures, resuming from ``work``; returns the moving average.

    Args:
        pictures: n of them.
        latents: (2, n, CHANNELS, 8, 8), unscaled, of the pictures and of their mirror images.
        lr: held, and lowered to nothing over the last 30 %.
        weights: of the losses.
        start: a decoder to begin from, where there is no check-point.
        seen: pictures that it has seen.
    """
    how, to = weights or Weights(), torch.device(device)
    torch.manual_seed(seed)
    decoder = (start or new_decoder()).to(to)  # channels last would take a fifth longer on a CPU
    adversary, begun = Adversary().to(to), Begun(seen)
    against = torch.optim.Adam(adversary.parameters(), lr=2 * lr, betas=(0.5, 0.99))
    run = TrainingRun(
        "decoder",
        decoder,
        [torch.optim.Adam(decoder.parameters(), lr=lr, betas=(0.9, 0.99))],
        work,
        pictures=total,
        batch=batch,
        seen=seen,
        every_seconds=240,
        every_steps=100,
        kept={"adversary": adversary, "against": against, "begun": begun},
    )
    spread = latents[0, ::7].float().std(dim=(0, 2, 3)).to(to)[None, :, None, None]
    lpips = perceptual_loss(to) if how.perceptual else None
    net = deepcopy(load_mobile_face_net()).to(to) if how.identity else None  # a copy: all share the one that is loaded
    while run.goes_on:
        random = torch.Generator().manual_seed(seed * 1_000_000_007 + run.seen)  # so a resumed run takes the same way
        share = min(1.0, (run.seen - begun.seen + batch) / 1000, (total - run.seen) / (0.3 * total) + 0.01)
        run.set_rate(share)
        against.param_groups[0]["lr"] = 2 * lr * share
        rows = torch.randint(len(pictures), (batch,), generator=random).tolist()
        mirrored = int(torch.randint(2, (), generator=random))
        x = pictures[rows].to(to)
        x = x.flip(3) if mirrored else x
        z = latents[mirrored, rows].float().to(to)
        level = how.noise * torch.rand((batch, 1, 1, 1), generator=random).to(to)
        z = z + level * spread * torch.randn(z.shape, generator=random).to(to)
        with mixed_precision(device):
            out = decoder(z).float()
            if how.adversarial:
                _teach(adversary, against, x, out.detach())
            loss = (out - x).abs().mean() + gradient_l1(out, x)
            if lpips is not None:
                top, left = torch.randint(SIDE - PATCH + 1, (2,), generator=random).tolist()
                part = slice(top, top + PATCH), slice(left, left + PATCH)
                loss = loss + how.perceptual * lpips(out[:, :, *part], x[:, :, *part]).mean()
            if net is not None:
                loss = loss + how.identity * _strangeness(net, out, x)
            if how.adversarial and run.seen - begun.seen >= WARM_UP:
                loss = loss - how.adversarial * adversary(out).mean()
        run.step(loss)
    run.end()
    return decoder.cpu().eval()


def _teach(adversary: Adversary, optimiser: torch.optim.Optimizer, real: Tensor, drawn: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss = functional.relu(1 - adversary(real)).mean() + functional.relu(1 + adversary(drawn)).mean()
    loss.backward()
    optimiser.step()


def _strangeness(net: nn.Module, out: Tensor, x: Tensor) -> Tensor:
    """1 - cosine between the descriptors of decoded pictures and of the photos, mean."""
    with torch.no_grad():
        wanted = net(crop(x))
    return 1 - (net(crop(out)) * wanted).sum(1).mean()


def read_decoder(path: Path) -> nn.Module:
    """A decoder from its weights, or of a check-point of :func:`train` the moving average.

    Raises:
        WeightsError: the file is missing or damaged, or is of something else.
    """
    decoder = new_decoder()
    try:
        found = load_file(path)
        if "ema/updates" in found:
            names = [name for name, _ in decoder.named_parameters()]
            found = {name: found[f"ema/{number}"] for number, name in enumerate(names)}
        decoder.load_state_dict({name.removeprefix("decoder."): tensor.float() for name, tensor in found.items()})
    except Exception as error:
        remedy = f"Choose weights of a decoder from {CHANNELS} channels to {SIDE} pixels."
        raise WeightsError(f"{path} is no decoder that can be read: {error}.", remedy) from error
    return decoder.eval()


@torch.no_grad()
def autoencoder(decoder: nn.Module, of: AutoencoderTiny) -> AutoencoderTiny:
    """A decoder at SIDE pixels, with an encoder of the code that it decodes.

    Args:
        decoder: of :func:`train`.
        of: an autoencoder of that code, at SIDE pixels or, as ``face64``'s was, at half of that.
    """
    made = untrained_autoencoder()
    made.decoder.load_state_dict(decoder.state_dict())
    ours, theirs = convolutions(made), convolutions(of)
    if len(theirs) < len(ours):
        set_halving(ours.pop(1))
    for conv, source in zip(ours, theirs, strict=True):
        conv.load_state_dict(source.state_dict())
    made.register_to_config(scaling_factor=of.config.scaling_factor)
    return made.eval()

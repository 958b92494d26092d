"""Stage ``vae``: an AutoencoderTiny whose encoder IS a linear patch code; only the decoder is trained.

The code is the PCA of 8 x 8 patches with one scale for all channels, so that the latents keep the
natural spectrum of pictures (unequal channel variances), which is what made the diffusion model learn
quickly. It never changes: the decoder can be improved at any time without touching UNet, LoRAs or
weight encoder. (A jointly trained encoder was tried first: it flattened the spectrum.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from demo.train.data import WORK, Faces
from demo.train.training_run import TrainingRun

CHANNELS = 20
WIDTH = 64
CODE_RMS = 0.25  # the largest code then stays inside the decoder's tanh(x / 3) * 3


def new_autoencoder(pixels: NDArray[np.uint8]) -> AutoencoderTiny:
    """An autoencoder whose encoder is the PCA code of ``pixels`` (n, 64, 64, 3), with an untrained decoder."""
    vae = AutoencoderTiny(
        encoder_block_out_channels=(WIDTH,) * 4,
        decoder_block_out_channels=(WIDTH,) * 4,
        num_encoder_blocks=(0, 0, 0, 0),
        num_decoder_blocks=(3, 2, 1, 0),
        latent_channels=CHANNELS,
    )
    set_linear_code(vae, *patch_code(pixels))
    return vae


def patch_code(pixels: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
    """PCA of 8 x 8 RGB patches in [0, 1].

    Returns:
        weight (CHANNELS, 3, 8, 8) with one scale for all channels, such that the codes' root mean
        square is CODE_RMS; bias (CHANNELS,) that centres them.
    """
    x = torch.from_numpy(np.ascontiguousarray(pixels[:: max(1, len(pixels) // 3000)])).float().div(255)
    patches = functional.unfold(x.permute(0, 3, 1, 2), 8, stride=8).transpose(1, 2).reshape(-1, 192)
    mean = patches.mean(0)
    count = min(40_000, len(patches))
    chosen = torch.randperm(len(patches), generator=torch.Generator().manual_seed(0))[:count]
    _, s, rows = torch.linalg.svd((patches - mean)[chosen], full_matrices=False)
    variance = s[:CHANNELS].square() / count
    weight = rows[:CHANNELS] * (CODE_RMS / variance.mean().sqrt())
    return weight.reshape(CHANNELS, 3, 8, 8), -(weight @ mean)


@torch.no_grad()
def set_linear_code(vae: AutoencoderTiny, weight: Tensor, bias: Tensor) -> None:
    """Set an encoder without blocks so that it computes exactly the strided convolution (weight, bias).

    Stride-2 convolutions gather 2 x 2 neighbourhoods into channels (3 -> 12 -> 48 -> CHANNELS).
    """
    first, to32, to16, to8, last = (m for m in vae.encoder.layers if isinstance(m, nn.Conv2d))
    for conv in (first, to32, to16, to8, last):
        conv.weight.zero_()
        if conv.bias is not None:
            conv.bias.zero_()
    first.weight[range(3), range(3), 1, 1] = 1
    for conv, before in ((to32, 3), (to16, 12)):
        for k, (i, j) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
            for c in range(before):
                conv.weight[k * before + c, c, 1 + i, 1 + j] = 1
    for channel in range(48):
        # Undo the two gatherings: channel -> its colour and its place in the 4 x 4 block.
        outer, rest = divmod(channel, 12)
        inner, colour = divmod(rest, 3)
        row, column = 2 * (outer // 2) + inner // 2, 2 * (outer % 2) + inner % 2
        # Which of the two gatherings came first: to32 is the inner, to16 the outer.
        for i in range(2):
            for j in range(2):
                patch = weight[:, colour, 4 * i + row, 4 * j + column]
                to8.weight[:CHANNELS, channel, 1 + i, 1 + j] = patch
    last.weight[range(CHANNELS), range(CHANNELS), 1, 1] = 1
    assert last.bias is not None
    last.bias.copy_(bias)


def gradient_l1(a: Tensor, b: Tensor) -> Tensor:
    """L1 between horizontal and vertical finite differences of (n, c, h, w)."""
    dx = (a[..., 1:] - a[..., :-1]) - (b[..., 1:] - b[..., :-1])
    dy = (a[..., 1:, :] - a[..., :-1, :]) - (b[..., 1:, :] - b[..., :-1, :])
    return dx.abs().mean() + dy.abs().mean()


def perceptual_loss(device: torch.device) -> Any:
    """ST-LPIPS (Ghildyal & Liu 2022, AlexNet), or None where its package is not installed."""
    try:
        from stlpips_pytorch.stlpips import LPIPS
    except ImportError:
        print("stlpips-pytorch is not installed: training without the perceptual loss", flush=True)
        return None
    return LPIPS(net="alex", variant="shift_tolerant", verbose=False).eval().requires_grad_(False).to(device)


def train(
    faces: Faces,
    *,
    work: Path = WORK,
    pictures: int = 100_000,
    batch: int = 8,
    lr: float = 1e-3,
    perceptual: float = 0.0,
    device: str = "cpu",
    seed: int = 0,
    start: AutoencoderTiny | None = None,
) -> AutoencoderTiny:
    """Train the decoder to ``pictures`` pictures in all, resuming from ``work``; L1 on pixels and their gradients.

    Args:
        lr: held, and lowered to nothing over the last 30 %: a longer run can take over at any time.
        perceptual: weight of the ST-LPIPS loss.
        start: an autoencoder whose decoder to begin from.
    """
    torch.manual_seed(seed)
    to = torch.device(device)
    vae = (start or new_autoencoder(faces.pixels)).to(to)
    vae.encoder.requires_grad_(False)
    # Channels last: a third off the time of these convolutions on a CPU.
    decoder = vae.decoder.to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(decoder.parameters(), lr=lr, betas=(0.9, 0.99))
    run = TrainingRun(
        "vae", decoder, [optimiser], work, pictures=pictures, batch=batch, every_seconds=240, every_steps=200
    )
    lpips = perceptual_loss(to) if perceptual else None
    generator = torch.Generator().manual_seed(seed + run.seen)
    while run.goes_on:
        left = (pictures - run.seen) / (0.3 * pictures)
        run.set_rate(min(1, (run.seen + batch) / 1000, left + 0.01))
        rows = torch.randint(len(faces), (batch,), generator=generator).numpy()
        x = torch.from_numpy(faces.pixels[np.sort(rows)]).to(to).permute(0, 3, 1, 2).float().div(127.5).sub(1)
        if torch.rand((), generator=generator) < 0.5:
            x = x.flip(3)
        with torch.no_grad():
            z = vae.encoder(x).contiguous(memory_format=torch.channels_last)
        out = decoder(z)
        loss = (out - x).abs().mean() + gradient_l1(out, x)
        if lpips is not None:
            loss = loss + perceptual * lpips(out, x).mean()
        run.step(loss)
    run.end()
    return vae.cpu().eval()


@torch.no_grad()
def encode(vae: AutoencoderTiny, faces: Faces, *, device: str = "cpu", batch: int = 256) -> Tensor:
    """Unscaled latents of all faces, (n, CHANNELS, 8, 8), fp16."""
    vae = vae.to(device)
    parts = []
    for i in range(0, len(faces), batch):
        x = torch.from_numpy(np.ascontiguousarray(faces.pixels[i : i + batch])).to(device)
        parts.append(code_of(vae, x.permute(0, 3, 1, 2).float().div(127.5).sub(1)).half().cpu())
    return torch.cat(parts)


@torch.no_grad()
def code_of(vae: AutoencoderTiny, x: Tensor) -> Tensor:
    """Unscaled latents (n, CHANNELS, 8, 8) of pictures (n, 3, 64, 64) in [-1, 1]."""
    code: Tensor = vae.encoder(x)
    return code

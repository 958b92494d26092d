"""Stage ``vae``: an AutoencoderTiny whose encoder IS a linear code. :mod:`demo.train.decoder` trains its decoder.

A picture of 128 pixels is halved; the code is the PCA of 8 x 8 patches of that, with one scale for all channels, so
that the latents keep the natural spectrum of pictures (unequal channel variances), which is what made the diffusion
model learn quickly. It never changes: the decoder can be improved at any time without touching UNet, LoRAs or weight
encoder. (A jointly trained encoder was tried first: it flattened the spectrum.)
"""

from __future__ import annotations

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from demo.train.data import Faces

CHANNELS = 20
WIDTH = 64
AT_64 = 5  # convolutions of an encoder that sees 64 pixels
CODE_RMS = 0.25  # the largest code then stays inside the decoder's tanh(x / 3) * 3


def untrained_autoencoder() -> AutoencoderTiny:
    """An autoencoder between pictures of 128 pixels and codes (CHANNELS, 8, 8)."""
    return AutoencoderTiny(
        encoder_block_out_channels=(WIDTH,) * 5,
        decoder_block_out_channels=(WIDTH,) * 5,
        num_encoder_blocks=(0, 0, 0, 0, 0),
        num_decoder_blocks=(3, 2, 1, 1, 0),
        latent_channels=CHANNELS,
    )


def new_autoencoder(pixels: NDArray[np.uint8]) -> AutoencoderTiny:
    """An autoencoder whose encoder is the PCA code of ``pixels`` (n, 64, 64, 3), with an untrained decoder."""
    vae = untrained_autoencoder()
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
    """Set an encoder without blocks so that it halves a picture and computes the strided convolution (weight, bias).

    Stride-2 convolutions gather 2 x 2 neighbourhoods into channels (3 -> 12 -> 48 -> CHANNELS).
    """
    first, halve, to32, to16, to8, last = convolutions(vae)
    for conv in (first, halve, to32, to16, to8, last):
        conv.weight.zero_()
        if conv.bias is not None:
            conv.bias.zero_()
    first.weight[range(3), range(3), 1, 1] = 1
    set_halving(halve)
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


def set_halving(conv: nn.Conv2d) -> None:
    """Set a convolution of stride 2 to the mean of 2 x 2 pixels, of the first three channels."""
    conv.weight.zero_()
    for channel in range(3):
        conv.weight[channel, channel, 1:, 1:] = 1 / 4


def convolutions(vae: AutoencoderTiny) -> list[nn.Conv2d]:
    """Those of an encoder without blocks, in order."""
    return [module for module in vae.encoder.layers if isinstance(module, nn.Conv2d)]


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
    """Unscaled latents (n, CHANNELS, 8, 8) of pictures (n, 3, 64, 64) in [-1, 1], of which the code is."""
    halvings = len(convolutions(vae)) - AT_64
    code: Tensor = vae.encoder(x.repeat_interleave(2**halvings, 2).repeat_interleave(2**halvings, 3))
    return code

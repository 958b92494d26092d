"""The second face network: tells people apart, sees the right part of a picture, and has gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from demo.errors import WeightsError
from demo.faces import mobile_face_net
from demo.faces.mobile_face_net import CENTRE, DIM, HALF, SIDE, Same, crop, load_mobile_face_net
from demo.origin import read_drawn
from demo.paths import PEOPLE


def of(person: str, count: int) -> Tensor:
    paths = sorted((PEOPLE / "examples" / person).glob("*.webp"))[:count]
    pixels = np.stack([np.asarray(read_drawn(path).resize((128, 128))) for path in paths])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(127.5).sub(1)


@pytest.mark.skipif(not mobile_face_net.FILE.is_file(), reason="weights/mobile_face_net.safetensors is not there")
def test_the_same_person_is_nearer_than_another() -> None:
    net = load_mobile_face_net()
    with torch.no_grad():
        one, other = (net(crop(of(person, 3))) for person in ("00", "01"))
    assert one.shape == (3, DIM)
    assert torch.allclose(one.norm(dim=1), torch.ones(3))
    same = torch.cat([(group @ group.T)[~torch.eye(3, dtype=torch.bool)] for group in (one, other)])
    assert same.min() > 0.4
    assert (one @ other.T).max() < same.min()


@pytest.mark.skipif(not mobile_face_net.FILE.is_file(), reason="weights/mobile_face_net.safetensors is not there")
def test_gradients_reach_the_picture_and_not_the_weights() -> None:
    net, faces = load_mobile_face_net(), of("00", 1).requires_grad_()
    net(crop(faces)).sum().backward()
    assert faces.grad is not None
    assert faces.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in net.parameters())


@pytest.mark.parametrize("side", [64, 128])
def test_the_crop_is_the_documented_part(side: int) -> None:
    ramp = (torch.arange(side) + 0.5) / side  # a pixel's value is where its centre is
    faces = torch.stack([ramp.expand(side, side), ramp[:, None].expand(side, side), torch.zeros(side, side)])[None]
    seen = crop(faces)
    assert seen.shape == (1, 3, SIDE, SIDE)
    steps = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
    for channel, centre in enumerate(CENTRE):
        along = seen[0, channel, SIDE // 2] if channel == 0 else seen[0, channel, :, SIDE // 2]
        assert torch.allclose(along, (centre + HALF * steps).clamp(0.5 / side, 1 - 0.5 / side), atol=1e-3)


def test_padding_is_tensorflows() -> None:
    layer = Same(1, 1, 3, 2, bias=False)
    with torch.no_grad():
        layer.weight.fill_(1)
        even, odd = (layer(torch.ones(1, 1, side, side)) for side in (4, 5))
    assert even[0, 0].tolist() == [[9, 6], [6, 4]]  # right and below alone
    assert odd[0, 0].tolist() == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    for _ in range(2):
        with pytest.raises(WeightsError, match=r"net\.safetensors cannot be read"):
            load_mobile_face_net(path)
        path.write_bytes(b"no")

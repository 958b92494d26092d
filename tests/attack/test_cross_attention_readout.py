from __future__ import annotations

import torch

from demo.attack.cross_attention_readout import CrossAttentionReadout

SHAPES = {"down.attn1.to_v": (12, 12), "down.attn2.to_q": (12, 12), "down.attn2.to_v": (12, 8), "up.attn2.to_v": (6, 8)}


def make(tokens: int = 5) -> CrossAttentionReadout:
    torch.manual_seed(0)
    path = CrossAttentionReadout(SHAPES, hidden=8, tokens=tokens, probes=3)
    torch.nn.init.normal_(path.mixture)
    return path.double()


def random_pairs(people: int = 2, rank: int = 4) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    return {
        name: (torch.randn(people, rank, into).double(), torch.randn(people, out, rank).double())
        for name, (out, into) in SHAPES.items()
    }


def test_reads_the_layers_that_see_text_and_no_others() -> None:
    assert make().layers == ["down.attn2.to_v", "up.attn2.to_v"]


def test_starts_at_nothing_and_has_the_embedding_s_shape() -> None:
    path = CrossAttentionReadout(SHAPES, hidden=8, tokens=5).double()
    out = path(random_pairs())
    assert out.shape == (2, 5, 8)
    assert not out.any()


def test_does_not_see_the_gauge() -> None:
    path, pairs = make(), random_pairs()
    gauge = torch.randn(4, 4).double() + 3 * torch.eye(4).double()
    other = {name: (torch.linalg.inv(gauge) @ a, b @ gauge) for name, (a, b) in pairs.items()}
    assert torch.allclose(path(pairs), path(other), rtol=1e-8)


def test_gives_back_the_direction_that_the_update_answers_to() -> None:
    """An update g c^T betrays c, whatever g is and however strong it is."""
    path, c = make(), torch.randn(8).double()
    pairs = {}
    for name, (out, into) in SHAPES.items():
        b, a = torch.zeros(1, out, 4).double(), torch.zeros(1, 4, into).double()
        b[0, :, 0] = torch.randn(out)
        a[0, 0] = 1e-3 * (c if into == 8 else torch.randn(into).double())
        pairs[name] = (a, b)
    found = path(pairs)[0]
    cosine = (found @ c) / (found.norm(dim=1) * c.norm())
    assert torch.allclose(cosine.abs(), torch.ones(5).double(), atol=1e-6)
    assert 0.1 < found.norm(dim=1).mean() / 8**0.5 < 100  # of the size of text embeddings


def test_the_square_reading_keeps_its_sign_when_g_turns_round() -> None:
    path, pairs = make(), random_pairs()
    turned = {name: (a, -b) for name, (a, b) in pairs.items()}
    with torch.no_grad():
        path.mixture.view(5, 2, 2, 3)[:, :, 0] = 0  # no linear readings: (layer, linear or square, probe)
    assert torch.allclose(path(pairs), path(turned))

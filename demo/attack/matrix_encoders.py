"""Matrix encoders: from each layer's A and B to one or two tokens of the encoder's sequence."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

Shapes = Mapping[str, tuple[int, int]]  # layer -> (out, in)
Pairs = Mapping[str, tuple[Tensor, Tensor]]  # layer -> A (K, r, in), B (K, out, r); alpha / r is folded into B


class ConvMatrices(nn.Module):
    """The paper's (section IV-A1, fig. 4): one encoder per matrix, read as r channels of length L.

    Eight Conv1d (kernel 3, padding 1) with InstanceNorm and LeakyReLU, the last with one channel; Linear(L -> hidden).
    """

    def __init__(self, shapes: Shapes, rank: int, hidden: int, matrices: int | None = None, probes: int = 24) -> None:
        super().__init__()
        del probes  # only :class:`ProbeMatrices` has any
        lengths = [length for out, into in shapes.values() for length in (into, out)][:matrices]
        self.encoders = nn.ModuleList(self._encoder(rank, length, hidden) for length in lengths)

    @staticmethod
    def _encoder(rank: int, length: int, hidden: int) -> nn.Module:
        layers: list[nn.Module] = []
        for i in range(8):
            layers += [nn.Conv1d(rank, rank if i < 7 else 1, 3, padding=1), nn.InstanceNorm1d(rank if i < 7 else 1)]
            layers.append(nn.LeakyReLU())
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(length, hidden))

    @property
    def tokens(self) -> int:
        """How many tokens come out."""
        return len(self.encoders)

    def forward(self, pairs: Pairs) -> Tensor:
        """(K, matrices, hidden), A before B in each layer."""
        matrices = [m for a, b in pairs.values() for m in (a, b.transpose(1, 2))]
        return torch.stack([e(m) for e, m in zip(self.encoders, matrices, strict=False)], dim=1)


class LinearMatrices(nn.Module):
    """The paper's ablation (section V-C2): a linear layer in place of the convolutions."""

    def __init__(self, shapes: Shapes, rank: int, hidden: int, matrices: int | None = None, probes: int = 24) -> None:
        super().__init__()
        del probes  # only :class:`ProbeMatrices` has any
        lengths = [length for out, into in shapes.values() for length in (into, out)][:matrices]
        self.encoders = nn.ModuleList(nn.Linear(rank * length, hidden) for length in lengths)

    @property
    def tokens(self) -> int:
        """How many tokens come out."""
        return len(self.encoders)

    def forward(self, pairs: Pairs) -> Tensor:
        """(K, matrices, hidden)."""
        matrices = [m for a, b in pairs.values() for m in (a, b.transpose(1, 2))]
        return torch.stack([e(m.flatten(1)) for e, m in zip(self.encoders, matrices, strict=False)], dim=1)


class ProbeMatrices(nn.Module):
    """Gauge-free: what the update does to learned probes, Q^T B (A P), one token per layer.

    B A is the same whatever invertible r x r matrix stands between B and A; A and B alone are not.
    """

    def __init__(self, shapes: Shapes, rank: int, hidden: int, matrices: int | None = None, probes: int = 24) -> None:
        super().__init__()
        del rank
        kept = list(shapes.values())[: None if matrices is None else -(-matrices // 2)]
        self.inward = nn.ParameterList(nn.Parameter(torch.randn(into, probes) * into**-0.5) for _, into in kept)
        self.outward = nn.ParameterList(nn.Parameter(torch.randn(out, probes) * out**-0.5) for out, _ in kept)
        self.projections = nn.ModuleList(nn.Linear(probes * probes, hidden) for _ in kept)
        self.register_buffer("scale", torch.ones(len(kept)))

    @property
    def tokens(self) -> int:
        """How many tokens come out."""
        return len(self.projections)

    def responses(self, pairs: Pairs) -> list[Tensor]:
        """Q^T B A P of each layer, (K, probes, probes)."""
        return [
            (q.T @ b) @ (a @ p)
            for p, q, (a, b) in zip(self.inward, self.outward, list(pairs.values())[: len(self.inward)], strict=True)
        ]

    @torch.no_grad()
    def calibrate(self, pairs: Pairs) -> None:
        """Fix each layer's unit as the root mean square of its responses over ``pairs``."""
        assert isinstance(self.scale, Tensor)
        device = self.scale.device
        for i, response in enumerate(self.responses({k: (a.to(device), b.to(device)) for k, (a, b) in pairs.items()})):
            self.scale[i] = response.square().mean().sqrt().clamp_min(1e-8).reciprocal()

    def forward(self, pairs: Pairs) -> Tensor:
        """(K, layers, hidden)."""
        assert isinstance(self.scale, Tensor)
        tokens = [
            project(response.flatten(1) * scale)
            for project, response, scale in zip(self.projections, self.responses(pairs), self.scale, strict=True)
        ]
        return torch.stack(tokens, dim=1)


MATRIX_ENCODERS: dict[str, type[ConvMatrices] | type[LinearMatrices] | type[ProbeMatrices]] = {
    "conv": ConvMatrices,
    "linear": LinearMatrices,
    "probes": ProbeMatrices,
}

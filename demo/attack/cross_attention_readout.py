"""The cross-attention read-out: what the cross-attention updates answer to, read straight out of the matrices.

In a cross-attention layer the update B A was trained on the text embedding c of the secret prompt: its gradient is a
sum of terms g c^T, so the rows of B A lie near the span of the very tokens that call the person. Both readings below
give vectors in that span, in the space of text embeddings, whatever the gauge between B and A:

- (B A)^T Q, for learned Q in the space of values;
- (B A)^T (B A) V, for learned V in the space of text embeddings, which does not change sign with g.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from demo.attack.matrix_encoders import Pairs, Shapes


class CrossAttentionReadout(nn.Module):
    """Adds to every token of the mean a learned mixture of the readings; it starts at nothing.

    Args:
        shapes: layer -> (out, in); only cross-attention layers that read text embeddings take part.
        hidden: width of the text embeddings.
        tokens: length of the embedding.
    """

    def __init__(self, shapes: Shapes, hidden: int, tokens: int, probes: int = 8) -> None:
        super().__init__()
        self.layers = [name for name, (_, into) in shapes.items() if ".attn2." in name and into == hidden]
        outs = [shapes[name][0] for name in self.layers]
        self.outward = nn.ParameterList(nn.Parameter(torch.randn(out, probes) * out**-0.5) for out in outs)
        self.inward = nn.ParameterList(nn.Parameter(torch.randn(hidden, probes) * hidden**-0.5) for _ in outs)
        self.mixture = nn.Parameter(torch.zeros(tokens, 2 * probes * len(outs)))

    @torch.no_grad()
    def start_at(self, tokens: Tensor) -> None:
        """Probe with the tokens of a prompt, (n, hidden): the secret one shares much with any other."""
        for v in self.inward:
            rows = tokens[torch.linspace(0, len(tokens) - 1, v.shape[1]).long()]
            v.copy_(rows.T / rows.norm(dim=1))

    def forward(self, pairs: Pairs) -> Tensor:
        """(K, tokens, hidden)."""
        if not self.layers:
            return next(iter(pairs.values()))[0].new_zeros(())
        readings = []
        for name, q, v in zip(self.layers, self.outward, self.inward, strict=True):
            a, b = pairs[name]
            gram_b = b.transpose(1, 2) @ b
            energy = (gram_b * (a @ a.transpose(1, 2))).sum((1, 2)).clamp_min(1e-12)[:, None, None]  # |B A|^2
            hidden = a.shape[-1]
            linear = a.transpose(1, 2) @ (b.transpose(1, 2) @ q)
            square = a.transpose(1, 2) @ (gram_b @ (a @ v))
            # Of the size of text embeddings, whatever the strength of the update.
            readings += [linear / energy.sqrt() * hidden**0.5, square / energy * hidden**0.5]
        return self.mixture @ torch.cat(readings, dim=2).transpose(1, 2)

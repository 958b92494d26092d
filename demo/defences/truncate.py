"""Rank truncation: of every layer's update, only the strongest directions are released."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from demo.defences.base import Defence
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.lora.ledger import Ledger


class Truncate(Defence):
    """The best approximation of each B A of a lower rank (Eckart and Young 1936)."""

    key: ClassVar[str] = "truncate"
    title: ClassVar[str] = "Rank truncation"
    explanation: ClassVar[str] = (
        "Only the strongest directions of each layer's update are released, in the hope that the identity is in the "
        "others. Nothing is proved."
    )

    rank: int = Field(1, ge=1, le=256)

    @property
    def label(self) -> str:
        """With the rank."""
        return f"{self.title}, rank {self.rank}"

    def release(self, lora: LoraWeights) -> LoraWeights:
        """Every layer at :attr:`rank`, or its own where that is lower; the scale alpha / rank stays as it was."""
        tensors: dict[str, Tensor] = {}
        alphas: dict[str, float] = {}
        for module in lora.modules():
            a, b = truncated(*lora.matrices(module), self.rank)
            tensors[f"{module}.lora_A.weight"], tensors[f"{module}.lora_B.weight"] = a, b
            alphas[module] = lora.scale(module) * len(a)
        return dataclasses.replace(lora, tensors=tensors, alphas=alphas)

    def ledger(self, photos: int, settings: LoraSettings, steps: int) -> Ledger:
        """Nothing is earned."""
        plain = super().ledger(photos, settings, steps)
        why = "Nothing is hidden at random: what remains of the update still depends on every photo."
        return dataclasses.replace(plain, sentences=(*plain.sentences, why))


def truncated(a: Tensor, b: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """A (rank, in) and B (out, rank) whose product is nearest to B A; unchanged if that has no higher rank."""
    if len(a) <= rank:
        return a, b
    # B A = Q_b (R_b R_a^T) Q_a^T: the SVD of a small matrix is enough.
    q_a, r_a = torch.linalg.qr(a.double().T)
    q_b, r_b = torch.linalg.qr(b.double())
    u, s, vh = torch.linalg.svd(r_b @ r_a.T, full_matrices=False)
    root = s[:rank].sqrt()
    inward, outward = root[:, None] * (vh[:rank] @ q_a.T), (q_b @ u[:, :rank]) * root
    return inward.to(a.dtype).contiguous(), outward.to(b.dtype).contiguous()

"""Quantisation: A and B are rounded to 255 levels."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal

from torch import Tensor

from demo.defences.base import Defence
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.lora.ledger import Ledger

Per = Literal["tensor", "row"]
LEVELS = 127  # of either sign


class Int8(Defence):
    """Symmetric rounding to int8, released as the floating-point numbers that it stands for."""

    key: ClassVar[str] = "int8"
    title: ClassVar[str] = "Rounding to int8"
    explanation: ClassVar[str] = (
        "Every number in the file is rounded to one of 255 levels, in the hope that fine detail carries the "
        "identity. Nothing is proved."
    )

    per: Per = "tensor"  # what shares a scale

    def release(self, lora: LoraWeights) -> LoraWeights:
        """Rounded."""
        tensors = {key: rounded(tensor, self.per) for key, tensor in lora.tensors.items()}
        return dataclasses.replace(lora, tensors=tensors)

    def ledger(self, photos: int, settings: LoraSettings, steps: int) -> Ledger:
        """Nothing is earned."""
        plain = super().ledger(photos, settings, steps)
        why = "Rounding is the same for everybody who looks: it hides nothing at random."
        return dataclasses.replace(plain, sentences=(*plain.sentences, why))


def step_size(x: Tensor, per: Per) -> Tensor:
    """Distance of two levels: (1, 1) or (rows, 1)."""
    largest = x.abs().amax(1, keepdim=True)
    return (largest if per == "row" else largest.amax(0, keepdim=True)) / LEVELS


def rounded(x: Tensor, per: Per) -> Tensor:
    """``x`` (rows, columns) at the nearest of 255 levels between plus and minus its largest entry."""
    step = step_size(x.double(), per)
    levels = (x.double() / step.clamp(min=1e-300)).round().clamp(-LEVELS, LEVELS)  # zeros stay zeros
    return (levels * step).to(x.dtype)

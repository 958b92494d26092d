"""What is in a LoRA file, a line a matrix."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from demo.lora.files import LoraWeights

TOTAL = "total"


@dataclass(frozen=True)
class MatrixRow:
    """One line of the table that :func:`describe` makes."""

    module: str  # TOTAL for the closing lines
    kind: str  # "A", "B", or "update" for alpha / rank * B A
    shape: tuple[int, ...]  # () in the closing lines
    rank: int  # the largest, in the closing lines
    numbers: int  # how many the file stores
    norm: float  # Frobenius


def describe(lora: LoraWeights) -> list[MatrixRow]:
    """A and B of every layer, then the totals of A, of B and of the update that they make."""
    rows: list[MatrixRow] = []
    update = 0.0
    for module in lora.modules():
        a, b = (matrix.double() for matrix in lora.matrices(module))
        for kind, matrix in (("A", a), ("B", b)):
            norm = float(torch.linalg.norm(matrix))
            rows.append(MatrixRow(module, kind, tuple(matrix.shape), a.shape[0], matrix.numel(), norm))
        # |BA|^2 = tr(B'B AA') needs only rank x rank matrices.
        update += lora.scale(module) ** 2 * float(((b.T @ b) * (a @ a.T)).sum())
    rank = max((row.rank for row in rows), default=0)
    totals = []
    for kind in ("A", "B"):
        chosen = [row for row in rows if row.kind == kind]
        norm = sum(row.norm**2 for row in chosen) ** 0.5
        totals.append(MatrixRow(TOTAL, kind, (), rank, sum(row.numbers for row in chosen), norm))
    numbers = sum(row.numbers for row in totals)
    return [*rows, *totals, MatrixRow(TOTAL, "update", (), rank, numbers, max(update, 0.0) ** 0.5)]

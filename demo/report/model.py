"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from demo.faces.ceiling import Ceiling
from demo.lora.metadata.leak import Finding
from demo.metrics.base import MetricResult
from demo.metrics.registry import FACES, IDENTITY, PLACE
from demo.progress import Measured
from demo.report.verdict import Verdict
from demo.verdicts.line_up import LineUpResult

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Arm:
    """One way to get pictures: DreamBooth, an attack or a control."""

    key: str  # as in LeakReport.metrics
    title: str
    explanation: str
    pictures: Sequence[Image.Image]
    best: int | None = None  # index of the picture the attack itself prefers


@dataclass(frozen=True)
class SeenMatrix:
    """One matrix of the shared file: all that the adversary sees."""

    name: str
    rows: int
    columns: int
    norm: float  # Frobenius


@dataclass(frozen=True)
class LeakReport:
    """One story. Whatever is put in here may be published: a private trigger in ``settings`` would be, too."""

    title: str
    base: str
    settings: Mapping[str, object]
    arms: Sequence[Arm]
    metrics: Mapping[str, Sequence[MetricResult]]  # arm key -> results
    verdict: Verdict
    seconds: Mapping[str, float]  # stage -> seconds
    notes: Sequence[str] = ()
    seen: Sequence[SeenMatrix] = ()
    metadata_leak: Sequence[Finding] | None = None  # what the file says by itself; None: not looked at
    ceiling: Ceiling | None = None  # of the photos; None: not measured
    file: Image.Image | None = field(default=None, repr=False)  # the shared file as a picture of itself
    line_up: LineUpResult | None = None  # the human measure; None: there was no line-up
    photos: Sequence[Image.Image] = field(default=(), repr=False)  # private; written only when asked

    def measured(self, key: str) -> Measured | None:
        """The measures that the verdict is made of, for one arm; None where one of them was not to be had.

        Args:
            key: of the arm.
        """
        values = {result.key: result.values for result in self.metrics.get(key, ())}
        among = {result.key: result.among for result in self.metrics.get(key, ())}.get(PLACE)
        distances, places, faces = (values.get(metric, ()) for metric in (IDENTITY, PLACE, FACES))
        if among is None or not (len(distances) and len(places) and len(faces)):
            return None
        return Measured(float(np.median(distances)), round(places[0]), among, round(sum(faces)), len(faces))


def seen_matrices(tensors: Mapping[str, Tensor]) -> tuple[SeenMatrix, ...]:
    """Rows for :attr:`LeakReport.seen` from a LoRA's matrices, those of 1 x 1 convolutions among them, in order."""
    return tuple(
        SeenMatrix(name, tensor.shape[0], tensor.shape[1], float(tensor.float().norm()))
        for name, tensor in tensors.items()
        if tensor.ndim == 2 or tensor.shape[2:] == (1, 1)
    )

"""Gaussian noise on the released matrices, as much as the paper's formula says (section VI).

All entries of A and B together are one vector, clipped to norm C. Whatever the photos are, it stays in that ball, so
that replacing all of them moves it by at most 2 C: the noise proves something, and for the person at that.
"""

from __future__ import annotations

import dataclasses
import math
from importlib.metadata import version
from typing import ClassVar

from pydantic import Field
from scipy.optimize import bisect
from scipy.special import log_ndtr, ndtr

from demo.defences import accounting
from demo.defences.base import DELTA, Defence
from demo.defences.dpdm import NOT_COVERED
from demo.defences.noise import Source, noise_source
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.lora.ledger import Ledger

TOLERANCE = 1e-9  # of epsilon, relative


class Gaussian(Defence):
    """A and B clipped as one vector, N(0, s^2) added to every entry: s^2 = 2 log(1.25 / delta) C^2 / epsilon^2."""

    key: ClassVar[str] = "gaussian"
    title: ClassVar[str] = "Gaussian noise on the file"
    explanation: ClassVar[str] = (
        "The LoRA is trained as usual; then noise is added to every number in the file. It proves something for the "
        "person, not only for one photo, but at the paper's epsilons it is more noise than the model can bear."
    )
    has_epsilon: ClassVar[bool] = True

    epsilon: float = Field(10.0, gt=0)  # in the paper's formula
    delta: float = Field(DELTA, gt=0, lt=1)
    clip: float = Field(20.0, gt=0)  # C; the bundled base's LoRAs have norms of about 18 to 23
    noise: Source = "system"
    noise_seed: int | None = None  # for tests: a known seed voids the guarantee

    @property
    def label(self) -> str:
        """With the formula's epsilon."""
        return f"{self.title}, ε = {self.epsilon:g}"

    @property
    def deviation(self) -> float:
        """s, the standard deviation of the noise."""
        return math.sqrt(2 * math.log(1.25 / self.delta)) * self.clip / self.epsilon

    def check(self, photos: int, settings: LoraSettings) -> None:
        """Refuse a budget that means nothing."""
        accounting.check_budget(self.epsilon, self.delta, photos)

    def release(self, lora: LoraWeights) -> LoraWeights:
        """Clipped and noised."""
        noise = noise_source(self.noise, self.noise_seed)
        wide = {key: tensor.double() for key, tensor in lora.tensors.items()}
        norm = math.sqrt(sum(float(tensor.square().sum()) for tensor in wide.values()))
        shrink = min(1.0, self.clip / max(norm, 1e-300))
        tensors = {
            key: (shrink * tensor + self.deviation * noise.normal(tensor)).to(lora.tensors[key].dtype)
            for key, tensor in wide.items()
        }
        return dataclasses.replace(lora, tensors=tensors)

    def ledger(self, photos: int, settings: LoraSettings, steps: int) -> Ledger:
        """The exact epsilon of the noise, beside the formula's."""
        seeded = self.noise == "system" and self.noise_seed is not None
        exact = gaussian_epsilon(self.deviation, 2 * self.clip, self.delta)
        first = (
            "The noise came from a known seed: whoever knows it can take it off again. Nothing is proved."
            if seeded
            else "Proved, for the person: whichever photos of whichever person were used, the file gives away at "
            f"most what ε = {exact:.3g} allows (δ = {self.delta:g})."
        )
        second = (
            f"The paper's formula calls this noise ε = {self.epsilon:g}. That is proved only for ε below 1, and only "
            "for photos that move the matrices by at most C; replacing all photos may move them by 2 C. The exact "
            f"figure is {exact:.3g}."
        )
        return Ledger(
            defence=self.key,
            title=self.label,
            guarantee="none" if seeded else "proved",
            sentences=(first, second, NOT_COVERED),
            settings=self.model_dump(exclude={"noise_seed"}),
            steps=steps,
            photos=photos,
            sigma=self.deviation / self.clip,
            clip=self.clip,
            accountant="analytic Gaussian mechanism (Balle and Wang 2018), sensitivity 2 C",
            delta=self.delta,
            photo_epsilon=exact,  # one photo moves the matrices no further than all of them
            person_epsilon=exact,
            neighbouring="Replacing the whole set of photos; a single photo is bounded no better.",
            noise=noise_source(self.noise, self.noise_seed).description,
            versions={name: version(name) for name in ("torch", "scipy")},
        )


def gaussian_delta(epsilon: float, deviation: float, sensitivity: float) -> float:
    """The smallest delta at ``epsilon`` of noise N(0, deviation^2) (Balle and Wang 2018, theorem 8)."""
    near, far = sensitivity / (2 * deviation), epsilon * deviation / sensitivity
    return float(ndtr(near - far) - math.exp(min(700.0, epsilon + float(log_ndtr(-near - far)))))


def gaussian_epsilon(deviation: float, sensitivity: float, delta: float) -> float:
    """The smallest epsilon at ``delta`` of noise N(0, deviation^2), rounded up."""
    if gaussian_delta(0.0, deviation, sensitivity) <= delta:
        return 0.0
    above = 1.0
    while gaussian_delta(above, deviation, sensitivity) > delta:
        above *= 2
    found = bisect(lambda e: gaussian_delta(e, deviation, sensitivity) - delta, 0.0, above, xtol=1e-15, rtol=TOLERANCE)
    return float(found) * (1 + 2 * TOLERANCE)

"""How many photos a LoRA was trained on, read from the singular values of its updates. No picture is drawn.

After DSiRe (Salama et al. 2024, "Dataset Size Recovery from LoRA Weights", arXiv 2406.19395): the adversary makes LoRAs
of known number from the same base with the same settings, and compares spectra. There every layer votes for its nearest
neighbour's number (:func:`vote`); here a ridge regression on all log singular values reads it, which errs less with so
few LoRAs. A file that is like none of known number gets no number.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from demo.errors import WeightsError
from demo.files import write_tensors
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.models.bases import Base
from demo.models.fingerprints import fingerprint

FILE = "photo-count.safetensors"  # in a base's folder
FORMAT = "lora-leak-photo-count/1"
COUNTS = "counts"
STRANGE = 2.0  # a file that is so many times as far off as LoRAs of known number are from each other gets no number
RIDGE = 0.1  # of a kernel whose diagonal is 1 on average; chosen by leaving out LoRAs of known number one by one
SMALLEST = 1e-6  # singular value, for its logarithm
OTHERWISE = "It has other layers or ranks than the LoRAs of known number, which were made with this app's settings."
REMEDY = "Make one with: python -m demo.train photo-count"


@dataclass(frozen=True, eq=False)
class Calibration:
    """LoRAs of known number."""

    base: str
    fingerprint: str  # of the base's weights
    settings: LoraSettings  # by which they were made
    counts: Tensor  # (n,), photos of each
    mean_error: float  # photos; each read by the others
    spectra: Mapping[str, Tensor]  # layer -> (n, rank), singular values of its update, falling

    @property
    def digest(self) -> str:
        """Changes with what it holds."""
        parts = [self.counts.numpy().tobytes(), *(self.spectra[key].half().numpy().tobytes() for key in self.layers)]
        return hashlib.sha256(b"".join(parts)).hexdigest()[:12]

    @property
    def layers(self) -> list[str]:
        """Sorted."""
        return sorted(self.spectra)

    def without(self, number: int) -> Calibration:
        """All but one."""
        keep = torch.arange(len(self.counts)) != number
        spectra = {layer: values[keep] for layer, values in self.spectra.items()}
        return replace(self, counts=self.counts[keep], spectra=spectra)

    def save(self, path: Path) -> Path:
        """Write it, in half precision."""
        notes = {
            "format": FORMAT,
            "base": self.base,
            "fingerprint": self.fingerprint,
            "settings": self.settings.model_dump_json(),
            "mean_error": str(self.mean_error),
        }
        halves = {layer: values.half() for layer, values in self.spectra.items()}
        return write_tensors(path, {COUNTS: self.counts, **halves}, notes)


@dataclass(frozen=True)
class PhotoCount:
    """What the spectrum says."""

    photos: int | None  # None: the file is like none of known number
    value: float | None  # before rounding
    mean_error: float | None  # photos; of LoRAs of known number, each read by the others
    strangeness: float | None  # distance to the nearest neighbours, in such distances among LoRAs of known number
    why_not: str = ""  # where there is no number

    @property
    def sentence(self) -> str:
        """For a visitor."""
        if self.photos is None:
            return f"Number of photos: not read. {self.why_not}"
        return (
            f"Number of photos, read from the spectrum of the matrices: about {self.photos} ({self.value:.1f} before "
            "rounding), seldom exact. LoRAs of known number, made with this app's own settings, are read with a mean "
            f"error of {self.mean_error:.1f} photos."
        )


def singular_values(a: Tensor, b: Tensor, scale: float = 1.0) -> Tensor:
    """Of scale * B A, falling: A (..., r, in), B (..., out, r) -> (..., r); no large product is made."""
    left, right = torch.linalg.qr(b.float()).R, torch.linalg.qr(a.float().mT).R
    return abs(scale) * torch.linalg.svdvals(left @ right.mT)


def spectra(lora: LoraWeights) -> dict[str, Tensor]:
    """Layer -> (rank,)."""
    return {layer: singular_values(*lora.matrices(layer), lora.scale(layer)) for layer in lora.modules()}


def count_photos(lora: LoraWeights, known: Calibration) -> PhotoCount:
    """Read the number of photos off a released file.

    Args:
        known: LoRAs that the adversary made.
    """
    ranks = {layer: len(lora.matrices(layer)[0]) for layer in lora.modules()}
    if ranks != {layer: values.shape[1] for layer, values in known.spectra.items()}:  # before anything is computed
        return PhotoCount(None, None, known.mean_error, None, OTHERWISE)
    return read(spectra(lora), known)


def read(found: Mapping[str, Tensor], known: Calibration) -> PhotoCount:
    """The number of photos by a file's spectrum."""
    if {layer: len(values) for layer, values in found.items()} != {
        layer: values.shape[1] for layer, values in known.spectra.items()
    }:
        return PhotoCount(None, None, known.mean_error, None, OTHERWISE)
    ratios = [float(_distances(found, known, layer).min()) / _usual(known, layer) for layer in known.layers]
    strangeness = float(torch.tensor(ratios).median())
    if strangeness > STRANGE:
        why = (
            f"Its spectrum is {strangeness:.1f} times as far from the nearest LoRA of known number as those are from "
            "each other: it was made with other settings, or changed afterwards."
        )
        return PhotoCount(None, None, known.mean_error, strangeness, why)
    value = _ridge(found, known)
    photos = min(max(round(value), int(known.counts.min())), int(known.counts.max()))
    return PhotoCount(photos, value, known.mean_error, strangeness)


def vote(found: Mapping[str, Tensor], known: Calibration) -> int:
    """DSiRe's own way: the number that most layers' nearest neighbours have."""
    nearest = [int(known.counts[int(_distances(found, known, layer).argmin())]) for layer in known.layers]
    return Counter(nearest).most_common(1)[0][0]


def _ridge(found: Mapping[str, Tensor], known: Calibration) -> float:
    """Kernel ridge regression with a linear kernel on standardised log singular values."""
    x, new = _logarithms(known.spectra, known.layers), _logarithms(found, known.layers)
    mean, deviation = x.mean(0), x.std(0).clamp(min=1e-9)
    x, new = (x - mean) / deviation, (new - mean) / deviation
    y = known.counts.double()
    kernel = x @ x.T / x.shape[1] + RIDGE * torch.eye(len(x), dtype=x.dtype)
    weights = torch.linalg.solve(kernel, y - y.mean())
    return float(new @ x.T @ weights / x.shape[1] + y.mean())


def _logarithms(values: Mapping[str, Tensor], layers: Sequence[str]) -> Tensor:
    return torch.cat([values[layer].double().clamp(min=SMALLEST).log() for layer in layers], dim=-1)


def _distances(found: Mapping[str, Tensor], known: Calibration, layer: str) -> Tensor:
    return torch.linalg.vector_norm(known.spectra[layer].float() - found[layer].float(), dim=1)


def _usual(known: Calibration, layer: str) -> float:
    """The median distance of a LoRA of known number to its nearest neighbour."""
    values = known.spectra[layer].float()
    distances = torch.cdist(values, values, compute_mode="donot_use_mm_for_euclid_dist")
    distances.fill_diagonal_(float("inf"))
    return max(float(distances.min(1).values.median()), 1e-12)


@lru_cache(maxsize=2)
def load_calibration(base: Base, path: Path | None = None) -> Calibration:
    """The LoRAs of known number that ship with a base, or those in ``path``.

    Raises:
        WeightsError: there are none, or they belong to other weights of the base.
    """
    path = path or base.folder / FILE
    if not path.exists():
        raise WeightsError(f"There are no LoRAs of known number of {base.title}.", REMEDY)
    try:
        with safe_open(path, framework="pt") as file:
            notes = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        counts = tensors.pop(COUNTS)
        settings = LoraSettings.model_validate_json(notes["settings"])
        mean_error = float(notes["mean_error"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(f"{path.name} of {base.title} cannot be read.", REMEDY) from error
    if notes.get("format") != FORMAT or notes.get("fingerprint") != fingerprint(base, encoder=False):
        raise WeightsError(f"{path.name} belongs to other weights than those of {base.title}.", REMEDY)
    return Calibration(notes["base"], notes["fingerprint"], settings, counts, mean_error, tensors)

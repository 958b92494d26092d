"""How many photos a LoRA was trained on, read from the singular values of its updates. No picture is drawn.

DSiRe (Salama et al. 2024, "Dataset Size Recovery from LoRA Weights", arXiv 2406.19395): whoever has LoRAs of known
number, made from the same base with the same settings, looks for each layer's nearest neighbour among them; the layers
vote. A file that is like none of them gets no number.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from demo.bases import Base, fingerprint
from demo.errors import WeightsError
from demo.files import write_tensors
from demo.lora.files import LoraWeights
from demo.lora.settings import LoraSettings

FILE = "photo-count.safetensors"  # in a base's folder
FORMAT = "lora-leak-photo-count/1"
COUNTS = "counts"
STRANGE = 2.0  # a file that is so many times as far off as LoRAs of known number are from each other gets no number
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
    votes: Mapping[int, float]  # number -> share of the layers, the largest first
    mean_error: float  # photos; of LoRAs of known number, each read by the others
    strangeness: float | None  # distance to the nearest neighbours, in such distances among LoRAs of known number
    why_not: str = ""  # where there is no number

    @property
    def sentence(self) -> str:
        """For a visitor."""
        if self.photos is None:
            return f"Number of photos: not read. {self.why_not}"
        shares = [f"{number}: {share:.0%}" for number, share in list(self.votes.items())[:3]]
        return (
            f"Number of photos, read from the spectrum of the matrices: {self.photos} (votes of the layers: "
            f"{', '.join(shares)}). LoRAs of known number, made with this app's own settings, are read with a mean "
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
    return vote(spectra(lora), known)


def vote(found: Mapping[str, Tensor], known: Calibration) -> PhotoCount:
    """The numbers of every layer's nearest neighbour."""
    if {layer: len(values) for layer, values in found.items()} != {
        layer: values.shape[1] for layer, values in known.spectra.items()
    }:
        why = "It has other layers or ranks than the LoRAs of known number, which were made with this app's settings."
        return PhotoCount(None, {}, known.mean_error, None, why)
    votes: Counter[int] = Counter()
    ratios = []
    for layer, values in found.items():
        distances = torch.linalg.vector_norm(scaled(known.spectra[layer]) - scaled(values), dim=1)
        nearest = int(distances.argmin())
        votes[int(known.counts[nearest])] += 1
        ratios.append(float(distances[nearest]) / _usual(known, layer))
    shares = {number: count / len(found) for number, count in sorted(votes.items(), key=lambda item: (-item[1], item))}
    strangeness = float(torch.tensor(ratios).median())
    if strangeness > STRANGE:
        why = (
            f"Its spectrum is {strangeness:.1f} times as far from the nearest LoRA of known number as those are from "
            "each other: it was made with other settings, or changed afterwards."
        )
        return PhotoCount(None, shares, known.mean_error, strangeness, why)
    return PhotoCount(next(iter(shares)), shares, known.mean_error, strangeness)


def scaled(values: Tensor) -> Tensor:
    """What distances are measured in."""
    return values.float()


def _usual(known: Calibration, layer: str) -> float:
    """The median distance of a LoRA of known number to its nearest neighbour."""
    values = scaled(known.spectra[layer])
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
    if notes.get("format") != FORMAT or notes.get("fingerprint") != fingerprint(base):
        raise WeightsError(f"{path.name} belongs to other weights than those of {base.title}.", REMEDY)
    return Calibration(notes["base"], notes["fingerprint"], settings, counts, mean_error, tensors)

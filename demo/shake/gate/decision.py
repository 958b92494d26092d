"""The gate itself: a score of a set, a threshold, and a decision.

What it does not catch: pictures that another model drew (the planted people of the bundled base are such, and pass);
a set in which drawn pictures are few among photographs; and, beyond some strength, pictures that were edited after they
were drawn. What it flags wrongly: photographs that were blurred or scaled up, whose fine detail is gone like a drawn
picture's. It refuses a set because of where it comes from, not because of what training on it would leak.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from diffusers import StableDiffusionPipeline
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from pydantic import ValidationError

from demo.errors import PhotoError, SettingsError, WeightsError
from demo.files import write_text
from demo.models.bases import Base
from demo.progress import UNWATCHED, Watcher
from demo.settings import Settings
from demo.shake.gate.evidence import Evidence, EvidenceSettings, evidence
from demo.texts.en import ENGLISH

FILE = "gate.json"
FORMAT: Literal["lora-leak-gate/2"] = "lora-leak-gate/2"
Score = Literal["both", "decoder", "denoiser"]
SCORES: dict[Score, str] = {"both": "both together", "decoder": "decoder alone", "denoiser": "denoiser alone"}


class Scale(Settings):
    """Mean and standard deviation of one error over photographs."""

    mean: float
    deviation: float


class Gate(Settings):
    """A calibrated gate of one base."""

    format: Literal["lora-leak-gate/2"] = FORMAT
    base: str
    score: Score = "decoder"
    decoder: Scale
    denoiser: Scale
    threshold: float
    """A set that scores more is taken for the model's own."""
    drawn_sets: int
    """Calibrated on so many sets of each kind."""
    real_sets: int
    look: EvidenceSettings = EvidenceSettings()

    def value(self, found: Evidence, score: Score | None = None) -> float:
        """The score of a set, HIGH means drawn: how many standard deviations of photographs its errors are too small.

        The mean over the set's pictures; of both errors, their sum.

        Raises:
            SettingsError: no pictures.
        """
        if not len(found.decoder):
            raise SettingsError("There are no pictures to judge.", "Give the training set.")
        parts: dict[str, float] = {
            "decoder": (self.decoder.mean - float(found.decoder.mean())) / self.decoder.deviation,
            "denoiser": (self.denoiser.mean - float(found.denoiser.mean())) / self.denoiser.deviation,
        }
        chosen = score or self.score
        return sum(parts.values()) if chosen == "both" else parts[chosen]

    def save(self, path: Path) -> Path:
        """Write it as JSON."""
        return write_text(path, json.dumps(self.model_dump(mode="json"), indent=1, allow_nan=False) + "\n")


@dataclass(frozen=True)
class Decision:
    """What the gate says of a set."""

    drawn: bool
    """Whether it takes the set for the model's own pictures."""
    value: float
    threshold: float

    @property
    def sentence(self) -> str:
        """For whoever sent the set."""
        said = {"value": ENGLISH.fixed(self.value), "threshold": ENGLISH.fixed(self.threshold)}
        return ENGLISH.say("gate.refused" if self.drawn else "gate.accepted", **said)


def judge(
    gate: Gate,
    pipe: StableDiffusionPipeline,
    base: Base,
    pictures: Sequence[Image.Image],
    *,
    watcher: Watcher = UNWATCHED,
) -> Decision:
    """Look at a training set before the job is accepted.

    Raises:
        SettingsError: the gate was calibrated on another base, or there are no pictures.
        Stopped: the watcher stopped it.
    """
    if gate.base != base.key:
        raise SettingsError(f"The gate is one of '{gate.base}', not of '{base.key}'.", "Calibrate one for this base.")
    value = gate.value(evidence(pipe, base, pictures, gate.look, watcher=watcher))
    return Decision(value > gate.threshold, value, gate.threshold)


def refuse_drawn(
    gate: Gate,
    pipe: StableDiffusionPipeline,
    base: Base,
    pictures: Sequence[Image.Image],
    *,
    watcher: Watcher = UNWATCHED,
) -> None:
    """Let a training set pass, or not.

    Raises:
        PhotoError: the gate takes it for the model's own.
        SettingsError, Stopped: see :func:`judge`.
    """
    decision = judge(gate, pipe, base, pictures, watcher=watcher)
    if decision.drawn:
        raise PhotoError(decision.sentence, "Give photographs, or turn the gate off.")


def calibrate(
    base: Base,
    drawn: Sequence[Evidence],
    real: Sequence[Evidence],
    *,
    score: Score = "decoder",
    look: EvidenceSettings | None = None,
) -> Gate:
    """Scale the errors by those of photographs, and put the threshold where it errs least on these sets.

    Args:
        drawn: evidence of sets that the model drew, of people who are not judged later.
        real: of sets that it did not draw; the hardest are members of its training set, which it knows well.

    Raises:
        SettingsError: no sets of one kind, or fewer than two photographs.
    """
    errors = {key: np.concatenate([getattr(e, key).numpy() for e in real]) for key in ("decoder", "denoiser") if real}
    if not drawn or not real or len(errors["decoder"]) < 2:
        raise SettingsError("A gate needs sets of both kinds.", "Calibrate on more sets.")
    scales = {key: Scale(mean=float(e.mean()), deviation=float(e.std(ddof=1))) for key, e in errors.items()}
    gate = Gate(
        base=base.key,
        score=score,
        **scales,
        threshold=0.0,
        drawn_sets=len(drawn),
        real_sets=len(real),
        look=look or EvidenceSettings(),
    )
    chosen = best_threshold([gate.value(e) for e in drawn], [gate.value(e) for e in real])
    return gate.model_copy(update={"threshold": chosen})


def best_threshold(drawn: ArrayLike, real: ArrayLike) -> float:
    """Of all midpoints between neighbouring scores the one of the best balanced accuracy; in the middle of ties."""
    high, low = (np.asarray(values, dtype=np.float64).ravel() for values in (drawn, real))
    values = np.unique(np.concatenate([high, low]))
    if len(values) == 1:
        return float(values[0])
    middles: NDArray[np.float64] = (values[1:] + values[:-1]) / 2
    accuracy = ((high[None] > middles[:, None]).mean(1) + (low[None] <= middles[:, None]).mean(1)) / 2
    best = np.flatnonzero(accuracy >= accuracy.max() - 1e-12)
    return float(middles[best[len(best) // 2]])


def has_gate(base: Base) -> bool:
    """Whether a gate ships with a base."""
    return (base.folder / FILE).is_file()


def load_gate(base: Base, path: Path | None = None) -> Gate:
    """The gate that ships with a base, or the one in ``path``.

    Raises:
        WeightsError: there is none, or it is damaged.
    """
    path = path or base.folder / FILE
    remedy = "Turn the gate off, or make one with: python -m demo.evaluate gate --save"
    try:
        return Gate.model_validate_json(path.read_bytes())
    except OSError as error:
        raise WeightsError(f"There is no gate for {base.title}.", remedy) from error
    except ValidationError as error:
        raise WeightsError(f"The gate in {path.name} cannot be read.", remedy) from error

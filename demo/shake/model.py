"""What an experiment is made of: its settings, one arm a fine-tuned model, and the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from PIL import Image
from pydantic import Field
from torch import Tensor

from demo.defences.base import Defence
from demo.settings import Settings
from demo.shake.attacks.draws import Candidate, ExtractSettings
from demo.shake.attacks.membership import find_membership
from demo.shake.attacks.memorised import EideticSettings, Match
from demo.shake.people import Domain
from demo.stats.roc import Roc

Source = Literal["none", "sp", "ood", "members"]
Curve = Literal["rank", "tokens", "std"]
SOURCES: dict[Source, str] = {"none": "no data", "sp": "SP set", "ood": "OoD set", "members": "training pictures"}
CONTROLS: tuple[Source, ...] = ("ood", "members")  # negative and positive: never a finding of their own
BEFORE = "before"  # key of the arm that nothing was done to
EXTRACTION_SEED = 1  # apart from the sets' own noise


class ShakeSettings(Settings):
    """The experiment on one person. What is None is the base's or the method's own."""

    methods: tuple[str, ...] = ("lora",)
    size: int = Field(64, ge=1, le=10_000)
    """Pictures of a set."""
    guidance: float | None = Field(None, ge=0, le=50)
    """With which the sets are drawn."""
    steps: int | None = Field(None, ge=1, le=1_000_000)
    """Of fine-tuning."""
    control: bool = True
    """Whether every method is run on the control set, too."""
    positive: bool = False
    """Whether every method is run on the training pictures themselves, too: what the attacks find if it does leak."""
    ranks: tuple[int, ...] = ()
    """Of LoRA, on the SP set."""
    tokens: tuple[int, ...] = ()
    """Of Textual Inversion, on the SP set."""
    stds: tuple[float, ...] = ()
    """Of the noise on the weights."""
    generations: int = Field(60, ge=1, le=100_000)
    """Draws of each model for extraction; published: 500."""
    clique: int = Field(5, ge=2)
    """Near-duplicates that make a candidate; published: 10 of 500."""
    edge: float | None = Field(None, gt=0, le=1)
    """Largest distance of near-duplicates; published: 0.1. None: calibrated on the base's own class images."""
    membership: str = "clid"
    """Key of the attack on membership (:mod:`demo.shake.attacks.membership`), at its own settings."""
    eidetic: EideticSettings = EideticSettings()

    @property
    def extraction(self) -> ExtractSettings:
        """As the attack takes it, once the edge is known."""
        known = {} if self.edge is None else {"edge": self.edge}
        return ExtractSettings(generations=self.generations, clique=self.clique, seed=EXTRACTION_SEED, **known)

    def common(self) -> dict[str, object]:
        """What all arms of a folder have in common, as JSON values; which arms there are may change."""
        return self.model_dump(mode="json", exclude={"methods", "control", "positive", "ranks", "tokens", "stds"})


@dataclass(frozen=True, eq=False)
class ShakeArm:
    """One model, attacked."""

    key: str
    label: str
    source: Source  # what it was fine-tuned on
    scores_members: Tensor  # (n,) LOW means member
    scores_non_members: Tensor  # (m,)
    roc: Roc | None  # None where members are not known: free text
    candidates: Sequence[Candidate]
    matches: Sequence[Match]  # members that came out
    mistaken: Sequence[Match]  # non-members that the same criterion takes for extracted, though no model has seen them
    parameters: int  # trained
    seconds: float
    method: str | None = None  # key of the registry
    curve: Curve | None = None  # of which ablation it is a point
    value: float | None = None  # its place on that curve
    loss: float | None = None  # mean over the last tenth of the steps

    @property
    def title(self) -> str:
        """Label and source, for a row of a table."""
        return self.label if self.source == "none" else f"{self.label}, {SOURCES[self.source]}"


@dataclass(frozen=True, eq=False)
class Experiment:
    """What is to be tried on whom: all that shapes the outcome but the model."""

    domain: Domain
    settings: ShakeSettings = field(default_factory=ShakeSettings)
    defence: Defence | None = None  # of whoever runs the fine-tuning; LoRA alone has one
    seed: int = 0  # of the sets and of fine-tuning
    done: Sequence[ShakeArm] = ()  # finished earlier with the same settings; they are not run again


@dataclass(frozen=True, eq=False)
class Shake:
    """What came out, as far as it went."""

    domain: Domain
    before: ShakeArm
    arms: Sequence[ShakeArm]  # in the order of the plan
    synthetic: Sequence[Image.Image]  # of the SP set; empty where no picture may be shown
    base: str
    settings: ShakeSettings
    seed: int
    control_prompt: str | None = None  # what the OoD set was drawn with
    planned: int = 0  # arms, without the one before
    defence: str | None = None  # its label
    budgets: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # method -> steps, batch, rate as used

    @property
    def attack(self) -> str:
        """Title of the attack on membership."""
        return find_membership(self.settings.membership).title

    def arm(self, key: str) -> ShakeArm | None:
        """An arm by its key."""
        return next((arm for arm in (self.before, *self.arms) if arm.key == key), None)

    def control_of(self, arm: ShakeArm) -> ShakeArm | None:
        """The same method on the control set."""
        if arm.source != "sp":
            return None
        return next((a for a in self.arms if a.source == "ood" and a.label == arm.label), None)

    def positives(self) -> list[ShakeArm]:
        """The positive controls: fine-tuned on the training pictures themselves, at the same budget."""
        return [arm for arm in self.arms if arm.source == "members"]

    def curve(self, name: Curve) -> list[ShakeArm]:
        """The points of an ablation, in the order of their values."""
        points = [arm for arm in self.arms if arm.curve == name and arm.source not in CONTROLS]
        return sorted(points, key=lambda arm: arm.value or 0.0)

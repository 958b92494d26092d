"""What a defence is: it may change how a LoRA is trained, and what of it is released. It says what it guarantees."""

from __future__ import annotations

from typing import ClassVar

from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask, PlainStep, Step
from demo.lora.files import LoraWeights
from demo.lora.ledger import Ledger
from demo.settings import Settings

EPSILONS = (10.0, 2.0, 0.1)  # of one photo, as the paper tries them
DELTA = 1e-6  # the paper's


class Defence(Settings):
    """A defence and its settings in one frozen object; a new one is a subclass in a file of its own.

    Override :meth:`training`, :meth:`release` or both, :meth:`check` and :meth:`ledger`.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    explanation: ClassVar[str]  # one or two sentences for a visitor
    has_epsilon: ClassVar[bool] = False  # whether ``epsilon`` is among the settings
    tried_at: ClassVar[tuple[float, ...]] = ()  # epsilons of a sweep's default plan; empty: once, as it comes

    @property
    def label(self) -> str:
        """Title and strength, for a row of a table."""
        return self.title

    @property
    def trains_plainly(self) -> bool:
        """Whether it fine-tunes as no defence does, so that one fine-tuning serves all such defences."""
        return type(self).training is Defence.training

    @property
    def preselected(self) -> bool:
        """Whether the app offers it ticked: the paper's two with their extremes, and the quick ones."""
        return True

    def check(self, photos: int, settings: LoraSettings) -> None:
        """Refuse, before any work, what cannot be done.

        Raises:
            SettingsError: for example no budget for even one step.
        """

    def training(self, problem: FineTuningTask) -> Step:
        """The steps of a run."""
        return PlainStep(problem)

    def release(self, lora: LoraWeights) -> LoraWeights:
        """What is written to the file, made from what was trained."""
        return lora

    def ledger(self, photos: int, settings: LoraSettings, steps: int) -> Ledger:
        """What has been spent and what that proves, after ``steps`` steps on ``photos`` photos."""
        return Ledger(
            defence=self.key,
            title=self.label,
            guarantee="none",
            sentences=("No privacy guarantee of any kind.",),
            settings=self.model_dump(),
            steps=steps,
            photos=photos,
        )


class NoDefence(Defence):
    """The plain LoRA."""

    key: ClassVar[str] = "none"
    title: ClassVar[str] = "No defence"
    explanation: ClassVar[str] = "The LoRA is released as DreamBooth trained it."

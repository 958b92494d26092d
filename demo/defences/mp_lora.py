"""MP-LoRA and SMP-LoRA: training against a proxy attacker (Luo et al. 2025, arXiv 2402.11989, and their code).

The attacker, a small network, sees the squared error of every number of a prediction and says whether the picture is
a member. With G its cross-entropy on members and L the adaptation loss, the LoRA minimises L - lambda G (MP) or
L / (beta + lambda G) (SMP), on draws of noise of its own; then the attacker takes a step of its own, members against
non-members. The class images serve as non-members: one half of them, which prior preservation then does not see.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from demo.defences.base import Defence
from demo.errors import SettingsError
from demo.finetune.loss import Denoising, predict
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask, Step, descend
from demo.lora.ledger import Ledger
from demo.models.sampling import text_embeddings

HIDDEN = (512, 256)
DROPOUT = 0.5
WEIGHT_DECAY = 1e-4
TINY = 1e-5  # keeps SMP's ratio finite
MEMBER, STRANGER = 1, 0


class MpLora(Defence):
    """The adaptation loss less lambda times the attacker's cross-entropy."""

    key: ClassVar[str] = "mp_lora"
    title: ClassVar[str] = "MP-LoRA"
    explanation: ClassVar[str] = (
        "While the LoRA learns, a small attacker learns to tell the photos from other pictures, and the LoRA learns "
        "to fool it. It is made to hide whether a photo was used; nothing is proved."
    )

    strength: float = Field(1.0, ge=0)  # lambda
    attacker_lr: float = Field(1e-5, gt=0, lt=1)
    attacker_steps: int = Field(1, ge=1, le=100)  # for each step of the LoRA

    @property
    def label(self) -> str:
        """With lambda."""
        return f"{self.title}, λ = {self.strength:g}"

    @property
    def preselected(self) -> bool:
        """Not this one: it takes long."""
        return False

    def check(self, photos: int, settings: LoraSettings) -> None:
        """Refuse a run without class images: the attacker needs non-members."""
        if settings.prior_weight == 0:
            raise SettingsError(
                f"{self.title} needs class images as pictures that were not trained on, and there are none.",
                "Turn prior preservation on: a prior weight above 0.",
            )
        if settings.class_images < 2:
            raise SettingsError(
                f"{self.title} keeps half of the class images for its attacker, and there is only one.",
                "Ask for two class images or more.",
            )

    def training(self, problem: FineTuningTask) -> Step:
        """Steps of both sides."""
        return AdversarialStep(self, problem)

    def objective(self, adaptation: Tensor, gain: Tensor) -> Tensor:
        """What the LoRA minimises.

        Args:
            adaptation: DreamBooth's loss.
            gain: the attacker's cross-entropy on members: large where it is fooled.
        """
        return adaptation - self.strength * gain

    def ledger(self, photos: int, settings: LoraSettings, steps: int) -> Ledger:
        """Nothing is earned."""
        plain = super().ledger(photos, settings, steps)
        why = (
            "It is made against membership inference from the loss of a picture: the attacker holds the photo and "
            "asks whether it was used. Drawing the person from the file alone is another attack."
        )
        return dataclasses.replace(plain, sentences=(*plain.sentences, why))


class SmpLora(MpLora):
    """The ratio of the adaptation loss to the attacker's cross-entropy, whose gradient is steadier."""

    key: ClassVar[str] = "smp_lora"
    title: ClassVar[str] = "SMP-LoRA"
    explanation: ClassVar[str] = (
        "MP-LoRA with a ratio in place of a difference, which trains more steadily. It is made to hide whether a "
        "photo was used; nothing is proved."
    )

    offset: float = Field(1.0, ge=0)  # beta

    def objective(self, adaptation: Tensor, gain: Tensor) -> Tensor:
        """What the LoRA minimises."""
        return adaptation / (self.offset + self.strength * gain + TINY)


def new_attacker(numbers: int) -> nn.Sequential:
    """The proxy attacker: (n, numbers) squared errors -> (n, 2), logits of non-member and member."""
    return nn.Sequential(
        nn.Linear(numbers, HIDDEN[0]), nn.ReLU(), nn.Dropout(DROPOUT),
        nn.Linear(HIDDEN[0], HIDDEN[1]), nn.ReLU(), nn.Dropout(DROPOUT),
        nn.Linear(HIDDEN[1], 2),
    )  # fmt: skip


class AdversarialStep:
    """One step of the LoRA against the attacker, then the attacker's own."""

    def __init__(self, defence: MpLora, problem: FineTuningTask) -> None:
        assert problem.prior is not None
        self._defence, self._problem = defence, problem
        half = -(-len(problem.prior) // 2)
        self._strangers = problem.prior[half:]
        self._loss = Denoising(
            problem.pipe,
            problem.photos[None],
            problem.prior[:half],
            problem.ids,
            problem.class_ids,
            problem.settings,
            problem.seed,
        )
        # Apart from the adaptation loss's own, so that lambda = 0 is plain DreamBooth draw for draw.
        self._generator = torch.Generator().manual_seed(problem.seed + 1)
        self.attacker = new_attacker(problem.photos[0].numel()).to(problem.photos)
        self._optimiser = torch.optim.Adam(
            self.attacker.parameters(), lr=defence.attacker_lr, weight_decay=WEIGHT_DECAY
        )

    def __call__(self) -> float:
        """Take a step."""
        problem, defence = self._problem, self._defence
        members = self._pick(problem.photos)
        gain = self._cross_entropy(self.errors(members, members[:0]), len(members))
        loss = defence.objective(self._loss().sum(), gain)
        if not torch.isfinite(loss):
            return loss.item()
        descend(loss, problem)
        for _ in range(defence.attacker_steps):
            self._teach()
        return loss.item()

    def errors(self, members: Tensor, strangers: Tensor) -> Tensor:
        """What the attacker sees of pictures with their own prompts, members first: (n, c * h * w)."""
        problem = self._problem
        context = text_embeddings(problem.pipe.text_encoder, torch.cat([problem.ids, problem.class_ids]))
        counts = torch.tensor([len(members), len(strangers)], device=context.device)
        context = context.repeat_interleave(counts, 0)
        out, target, weight = predict(problem.pipe, torch.cat([members, strangers]), context, self._generator)
        return ((out - target).square() * weight.view(-1, 1, 1, 1)).flatten(1)

    def spent(self) -> str | None:
        """Nothing is counted."""
        return None

    def close(self) -> None:
        """Nothing to undo."""

    def state_dict(self) -> dict[str, Any]:
        """The attacker, its optimiser, and where both generators stand."""
        return {
            "loss": self._loss.state_dict(),
            "generator": self._generator.get_state(),
            "attacker": self.attacker.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._loss.load_state_dict(state["loss"])
        self._generator.set_state(state["generator"])
        self.attacker.load_state_dict(state["attacker"])
        self._optimiser.load_state_dict(state["optimiser"])

    def _teach(self) -> None:
        """A step of the attacker; the LoRA stands still."""
        members, strangers = self._pick(self._problem.photos), self._pick(self._strangers)
        with torch.no_grad():
            errors = self.errors(members, strangers)
        self._optimiser.zero_grad(set_to_none=True)
        self._cross_entropy(errors, len(members)).backward()
        self._optimiser.step()

    def _cross_entropy(self, errors: Tensor, members: int) -> Tensor:
        labels = torch.full((len(errors),), STRANGER, device=errors.device)
        labels[:members] = MEMBER
        return nn.functional.cross_entropy(self.attacker(errors), labels)

    def _pick(self, pictures: Tensor) -> Tensor:
        """A batch of pictures, none twice."""
        return pictures[torch.randperm(len(pictures), generator=self._generator)[: self._problem.settings.batch]]

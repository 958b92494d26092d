"""The arms of a comparison that are no attacks. Every arm that is not named here is an attack."""

from __future__ import annotations

from dataclasses import dataclass

OWNER, CHANCE = "dreambooth", "chance"  # keys
OWNERS = (OWNER, "dreambooth_extrapolated")  # arms that need the secret trigger


@dataclass(frozen=True)
class Words:
    """What an arm is called, and what is said of it."""

    title: str
    explanation: str
    null: str = ""  # what its pictures come from, in a sentence, where that holds nothing of this person


DREAMBOOTH = Words(
    "DreamBooth", "The victim's own use: the prompt with the secret trigger, drawn with ordinary guidance."
)
CONTROLS: dict[str, Words] = {
    "random_lora": Words(
        "Random LoRA",
        "The same attack on random numbers of the same size: nobody's file.",
        "a LoRA of random numbers",
    ),
    "other_lora": Words(
        "Another person's LoRA", "The same attack on a fictional person's file.", "another person's LoRA"
    ),
    "swapped_model": Words("Swapped model", "This file's embedding in the other person's model: whose face comes out?"),
    CHANCE: Words(
        "Chance", "The base model's own people, no LoRA at all.", "people who have nothing to do with the file"
    ),
}
# An attack that gets no nearer than these has found nothing.
NULLS: dict[str, str] = {key: words.null for key, words in CONTROLS.items() if words.null}


def is_attack(key: str) -> bool:
    """Whether an arm needs the shared file and nothing secret: so does every arm that is not known to be another."""
    return key not in OWNERS and key not in CONTROLS

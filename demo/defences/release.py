"""What is released of a fine-tuning. One serves all defences that change nothing but this."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from demo.defences.base import Defence, NoDefence
from demo.files import write_text
from demo.finetune.dreambooth import FineTuned
from demo.finetune.settings import LoraSettings
from demo.lora.card import model_card
from demo.lora.files import LoraWeights, write_lora
from demo.lora.ledger import write_ledger
from demo.models.bases import Base


def released(plain: FineTuned, defence: Defence, photos: int, settings: LoraSettings) -> FineTuned:
    """What fine-tuning with a defence gives, from the same run without one.

    Args:
        plain: made with no defence; it stays as it is.
        defence: one that :attr:`~demo.defences.base.Defence.trains_plainly`.
        photos: how many it was fine-tuned on.
        settings: of the fine-tuning.

    Raises:
        SettingsError: the defence cannot be had with these photos and settings.
    """
    defence.check(photos, settings)
    copied = {name: tensor.clone() for name, tensor in plain.lora.tensors.items()}
    lora = defence.release(dataclasses.replace(plain.lora, tensors=copied, alphas=dict(plain.lora.alphas)))
    return dataclasses.replace(plain, lora=lora, ledger=defence.ledger(photos, settings, plain.steps))


def write_tuned(out: Path, tuned: FineTuned) -> None:
    """Write ``out`` (safetensors), and the ledger beside it if there was a defence.

    Raises:
        DemoError: see :func:`demo.lora.files.write_lora`.
    """
    write_lora(out, tuned.lora)
    if tuned.ledger is not None and tuned.ledger.defence != NoDefence.key:
        write_ledger(out, tuned.ledger)
    else:
        out.with_suffix(".ledger.json").unlink(missing_ok=True)  # an earlier run's says nothing of this file


def card_path(lora: Path) -> Path:
    """Where the model card of a LoRA file lies: ``<name>.card.md`` beside it."""
    return lora.with_suffix(".card.md")


def write_card(out: Path, lora: LoraWeights, base: Base) -> Path:
    """Write the model card of the LoRA file ``out``; its path.

    Raises:
        SettingsError: ``out`` is no plain name that ends in .safetensors.
        OutputError: the folder cannot be written.
    """
    # The name of a user's own folder says nothing to others, and may say more than its owner likes.
    title = f"a base model of {base.side} pixels that is not public" if base.own_folder else base.title
    hub_id = None if base.revision is None else base.source
    card = model_card(lora, base=title, licence=base.licence, hub_id=hub_id, file_name=out.name)
    return write_text(card_path(out), card)

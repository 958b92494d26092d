"""What is released of a fine-tuning. One serves all defences that change nothing but this."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from demo.defences.base import Defence, NoDefence
from demo.defences.ledger import write_ledger
from demo.finetune.dreambooth import FineTuned
from demo.finetune.settings import LoraSettings
from demo.lora.files import write_lora


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

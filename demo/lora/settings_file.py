"""Where PEFT's settings of a LoRA file stand: in its metadata, or in a file of their own beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.errors import LoraFileError
from demo.lora.header import AGAIN, parse_json
from demo.lora.peft_settings import KNOWN

METADATA = "lora_adapter_metadata"
# Where those who save by hand put the same table. It counts where it has PEFT's fields.
OTHER_KEYS = ("adapter_config", "adapter_config.json", "peft_config", "lora_config")
ADAPTER_CONFIG = "adapter_config.json"
NUMBERS = {"r", "lora_alpha"}
MAX_CONFIG = 2**20  # bytes
PARTS = ("unet.", "text_encoder.")


def read_settings(path: Path, name: str, metadata: Mapping[str, str], *, peft_names: bool) -> dict[str, Any]:
    """LoraConfig's table, keys with or without the component before them; empty where there is none.

    Args:
        path: of the LoRA file.
        name: what errors call it.
        metadata: of its header.
        peft_names: whether its tensors have PEFT's names. Of such a file, and of one with the name that PEFT gives its
            own, the ``adapter_config.json`` beside it is read, too.

    Raises:
        LoraFileError: there are settings that cannot be read.
    """
    where = f"The settings of {name}"
    if METADATA in metadata:
        text: str | bytes = metadata[METADATA]
    else:
        named = next((table for key in OTHER_KEYS if (table := _peft_table(metadata.get(key, "")))), None)
        if named is not None:
            return named
        beside = peft_names or path.name == "adapter_model.safetensors"
        config = path.with_name(ADAPTER_CONFIG)
        if not beside or not config.is_file():
            return {}
        where += f" ({ADAPTER_CONFIG} beside it)"
        try:
            with config.open("rb") as file:
                text = file.read(MAX_CONFIG + 1)
        except OSError as error:
            raise LoraFileError(f"{where} cannot be read: {error.strerror or error}.", AGAIN) from error
        if len(text) > MAX_CONFIG:
            raise LoraFileError(f"{where} are larger than {MAX_CONFIG >> 20} MB; that is more than is read.", AGAIN)
    try:
        config_table = parse_json(text)
    except ValueError as error:
        raise LoraFileError(f"{where} cannot be read as JSON: {error}.", AGAIN) from error
    if not isinstance(config_table, dict):
        raise LoraFileError(f"{where} are not a table.", AGAIN)
    return config_table


def part_of(settings: Mapping[str, Any], part: str) -> dict[str, Any]:
    """The settings of one component, or those that name none; without the component's name.

    Args:
        part: one of :data:`PARTS`.
    """
    named = {key.removeprefix(part): value for key, value in settings.items() if key.startswith(part)}
    return named or {key: value for key, value in settings.items() if "." not in key}


def _peft_table(text: str) -> dict[str, Any] | None:
    """LoraConfig's table in a text, plain or under the one adapter's name; None where it is anything else."""
    if text.lstrip()[:1] != "{" or len(text) > MAX_CONFIG:
        return None
    try:
        table = parse_json(text)
    except ValueError:
        return None
    tables = [table, *table.values()] if len(table) == 1 else [table]
    plain = (found for found in tables if isinstance(found, dict))
    return next((found for found in plain if "peft_type" in found or _has_fields(found)), None)


def _has_fields(table: Mapping[str, Any]) -> bool:
    """Whether a table has a rank or an alpha, and more of what LoraConfig has."""
    return not table.keys().isdisjoint(NUMBERS) and not table.keys().isdisjoint(KNOWN - NUMBERS)

"""Copies of LoRA files that keep every tensor under its name."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open

from demo.errors import LoraFileError
from demo.files import write_tensors
from demo.lora.header import AGAIN


def plain_copy(source: Path, target: Path) -> Path:
    """Write a file's tensors as they are, under their own names, without its metadata.

    Args:
        source: that :func:`demo.lora.files.read_lora` has read.

    Raises:
        LoraFileError: its tensors cannot be read.
        OutputError: the copy cannot be written.
    """
    try:
        with safe_open(source, framework="pt", device="cpu") as file:
            keys: list[str] = file.keys()
            tensors = {key: file.get_tensor(key).clone() for key in keys}
    except (SafetensorError, OSError) as error:
        raise LoraFileError(f"{source.name} is damaged: its tensors cannot be read.", AGAIN) from error
    return write_tensors(target, tensors, {"format": "pt"})

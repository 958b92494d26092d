"""A folder in place of a LoRA file: PEFT, diffusers and most trainers write folders."""

from __future__ import annotations

from pathlib import Path

from demo.errors import LoraFileError
from demo.lora.header import read_header, shown

# What a folder is asked for, the first that is there: PEFT's and diffusers' own names for the one LoRA in it.
NAMES = ("adapter_model.safetensors", "pytorch_lora_weights.safetensors")
PICKLED = {".bin", ".pt", ".pth", ".ckpt"}
LISTED = 5  # names in a message


def file_in(path: Path) -> Path:
    """The LoRA file that a path means: the path itself, or the one LoRA in a folder.

    Raises:
        LoraFileError: a folder without one, or with several; says what the folder holds.
    """
    try:
        if not path.is_dir():
            return path
    except OSError:  # such as a name that is too long: the reader says so
        return path
    try:
        # macOS leaves a "._mia.safetensors" beside each file that it copies to a foreign disk.
        inside = sorted(found for found in path.iterdir() if not found.name.startswith("."))
    except OSError as error:
        raise LoraFileError(
            f"The folder {path.name} cannot be read: {error.strerror or error}.", "Check its permissions."
        ) from error
    for name in NAMES:
        if path / name in inside:
            return path / name
    files = [found for found in inside if found.suffix.lower() == ".safetensors" and found.is_file()]
    if len(files) == 1:
        return files[0]
    name = path.name or str(path)
    if files:
        raise LoraFileError(f"{name} is a folder with {len(files)} LoRA files: {_few(files)}.", "Give one of them.")
    for pickled in inside:
        if pickled.suffix.lower() in PICKLED and pickled.is_file():
            read_header(pickled, f"{name}/{pickled.name}")  # refuses it for what its first bytes show
    deeper = [found for found in inside if found.is_dir() and any(found.glob("*.safetensors"))]
    if deeper:
        raise LoraFileError(
            f"{name} is a folder without a .safetensors file; its folders {_few(deeper)} have some.",
            "Give one of them.",
        )
    raise LoraFileError(
        f"{name} is a folder without a .safetensors file. It holds {_few(inside) or 'nothing'}.",
        "Give the .safetensors file of the LoRA, or the folder with it.",
    )


def _few(found: list[Path]) -> str:
    names = ", ".join(shown(path.name, 60) for path in found[:LISTED])
    return names + (f" and {len(found) - LISTED} more" if len(found) > LISTED else "")

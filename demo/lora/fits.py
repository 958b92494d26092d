"""Whether a LoRA file fits a base, told by the base's published configuration: no weights are needed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from types import SimpleNamespace

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from demo.errors import DemoError, LoraFileError
from demo.lora.effect import check_effect
from demo.lora.files import LoraWeights, expected_shapes, read_keys, read_lora
from demo.lora.shapes import Shapes
from demo.models.architectures import Architecture
from demo.models.bases import Base
from demo.models.load import architecture_of

_known: dict[str, Shapes] = {}
_lock = Lock()


def read_for(path: Path, base: Base, *, name: str = "") -> LoraWeights:
    """Read a LoRA file and check that a base has its layers, and that it can show anything.

    Args:
        name: what its owner calls it, for errors; the path's own by default.

    Raises:
        LoraFileError: it cannot be read, does not fit, changes nothing, or is too strong to draw with.
        WeightsError: the base's configuration cannot be had.
    """
    lora = read_lora(path, base_shapes=layer_shapes(architecture_of(base)), name=name, base_title=base.title)
    check_effect(name or path.name, lora)
    return lora


def fitting_instead(path: Path, chosen: Base, bases: Iterable[Base]) -> list[Base]:
    """Those of the bases that have all layers of a file, told by its header alone; none where the chosen one has."""
    return [] if _fits(path, chosen) else [base for base in bases if base != chosen and _fits(path, base)]


def with_option(error: LoraFileError, path: Path, chosen: Base, bases: Iterable[Base]) -> LoraFileError:
    """The error of a file that does not fit, with the option of the command line that chooses a base that it fits.

    Args:
        bases: those that can be chosen.
    """
    found = fitting_instead(path, chosen, bases)
    options = "; or ".join(f"{base.title}: choose it with --base {base.own_folder or base.key}" for base in found)
    return LoraFileError(error.problem, f"It fits {options}.") if options else error


def layer_shapes(architecture: Architecture) -> Shapes:
    """(out, in) of all layers that LoRA files adapt, by canonical module name; built once for each architecture."""
    with _lock:
        key = str(architecture)
        if key not in _known:
            with torch.device("meta"):
                models = SimpleNamespace(
                    unet=UNet2DConditionModel.from_config(dict(architecture.unet)),
                    text_encoder=CLIPTextModel(CLIPTextConfig.from_dict(dict(architecture.text))),
                )
            _known[key] = expected_shapes(models)
        return _known[key]


def _fits(path: Path, base: Base) -> bool:
    try:
        read_keys(path, base_shapes=layer_shapes(architecture_of(base)))
    except DemoError:
        return False
    return True

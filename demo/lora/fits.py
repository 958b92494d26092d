"""Whether a LoRA file fits a base, told by the base's published configuration: no weights are needed."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from types import SimpleNamespace

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from demo.lora.files import LoraWeights, Shapes, expected_shapes, read_lora
from demo.models.architectures import Architecture
from demo.models.bases import Base
from demo.models.load import architecture_of

_known: dict[str, Shapes] = {}
_lock = Lock()


def read_for(path: Path, base: Base, *, name: str = "") -> LoraWeights:
    """Read a LoRA file and check that a base has its layers.

    Args:
        name: what its owner calls it, for errors; the path's own by default.

    Raises:
        LoraFileError: it cannot be read or does not fit.
        WeightsError: the base's configuration cannot be had.
    """
    return read_lora(path, base_shapes=layer_shapes(architecture_of(base)), name=name)


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

"""Folders in diffusers' layout: checked part by part before anything is loaded from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.errors import WeightsError
from demo.models.architectures import Architecture

INDEX = "model_index.json"
PIPELINE = "StableDiffusionPipeline"
# Part -> classes that it may be of. Nothing else is imported, whatever an index names.
CLASSES = {
    "unet": ("UNet2DConditionModel",),
    "vae": ("AutoencoderKL", "AutoencoderTiny"),
    "text_encoder": ("CLIPTextModel",),
    "tokenizer": ("CLIPTokenizer", "CLIPTokenizerFast"),
    "scheduler": (),  # any whose noise is described by betas
}
CONFIGS = dict.fromkeys(("unet", "vae", "text_encoder"), "config.json") | {"scheduler": "scheduler_config.json"}
WEIGHTS_FILES = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "model"}
TOKENIZER_FILES = (("tokenizer.json",), ("vocab.json", "merges.txt"))  # either will do
PICKLES = (".bin", ".ckpt", ".pt", ".pth")
SAVE = "Save it again with diffusers: pipe.save_pretrained(FOLDER, safe_serialization=True)"


def read_architecture(folder: Path) -> Architecture:
    """The configuration of a pipeline folder, which is one that this project can fine-tune.

    Raises:
        WeightsError: it is no such folder, naming the part that is missing or of another kind.
    """
    index = _json(folder, INDEX)
    _check_classes(folder, index)
    unet, vae, text, scheduler = (_json(folder, f"{part}/{CONFIGS[part]}") for part in CONFIGS)
    for part, config in (("unet", unet), ("vae", vae), ("text_encoder", text), ("scheduler", scheduler)):
        for key in _NEEDED[part]:
            if key not in config:
                raise WeightsError(f"{part}/{CONFIGS[part]} in {folder.name} gives no {key}.", SAVE)
    if unet["in_channels"] != vae["latent_channels"]:
        raise WeightsError(
            f"The UNet in {folder.name} takes {unet['in_channels']} channels, the autoencoder gives "
            f"{vae['latent_channels']}.",
            "Choose a text-to-image model, not one for inpainting or depth.",
        )
    if unet["cross_attention_dim"] != text["hidden_size"]:
        raise WeightsError(
            f"The UNet in {folder.name} reads text of width {unet['cross_attention_dim']}, the text encoder writes "
            f"{text['hidden_size']}.",
            "Take both from one model.",
        )
    if not isinstance(unet["sample_size"], int):
        raise WeightsError(
            f"The UNet in {folder.name} does not draw square pictures of one size.", "Choose another model."
        )
    return Architecture(unet, text, vae, scheduler, index["vae"][1], index["scheduler"][1])


_NEEDED: Mapping[str, tuple[str, ...]] = {
    "unet": ("sample_size", "in_channels", "cross_attention_dim", "block_out_channels"),
    "vae": ("block_out_channels", "latent_channels"),
    "text_encoder": ("hidden_size",),
    "scheduler": ("num_train_timesteps", "beta_schedule"),
}


def check_weights(folder: Path) -> None:
    """Refuse a folder whose weights or vocabulary are not all there, as safetensors.

    Raises:
        WeightsError: naming what is missing.
    """
    for part, name in WEIGHTS_FILES.items():
        if weight_files(folder, part):
            continue
        pickled = sorted(p.name for p in (folder / part).glob("*") if p.suffix in PICKLES)
        if pickled:
            raise WeightsError(
                f"{part} in {folder.name} is a Python pickle ({pickled[0]}), which can run code when it is opened.",
                SAVE,
            )
        raise WeightsError(f"{part}/{name}.safetensors is missing in {folder.name}.", SAVE)
    if not any(all((folder / "tokenizer" / name).is_file() for name in names) for names in TOKENIZER_FILES):
        raise WeightsError(f"tokenizer/vocab.json and merges.txt are missing in {folder.name}.", SAVE)


def weight_files(folder: Path, part: str) -> list[Path]:
    """The weights of a part: one file, or all that its index lists; empty where any is missing."""
    name = WEIGHTS_FILES[part]
    single = folder / part / f"{name}.safetensors"
    if single.is_file():
        return [single]
    index = folder / part / f"{name}.safetensors.index.json"
    if not index.is_file():
        return []
    shards = sorted(set(_json(folder, f"{part}/{index.name}").get("weight_map", {}).values()))
    paths = [folder / part / shard for shard in shards]
    return paths if all(path.is_file() for path in paths) else []


def stamp(folder: Path) -> str:
    """What tells whether a pipeline folder has changed, without reading its weights."""
    files = [folder / INDEX, *(path for part in CLASSES for path in sorted((folder / part).rglob("*")))]
    stats = ((path, path.stat()) for path in files if path.is_file())
    return "\n".join(f"{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats)


def _check_classes(folder: Path, index: Mapping[str, Any]) -> None:
    found = index.get("_class_name")
    if found != PIPELINE:
        raise WeightsError(
            f"{folder.name} holds a {found or 'pipeline without a name'}, not a {PIPELINE}.",
            "Choose a model of the Stable Diffusion 1 or 2 family.",
        )
    for part, allowed in CLASSES.items():
        entry = index.get(part)
        if not isinstance(entry, list) or len(entry) != 2 or not all(isinstance(name, str) for name in entry):
            raise WeightsError(f"{INDEX} in {folder.name} names no {part}.", SAVE)
        library, name = entry
        wanted = "transformers" if part in {"text_encoder", "tokenizer"} else "diffusers"
        if library != wanted or (allowed and name not in allowed):
            raise WeightsError(
                f"The {part} in {folder.name} is a {library}.{name}, which this project does not load.",
                f"Choose a model whose {part} is a {' or '.join(allowed) or 'scheduler of diffusers'}.",
            )


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WeightsError(
            f"{name} is missing in {folder.name}.", "Choose a folder in diffusers' layout, complete."
        ) from error
    except (OSError, ValueError) as error:
        raise WeightsError(f"{name} in {folder.name} cannot be read.", SAVE) from error
    if not isinstance(content, dict):
        raise WeightsError(f"{name} in {folder.name} is not a table.", SAVE)
    return content

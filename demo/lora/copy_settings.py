"""PEFT's settings for a clean copy: numbers and names of layers, and in neutral words what makes it no plain LoRA."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from demo.errors import LoraFileError
from demo.lora.peft_settings import HARMLESS, OTHERWISE, OTHERWISE_IF_GIVEN

COMPONENTS = ("unet", "prior", "controlnet", *(f"text_encoder{n}" for n in ("", "_2", "_3")))
COMPONENTS += ("transformer", "transformer_2")
# Ways to begin, types and biases whose names are PEFT's own words. What is none of them may be anybody's.
BEGINNING = re.compile(r"pissa(_niter_\d{1,3})?|corda|olora|loftq|lora_ga")
PLAIN_BEGINNING = re.compile(r"|eva|orthogonal|(?i:gaussian|mica)")
TYPES = {"LOHA", "LOKR", "ADALORA", "OFT", "BOFT", "IA3", "VERA", "HRA", "BONE", "MISS", "VBLORA", "FOURIERFT", "XLORA"}
BIASES = {"all", "lora_only"}
OTHER = "other"
UNKNOWN = "unknown_setting"
PLACEHOLDER = "task_type"  # changes nothing, but that there are settings


def reduced(name: str, settings: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """PEFT's settings that bear on what the matrices mean, and on whether they are all there is.

    What :func:`demo.lora.peft_settings.check_settings` refuses it refuses in this form, too.

    Args:
        name: what errors call the file.
        settings: LoraConfig's table, keys with or without the component before them.
        names: of the tensors.

    Raises:
        LoraFileError: an expression chooses layers, and holds words that are no layers'.
    """
    layers = (_plain(re.sub(r"\.(lora|alpha|dora).*$", "", key)) for key in names)
    paths = {layer.removeprefix("base_model.model.") for layer in layers}
    kept: dict[str, Any] = {}
    for key, value in settings.items():
        component = next((f"{part}." for part in COMPONENTS if key.startswith(f"{part}.")), "")
        leaf = key.removeprefix(component)
        if not component and "." in leaf:
            continue
        # Files of one component may leave its name out of their tensors'.
        mine = {path.removeprefix(component) for path in paths if path.startswith(component)} or paths
        found = _setting(name, leaf, value, mine)
        kept |= {component + to: value for to, value in found.items()}
        kept.setdefault(component + PLACEHOLDER, None)
    for key in [key for key in kept if key.endswith(PLACEHOLDER)]:
        component = key.removesuffix(PLACEHOLDER)
        if any(other != key and other.rpartition(".")[0] == component.removesuffix(".") for other in kept):
            del kept[key]
    return kept


def _setting(name: str, leaf: str, value: Any, paths: set[str]) -> dict[str, Any]:
    if leaf in {"r", "lora_alpha"}:
        return {leaf: _number(value)}
    if leaf in {"rank_pattern", "alpha_pattern"} and value:
        return {leaf: _patterns(name, leaf, value, paths) if isinstance(value, dict) else True}
    if leaf == "target_modules" and value:
        endings = _endings(paths)
        listed = value if isinstance(value, list) else []
        found = [to for to in listed if isinstance(to, str) and _plain(to) in endings]
        # An expression, or "all-linear", may need the whole model; the layers of the file are what it chose.
        return {leaf: found or sorted(paths)}
    if leaf in HARMLESS or (leaf not in OTHERWISE_IF_GIVEN and not value) or value is None:
        return {}
    if leaf == "use_rslora":
        return {leaf: True}
    if leaf == "init_lora_weights":
        return _beginning(value)
    if leaf == "peft_type":
        kind = str(value).upper().removeprefix("PEFTTYPE.")
        return {} if kind == "LORA" else {leaf: kind if kind in TYPES else OTHER}
    if leaf == "bias":
        return {} if value == "none" else {leaf: value if value in BIASES else OTHER}
    if leaf in OTHERWISE:
        return {leaf: _bare(value, _endings(paths)) or True}
    return {leaf: {}} if leaf in OTHERWISE_IF_GIVEN else {UNKNOWN: True}


def _beginning(value: Any) -> dict[str, Any]:
    if value is True or (isinstance(value, str) and PLAIN_BEGINNING.fullmatch(value)):
        return {}
    way = BEGINNING.match(value.lower()) if isinstance(value, str) else None
    return {"init_lora_weights": way[0] if way else OTHER}


def _patterns(name: str, leaf: str, table: Mapping[str, Any], paths: set[str]) -> dict[str, Any]:
    """In the same order, for the first key that fits counts."""
    endings, kept = _endings(paths), {}
    for key, value in table.items():
        number = _number(value)
        if _plain(key) in endings:
            kept[key] = number
        elif not re.fullmatch(r"[\w.]+", _plain(key)):
            if not _known_words(key, paths):
                raise LoraFileError(
                    f"No clean copy of {name} can be made: {leaf} in its settings chooses layers by an expression that "
                    "holds other words than names of layers. Without it the copy would be drawn at another strength.",
                    "Export it again with plain names of layers in its settings.",
                )
            kept[key] = number
        elif number is None:
            kept["other"] = None  # no layer of the file, but no number either, for which it is refused
    return kept


def _known_words(expression: str, paths: set[str]) -> bool:
    """Whether an expression holds nothing but signs and parts of the names of layers."""
    plain = re.sub(r"\\[a-zA-Z.]|\[[^\]]{1,4}\]", " ", expression.replace("text_model", ""))
    text = "\n".join(paths)
    return len(expression) <= 500 and all(word in text for word in re.findall(r"[^\W\d]+", plain))


def _bare(value: Any, endings: set[str]) -> Any:
    """Numbers, and names of modules."""
    if isinstance(value, list):
        return [kept for inner in value if (kept := _bare(inner, endings)) is not None]
    known = isinstance(value, int) or (isinstance(value, str) and _plain(value) in endings)
    return value if known else None


def _endings(paths: Iterable[str]) -> set[str]:
    """The ends of the paths of all modules, which PEFT's patterns name."""
    split = [path.split(".") for path in paths]
    return {".".join(steps[i:]) for steps in split for i in range(len(steps))}


def _plain(pattern: str) -> str:
    return pattern.removeprefix("^").removesuffix("$").replace("\\.", ".").replace("text_model.", "")


def _number(value: Any) -> int | float | None:
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    return value if whole and math.isfinite(value) and abs(value) < 1e9 else None

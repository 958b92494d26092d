"""Names in LoRA files: the layouts that are read, brought to one, and the others, called by their name.

A new layout is one file and one line in :data:`LAYOUTS`.

Canonical: ``unet.<module path>.lora_A.weight`` and ``text_encoder.<module path>.lora_B.weight``, with
module paths as in the installed libraries (CLIP without the former ``text_model.``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from demo.errors import LoraFileError
from demo.lora import comfy, foreign, kohya
from demo.lora.foreign import OTHER_BASE
from demo.lora.header import shown
from demo.lora.peft_settings import LAYOUT, PLAIN

# How the layouts end a key. "_lora.down" is diffusers' oldest, "lora.down" what its training scripts write,
# "lora_down" kohya's part behind diffusers' path. PEFT puts the adapter's name before "weight" in memory, and
# whoever saves a state dict by hand saves it with the name.
MATRIX = re.compile(
    r"^(?P<module>.+?)"
    r"(?:\.lora_(?P<peft>[AB])(?:\.(?P<adapter>.+))?|\.lora\.(?P<new>down|up)|\.lora_(?P<mixed>down|up)"
    r"|\.lora_linear_layer\.(?P<text>down|up)|_lora\.(?P<old>down|up))"
    r"\.weight$"
)
ALPHA = re.compile(r"^(?P<module>.+?)(?P<old>_lora)?(\.lora(_linear_layer|_[AB]|_down|_up)?)?\.alpha$")
# What PyTorch and PEFT put around a model, before the component's name or behind it: a model that was compiled, one
# that is trained on several devices.
WRAPPED = re.compile(r"^(?:(?:module|model|base_model\.model)\.)+")
PREFIX = re.compile(r"^(?:lora_)?(?:(?P<unet>unet)|text_encoder(_1)?|te1?)\.")
UNET_PATH = re.compile(r"^(down_blocks|mid_block|up_blocks|conv_in|conv_out|time_embedding)\b")
TEXT_PATH = re.compile(r"^(text_model|encoder|embeddings|final_layer_norm)\.")
WIDTHS = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "SDXL"}

Kind = Literal["A", "B", "alpha"]
# Keys start with the component ("diffusers"), with base_model.model. ("peft"), with neither ("bare"); or LAYOUTS' name.
Layout = str


@dataclass(frozen=True)
class OtherLayout:
    """A layout whose keys are unlike those of diffusers and PEFT."""

    recognises: Callable[[str], bool]  # whether a key is written in it
    # Canonical names of the base's layers -> what takes a key apart, into module and part; None: no known layer.
    reader: Callable[[Iterable[str]], Callable[[str], tuple[str, Kind] | None]]


LAYOUTS: dict[Layout, OtherLayout] = {
    "kohya": OtherLayout(kohya.recognises, kohya.reader),
    "comfy": OtherLayout(comfy.recognises, comfy.reader),
}


@dataclass(frozen=True)
class Keys:
    """Where each module's parts are in the file."""

    parts: Mapping[str, Mapping[Kind, str]]  # module -> part -> the file's key
    layout: Layout
    adapter: str = ""  # PEFT's name of the adapter, where the keys hold one

    def with_alphas(self) -> list[str]:
        """Modules whose alpha is a tensor."""
        return [module for module, parts in self.parts.items() if "alpha" in parts]


def sort_keys(name: str, keys: Iterable[str], modules: Iterable[str] = ()) -> Keys:
    """Recognise the layout of a file by its keys.

    Args:
        name: the file's base name.
        modules: canonical names of the base's layers, among which flat names such as kohya's are looked up first.

    Raises:
        LoraFileError: another kind of file, no LoRA layer, or a half of one.
    """
    keys = list(keys)
    kind_of_file = foreign.named(keys)
    if kind_of_file is not None:
        raise LoraFileError(f"{name} is {kind_of_file[0]}.", kind_of_file[1])
    readers = {layout: other.reader for layout, other in LAYOUTS.items() if any(map(other.recognises, keys))}
    if not readers and not any("lora" in key for key in keys):
        what = "holds no tensor at all" if not keys else "holds no LoRA layer"
        raise LoraFileError(f"{name} {what}.", PLAIN)
    adapters = sorted({adapter_of(key) for key in keys if MATRIX.match(key)})
    if len(adapters) > 1:
        raise LoraFileError(
            f"{name} holds several adapters, {some(shown(adapter) or 'one without a name' for adapter in adapters)}.",
            "Save one adapter to a file.",
        )
    parts: dict[str, dict[Kind, str]] = {}
    layouts: set[Layout] = set()
    modules = list(modules)
    reads = {layout: reader(modules) for layout, reader in readers.items()}
    for key in keys:
        other = next((layout for layout in reads if LAYOUTS[layout].recognises(key)), None)
        module, kind, layout = _split(name, key) if other is None else (*_looked_up(name, key, reads[other]), other)
        layouts.add(layout)
        if kind in parts.setdefault(module, {}):
            raise LoraFileError(f"{name} gives {kind} of {module} twice.", LAYOUT)
        parts[module][kind] = key
    if len(layouts) > 1:
        raise LoraFileError(f"{name} mixes layouts: {some(sorted(layouts))}.", LAYOUT)
    for kind in ("A", "B"):
        lacking = [module for module in parts if kind not in parts[module]]
        if lacking:
            raise LoraFileError(f"{name} lacks the {kind} matrix of {some(lacking)}.", PLAIN)
    return Keys(parts, layouts.pop(), next(iter(adapters), ""))


def adapter_of(key: str) -> str:
    """PEFT's name of the adapter in a file's key; empty where there is none."""
    match = MATRIX.match(key)
    return (match and match["adapter"]) or ""


def base_name(cross_attention_width: int | None, title: str = "") -> str:
    """Which base model a LoRA is for, by the width of the text states that its cross-attention takes.

    Args:
        title: of the base, where it is known.
    """
    if cross_attention_width is None:
        return title or "an unknown base (it adapts no cross-attention)"
    known = title or WIDTHS.get(cross_attention_width, "another base")
    return f"{known} (cross-attention width {cross_attention_width})"


def some(items: Iterable[object], limit: int = 3) -> str:
    """The first few of ``items`` as text."""
    texts = [shown(str(item)) for item in items]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


def _split(name: str, key: str) -> tuple[str, Kind, Layout]:
    """Canonical module, part and layout of a file's key."""
    plain = key.replace(".processor.", ".")
    match = MATRIX.match(plain)
    alpha = None if match else ALPHA.match(plain)
    kind: Kind
    if match:
        module = match["module"]
        word = match["peft"] or match["new"] or match["mixed"] or match["text"] or match["old"]
        kind = "A" if word in {"A", "down"} else "B"
    elif alpha:
        module, kind = alpha["module"], "alpha"
    else:
        raise LoraFileError(f"{name} holds a tensor that is no part of a plain LoRA: {some([key])}.", PLAIN)
    old = (match or alpha or {"old": None})["old"] is not None
    if module.endswith(".to_out"):  # a list of a layer and its dropout, of which only the layer has weights
        module += ".0"
    module = module.replace("_orig_mod.", "")
    unwrapped = WRAPPED.sub("", module)
    prefix = PREFIX.match(unwrapped)
    path = WRAPPED.sub("", unwrapped[prefix.end() :]) if prefix else unwrapped
    layout: Layout = "peft" if module.startswith("base_model.model.") else "diffusers" if prefix else "bare"
    if prefix:
        part = "unet" if prefix["unet"] else "text_encoder"
    else:
        part = "unet" if UNET_PATH.match(path) else "text_encoder" if TEXT_PATH.match(path) else ""
    if not part or not path:
        raise LoraFileError(
            f"The names of layers in {name} are in a layout that is not known here, such as {some([key])}.", LAYOUT
        )
    if part == "text_encoder":
        path = path.removeprefix("text_model.")
        if old:
            path = re.sub(r"\.to_(q|k|v|out)(\.0)?$", r".\1_proj", path)
    return f"{part}.{path}", kind, layout


def _looked_up(name: str, key: str, read: Callable[[str], tuple[str, Kind] | None]) -> tuple[str, Kind]:
    found = read(key)
    if found is None:
        layer = re.sub(r"\.(lora[_.].*|alpha)$", "", key)
        raise LoraFileError(f"{name} adapts a layer that no known base model has: {some([layer])}.", OTHER_BASE)
    return found

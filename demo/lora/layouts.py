"""Names in LoRA files: the layouts that are read, brought to one, and the others, called by their name.

A new layout is one file and one line in :data:`LAYOUTS`.

Canonical: ``unet.<module path>.lora_A.weight`` and ``text_encoder.<module path>.lora_B.weight``, with
module paths as in the installed libraries (CLIP without the former ``text_model.``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from demo.errors import LoraFileError
from demo.lora import kohya

LAYOUT = "Export it in diffusers' layout (keys such as unet.….lora_A.weight), or use a LoRA that the demo made."
PLAIN = "Train or export it as a plain LoRA: one A and one B matrix for each adapted layer."
OTHER_BASE = "Use a LoRA for the base model that is chosen here."

# The first that matches says what the file is. Each: a pattern searched in a key, what it is, what to do.
FOREIGN: tuple[tuple[str, str, str], ...] = (
    (r"hada_", "a LoHa (LyCORIS), which is no plain LoRA", PLAIN),
    (r"lokr_", "a LoKr (LyCORIS), which is no plain LoRA", PLAIN),
    (r"lora_mid\.", "a LoCon with a Tucker decomposition (LyCORIS), which is no plain LoRA", PLAIN),
    (r"\.diff(_b)?$", "a LyCORIS with whole differences of weights, which is no plain LoRA", PLAIN),
    (r"\.on_input$|ia3_l", "an (IA)3, which is no plain LoRA", PLAIN),
    (r"vera_lambda", "a VeRA, which is no plain LoRA", PLAIN),
    (r"oft_blocks|\.oft_|boft_", "an OFT adapter, which is no plain LoRA", PLAIN),
    (r"dora_scale|magnitude", "a DoRA, a LoRA with magnitudes besides", PLAIN),
    (r"^text_encoder_[23]\.|^lora_te[23]_", "a LoRA for SDXL or later (two text encoders)", OTHER_BASE),
    (r"add_embedding|label_emb", "a LoRA for SDXL (with conditioning on the picture's size)", OTHER_BASE),
    (
        r"^(lora_)?transformer[._]|double_blocks|single_blocks|joint_blocks",
        "a LoRA for a transformer (SD 3, Flux)",
        OTHER_BASE,
    ),
    (r"^bundle_emb\.", "a LoRA with a textual inversion besides", PLAIN),
    (r"lora_controlnet", "a Control-LoRA", PLAIN),
    (r"^emb_params$|string_to_param|^<.*>$|^clip_[gl]$", "a textual inversion, not a LoRA", PLAIN),
    (r"^model\.diffusion_model\.|^first_stage_model\.|^cond_stage_model\.", "a whole model, not a LoRA", PLAIN),
    (r"lora_embedding_|lora_[AB](\.\w+)?\.bias$|modules_to_save", "a LoRA with biases or embeddings besides", PLAIN),
)

# How the layouts end a key. "_lora.down" is diffusers' oldest, "lora.down" what its training scripts write.
MATRIX = re.compile(
    r"^(?P<module>.+?)"
    r"(?:\.lora_(?P<peft>[AB])(?:\.default)?|\.lora\.(?P<new>down|up)"
    r"|\.lora_linear_layer\.(?P<text>down|up)|_lora\.(?P<old>down|up))"
    r"\.weight$"
)
PREFIX = re.compile(r"^(?:(?P<part>unet|text_encoder)\.|base_model\.model\.)")
UNET_PATH = re.compile(r"^(down_blocks|mid_block|up_blocks|conv_in|conv_out|time_embedding)\b")
TEXT_PATH = re.compile(r"^(text_model|encoder|embeddings|final_layer_norm)\.")
WIDTHS = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "SDXL"}

Kind = Literal["A", "B", "alpha"]
# Keys start with the component ("diffusers"), with base_model.model. ("peft"), with neither ("bare"); or LAYOUTS' name.
Layout = str
CHANGED_BASE = ("pissa", "olora", "corda", "loftq")  # PEFT's ways to begin that take their matrices off the base


@dataclass(frozen=True)
class OtherLayout:
    """A layout whose keys are unlike those of diffusers and PEFT."""

    recognises: Callable[[str], bool]  # whether a key is written in it
    # Canonical names of the base's layers -> what takes a key apart, into module and part; None: no known layer.
    reader: Callable[[Iterable[str]], Callable[[str], tuple[str, Kind] | None]]


LAYOUTS: dict[Layout, OtherLayout] = {
    "kohya": OtherLayout(kohya.recognises, kohya.reader),
}


@dataclass(frozen=True)
class Keys:
    """Where each module's parts are in the file."""

    parts: Mapping[str, Mapping[Kind, str]]  # module -> part -> the file's key
    layout: Layout


def sort_keys(name: str, keys: Iterable[str], modules: Iterable[str] = ()) -> Keys:
    """Recognise the layout of a file by its keys.

    Args:
        name: the file's base name.
        modules: canonical names of the base's layers, among which flat names such as kohya's are looked up first.

    Raises:
        LoraFileError: another kind of file, no LoRA layer, or a half of one.
    """
    keys = list(keys)
    for pattern, what, remedy in FOREIGN:
        if any(re.search(pattern, key) for key in keys):
            raise LoraFileError(f"{name} is {what}.", remedy)
    readers = {layout: other.reader for layout, other in LAYOUTS.items() if any(map(other.recognises, keys))}
    if not readers and not any("lora" in key for key in keys):
        what = "holds no tensor at all" if not keys else "holds no LoRA layer"
        raise LoraFileError(f"{name} {what}.", PLAIN)
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
        raise LoraFileError(f"{name} mixes layouts.", LAYOUT)
    for kind in ("A", "B"):
        lacking = [module for module in parts if kind not in parts[module]]
        if lacking:
            raise LoraFileError(f"{name} lacks the {kind} matrix of {some(lacking)}.", PLAIN)
    return Keys(parts, layouts.pop())


def base_name(cross_attention_width: int | None) -> str:
    """Which base model a LoRA is for, by the width of the text states that its cross-attention takes."""
    if cross_attention_width is None:
        return "an unknown base (it adapts no cross-attention)"
    known = WIDTHS.get(cross_attention_width, "another base")
    return f"{known} (cross-attention width {cross_attention_width})"


def module_alphas(name: str, ranks: Mapping[str, int], config: Mapping[str, Any]) -> dict[str, float]:
    """Alphas of one component's modules by PEFT's rules, such that scale = alpha / rank.

    Args:
        name: the file's base name.
        ranks: module path within the component -> rank.
        config: PEFT's LoraConfig as a table, from the file's metadata.

    Raises:
        LoraFileError: the settings contradict the tensors or ask for more than a plain LoRA.
    """
    for key, what in (("use_dora", "a DoRA"), ("lora_bias", "a LoRA with biases"), ("use_qalora", "a QA-LoRA")):
        if config.get(key):
            raise LoraFileError(f"{name} says that it is {what}.", PLAIN)
    if config.get("init_lora_weights") in CHANGED_BASE:
        raise LoraFileError(
            f"{name} says that it was begun with {config['init_lora_weights']}: it belongs to a base whose weights "
            "were changed with it.",
            "Convert it to a plain LoRA first (PEFT: path_initial_model_for_weight_conversion).",
        )
    stated_ranks = _lookup(name, config, "r", "rank_pattern", ranks)
    stated_alphas = _lookup(name, config, "lora_alpha", "alpha_pattern", ranks)
    for module, rank in ranks.items():
        if stated_ranks.get(module, rank) != rank:
            raise LoraFileError(
                f"The metadata of {name} say rank {stated_ranks[module]:g} for {module}, whose matrices have {rank}.",
                LAYOUT,
            )
        if module not in stated_alphas:
            raise LoraFileError(f"The metadata of {name} give no alpha for {module}.", LAYOUT)
    # Rank-stabilised LoRA scales by alpha / sqrt(rank).
    stable = bool(config.get("use_rslora"))
    return {module: stated_alphas[module] * (rank**0.5 if stable else 1) for module, rank in ranks.items()}


def module_config(ranks: Mapping[str, int], alphas: Mapping[str, float]) -> dict[str, Any]:
    """The inverse of :func:`module_alphas`: LoraConfig's table for one component, and no more of it than needed."""
    rank = Counter(ranks.values()).most_common(1)[0][0]
    alpha = Counter(alphas.values()).most_common(1)[0][0]
    return {
        "r": rank,
        "lora_alpha": _number(alpha),
        "rank_pattern": {f"^{module}": r for module, r in ranks.items() if r != rank},
        "alpha_pattern": {f"^{module}": _number(a) for module, a in alphas.items() if a != alpha},
        "target_modules": sorted(ranks),
    }


def some(items: Iterable[object], limit: int = 3) -> str:
    """The first few of ``items`` as text."""
    texts = [text if len(text) <= 100 else f"{text[:97]}…" for text in map(str, items)]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


def _split(name: str, key: str) -> tuple[str, Kind, Layout]:
    """Canonical module, part and layout of a file's key."""
    match = MATRIX.match(key.replace(".processor.", "."))
    kind: Kind
    if match:
        module = match["module"]
        word = match["peft"] or match["new"] or match["text"] or match["old"]
        kind = "A" if word in {"A", "down"} else "B"
        if match["old"]:
            module += ".0" if module.endswith("to_out") else ""
    elif key.endswith(".alpha"):
        module, kind = key.removesuffix(".alpha"), "alpha"
    else:
        raise LoraFileError(f"{name} holds a tensor that is no part of a plain LoRA: {some([key])}.", PLAIN)
    prefix = PREFIX.match(module)
    path = module[prefix.end() :] if prefix else module
    part = prefix["part"] if prefix else None
    layout: Layout = "diffusers" if part else "peft" if prefix else "bare"
    if part is None:
        part = "unet" if UNET_PATH.match(path) else "text_encoder" if TEXT_PATH.match(path) else None
    if part is None or not path:
        raise LoraFileError(f"{name} adapts a layer of an unknown model: {some([key])}.", LAYOUT)
    if part == "text_encoder":
        path = path.removeprefix("text_model.")
        if match and match["old"]:
            path = re.sub(r"\.to_(q|k|v|out)(\.0)?$", r".\1_proj", path)
    return f"{part}.{path}", kind, layout


def _looked_up(name: str, key: str, read: Callable[[str], tuple[str, Kind] | None]) -> tuple[str, Kind]:
    found = read(key)
    if found is None:
        layer = key.partition(".")[0]
        raise LoraFileError(f"{name} adapts a layer that no known base model has: {some([layer])}.", OTHER_BASE)
    return found


def _lookup(name: str, config: Mapping[str, Any], default: str, table: str, modules: Iterable[str]) -> dict[str, float]:
    """PEFT's look-up: the first key of ``table`` that is a module's path or its end, else ``config[default]``.

    PEFT runs the keys as regular expressions. Those of an unknown file are compared, never run.
    """
    patterns = config.get(table) or {}
    if not isinstance(patterns, dict):
        raise LoraFileError(f"The metadata of {name} give {table} in an unknown form.", LAYOUT)
    endings: dict[str, tuple[int, float]] = {}
    for order, (key, value) in enumerate(patterns.items()):
        ending = key.replace("\\.", ".").replace("text_model.", "")
        if not re.fullmatch(r"\^?[\w.]+", ending):
            raise LoraFileError(f"The metadata of {name} select layers by an expression.", LAYOUT)
        endings.setdefault(ending, (order, _finite(name, value)))
    common = _finite(name, config[default]) if default in config else None
    found: dict[str, float] = {}
    for module in modules:
        steps = module.split(".")
        candidates = [f"^{module}", *(".".join(steps[i:]) for i in range(len(steps)))]
        hits = [endings[candidate] for candidate in candidates if candidate in endings]
        if hits:
            found[module] = min(hits)[1]
        elif common is not None:
            found[module] = common
    return found


def _finite(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        raise LoraFileError(f"The metadata of {name} give a rank or alpha that is no sensible number.", LAYOUT)
    return float(value)


def _number(alpha: float) -> float | int:
    """A whole alpha as an integer, as LoraConfig declares it."""
    return int(alpha) if alpha.is_integer() and 0 < alpha < 2**31 else alpha

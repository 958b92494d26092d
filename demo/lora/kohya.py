"""kohya's names (networks/lora.py of sd-scripts), such as ``lora_unet_down_blocks_0_attentions_0_proj_in``.

Dots are underscores in them, beside the underscores that were there before, so a name cannot be taken apart:
it is looked up among the layers of the base, or of Stable Diffusion where no base is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Literal

# PEFT's parts and diffusers' stand behind kohya's names, too; "lycoris_" is what LyCORIS' wrapper puts first.
PART = (
    r"(?:lora_(?P<peft>[AB])(?:\.(?P<adapter>.+))?|lora[_.](?P<way>down|up))\.weight"
    r"|(?:lora(?:[._]\w+)?\.)?(?P<alpha>alpha)"
)
KEY = re.compile(rf"^(?P<name>(?:lora_(?:unet|te1?)|lycoris)_[^.]+)\.(?:{PART})$")
PREFIXES = {"unet.": ("lora_unet_",), "text_encoder.": ("lora_te_", "lora_te1_")}

PROJECTIONS = ("to_q", "to_k", "to_v", "to_out.0")
TRANSFORMER = (*(f"attn{i}.{leaf}" for i in (1, 2) for leaf in PROJECTIONS), "ff.net.0.proj", "ff.net.2")
TEXT = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj", "mlp.fc1", "mlp.fc2")
RESNET = {"in_layers_2": "conv1", "out_layers_3": "conv2", "skip_connection": "conv_shortcut"}
RESNET |= {"emb_layers_1": "time_emb_proj"}
BLOCKS, LAYERS, DEPTH, TEXT_LAYERS = 4, 3, 10, 32  # at most, in Stable Diffusion 1.x, 2.x and XL
PER_BLOCK = 3  # entries of input_blocks and output_blocks to one of diffusers' blocks


def recognises(key: str) -> bool:
    """Whether a file's key is written in this layout."""
    return KEY.match(key) is not None


def reader(modules: Iterable[str]) -> Callable[[str], tuple[str, Literal["A", "B", "alpha"]] | None]:
    """What takes a key apart, into canonical module and part; None where no known base has such a layer."""
    known = names(modules)

    def read(key: str) -> tuple[str, Literal["A", "B", "alpha"]] | None:
        match = KEY.match(key)
        if match is None:
            return None
        flat = match["name"].removeprefix("lycoris_")
        tried = (match["name"], f"lora_unet_{flat}", f"lora_te_{flat}")
        module = next((known[name] for name in tried if name in known), None)
        return None if module is None else (module, kind(match))

    return read


def kind(match: re.Match[str]) -> Literal["A", "B", "alpha"]:
    """Which part of a layer's a key is, by the groups of :data:`PART`."""
    if match["alpha"]:
        return "alpha"
    return "A" if match["peft"] == "A" or match["way"] == "down" else "B"


def names(modules: Iterable[str] = ()) -> dict[str, str]:
    """kohya's name -> canonical module path.

    Args:
        modules: canonical module paths of the base; its names come first, those of Stable Diffusion are added.
    """
    return dict(_stable_diffusion()) | {flat: module for module in modules for flat in _flat(module)}


@cache
def _stable_diffusion() -> Mapping[str, str]:
    table: dict[str, str] = {}
    for module in _modules():
        table |= dict.fromkeys(_flat(module), module)
    table |= {f"lora_unet_{old}": f"unet.{new}" for old, new in _original().items()}
    return table


def _flat(module: str) -> Iterator[str]:
    """The names that kohya's trainer and diffusers' converter give to a canonical module."""
    part = next((part for part in PREFIXES if module.startswith(part)), None)
    if part is None:
        return
    path = module.removeprefix(part).replace(".", "_")
    for prefix in PREFIXES[part]:
        yield prefix + path
        if part == "text_encoder.":
            yield f"{prefix}text_model_{path}"  # as CLIP was built until transformers 5


def _modules() -> Iterator[str]:
    """Canonical names of what LoRA files adapt in Stable Diffusion, convolutions among them."""
    places = [*(f"down_blocks.{i}" for i in range(BLOCKS)), "mid_block", *(f"up_blocks.{i}" for i in range(BLOCKS))]
    for place in places:
        for i in range(LAYERS):
            for leaf in _attention():
                yield f"unet.{place}.attentions.{i}.{leaf}"
            for leaf in RESNET.values():
                yield f"unet.{place}.resnets.{i}.{leaf}"
        yield f"unet.{place}.downsamplers.0.conv"
        yield f"unet.{place}.upsamplers.0.conv"
    for leaf in ("conv_in", "conv_out", "time_embedding.linear_1", "time_embedding.linear_2"):
        yield f"unet.{leaf}"
    for i in range(TEXT_LAYERS):
        for leaf in TEXT:
            yield f"text_encoder.encoder.layers.{i}.{leaf}"


def _attention() -> list[str]:
    return [*(f"transformer_blocks.{d}.{leaf}" for d in range(DEPTH) for leaf in TRANSFORMER), "proj_in", "proj_out"]


def _original() -> dict[str, str]:
    """Names of the original implementation (input_blocks_1_1_...), with two layers to a block -> diffusers' paths."""
    table = {"input_blocks_0_0": "conv_in", "out_2": "conv_out"}
    table |= {"time_embed_0": "time_embedding.linear_1", "time_embed_2": "time_embedding.linear_2"}
    for i in range(BLOCKS * PER_BLOCK):
        block, layer = divmod(i, PER_BLOCK)
        table |= _place(f"input_blocks_{i + 1}", f"down_blocks.{block}", layer)
        table |= _place(f"output_blocks_{i}", f"up_blocks.{block}", layer)
        if layer == PER_BLOCK - 1:
            table[f"input_blocks_{i + 1}_0_op"] = f"down_blocks.{block}.downsamplers.0.conv"
            for place in (1, 2):  # behind the attention, where there is one
                table[f"output_blocks_{i}_{place}_conv"] = f"up_blocks.{block}.upsamplers.0.conv"
    table |= _place("middle_block", "mid_block", 0, attention="middle_block_1")
    table |= {f"middle_block_2_{old}": f"mid_block.resnets.1.{new}" for old, new in RESNET.items()}
    return table


def _place(old: str, new: str, layer: int, attention: str | None = None) -> dict[str, str]:
    """One ResNet block and the attention behind it."""
    attention = attention or f"{old}_1"
    table = {f"{old}_0_{a}": f"{new}.resnets.{layer}.{b}" for a, b in RESNET.items()}
    return table | {
        f"{attention}_{leaf.replace('.', '_')}": f"{new}.attentions.{layer}.{leaf}" for leaf in _attention()
    }

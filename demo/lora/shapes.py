"""Types and shapes of a LoRA file's tensors, from its header, and whether a base has such layers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from demo.errors import LoraFileError
from demo.lora.foreign import OTHER_BASE
from demo.lora.header import Header
from demo.lora.layouts import Keys, base_name, some
from demo.lora.peft_settings import LAYOUT, PLAIN

Shapes = Mapping[str, tuple[int, int]]

FLOATS = {"F16", "BF16", "F32", "F64"}
EIGHTHS = {"F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"}  # of 8 bits: read, and computed with in 32
INTEGERS = {"I8", "U8", "I16", "I32", "I64"}  # of alphas: diffusers' converter to kohya's layout writes these
MAX_RANK = 1024  # work on a layer grows with its square; matrices of that rank are as large as the layers themselves
WIDEST = 2**16  # no layer of a Stable Diffusion model comes near; a product of two such sides still fits
# How the paths of both components' layers begin and end, as diffusers and transformers call them.
ROOT = re.compile(
    r"unet\.(down_blocks|mid_block|up_blocks|conv_in|conv_out|conv_norm_out|time_embedding|time_proj|class_embedding"
    r"|encoder_hid_proj)\b|text_encoder\.(encoder\.layers|embeddings|final_layer_norm|text_projection)\b"
)
UNET_LAYERS = re.compile(r"\.(attn[12]\.(to_q|to_k|to_v|to_out\.0)|ff\.net\.(0\.proj|2)|proj_in|proj_out)$")
TEXT_LAYERS = re.compile(r"\.(self_attn\.(q_proj|k_proj|v_proj|out_proj)|mlp\.fc[12])$")
BLOCK = re.compile(r"(.+\.transformer_blocks)\.(\d{1,6})\.")


def file_shapes(name: str, header: Header, keys: Keys) -> dict[str, tuple[int, int]]:
    """(out, in) by module.

    Raises:
        LoraFileError: a type or a shape that no plain LoRA has.
    """
    shapes: dict[str, tuple[int, int]] = {}
    for module, parts in keys.parts.items():
        for kind, key in parts.items():
            entry = header.entries[key]
            if entry.dtype not in FLOATS | EIGHTHS | (INTEGERS if kind == "alpha" else set()):
                quantised = " Whole numbers mean nothing without the scales that a quantised file keeps elsewhere."
                more = quantised if entry.dtype in INTEGERS else ""
                raise LoraFileError(
                    f"{name} stores {module} as {entry.dtype}, which is not read as numbers of a LoRA.{more}",
                    "Save the LoRA with 16 or 32-bit floating-point numbers.",
                )
            if kind == "alpha" and entry.shape not in {(), (1,)}:
                raise LoraFileError(f"{name} gives an alpha of {module} that is not a single number.", LAYOUT)
            if kind != "alpha":
                _check_shape(name, module, entry.shape)
        a, b = header.entries[parts["A"]].shape, header.entries[parts["B"]].shape
        if len(a) != len(b):
            raise LoraFileError(f"Only one of the two matrices of {module} in {name} is that of a convolution.", PLAIN)
        if a[0] != b[1]:
            raise LoraFileError(f"The ranks of A ({a[0]}) and B ({b[1]}) of {module} in {name} differ.", PLAIN)
        if a[0] > MAX_RANK:
            raise LoraFileError(f"{name} gives {module} rank {a[0]}; at most {MAX_RANK} is read.", PLAIN)
        shapes[module] = (b[0], a[1])
    return shapes


def matrix(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Rows and columns of a matrix, or of the weight of a 1 x 1 convolution; None for other shapes."""
    return (shape[0], shape[1]) if len(shape) == 2 or (len(shape) == 4 and shape[2:] == (1, 1)) else None


def check_base(name: str, shapes: Shapes, expected: Shapes, title: str = "") -> None:
    """Refuse a file some of whose layers a base lacks, or has in another shape.

    Args:
        name: what errors call the file.
        shapes: module -> (out, in) of the file.
        expected: the same of the base.
        title: of the base, where it is known.

    Raises:
        LoraFileError: it does not fit; says for which base it is, where its cross-attention tells.
    """
    widths = (_width(shapes), _width(expected))
    wrong = [f"{m} is {shapes[m]}, not {expected[m]}" for m in shapes if m in expected and shapes[m] != expected[m]]
    unknown = [module for module in shapes if module not in expected]
    if not wrong and not unknown:
        return
    if widths[0] != widths[1] and widths[0] is not None:
        chosen = base_name(widths[1], title)
        raise LoraFileError(
            f"{name} is for {base_name(widths[0])}; expected is {chosen}: {some(wrong or unknown)}.", OTHER_BASE
        )
    base = title or "the base model"
    if wrong:
        raise LoraFileError(f"{name} does not fit {base}: {some(wrong)}.", OTHER_BASE)
    strange = [module for module in unknown if not ROOT.match(module)]
    if strange:
        raise LoraFileError(
            f"The names of layers in {name} are in a layout that is not known here, such as {some(strange)}.", LAYOUT
        )
    deeper = [module for module in unknown if _too_deep(module, expected)]
    if deeper:
        raise LoraFileError(
            f"{name} has more transformer blocks in one attention than {base}, as SDXL's U-Net has: {some(deeper)}.",
            OTHER_BASE,
        )
    others = [module for module in unknown if not (UNET_LAYERS.search(module) or TEXT_LAYERS.search(module))]
    if not others:
        raise LoraFileError(f"{name} adapts layers that {base} does not have: {some(unknown)}.", OTHER_BASE)
    raise LoraFileError(
        f"{name} adapts layers that are not attention or feed-forward layers of {base}: {some(others)}.",
        "Use a LoRA of the transformer layers (to_q, to_k, to_v, to_out, ff, proj) of this base.",
    )


def _too_deep(module: str, expected: Shapes) -> bool:
    """Whether a module is in a transformer block behind the last that the base has in the same attention."""
    found = BLOCK.match(module)
    if found is None:
        return False
    here = [int(block[2]) for block in map(BLOCK.match, expected) if block and block[1] == found[1]]
    return bool(here) and int(found[2]) > max(here)


def _check_shape(name: str, module: str, shape: tuple[int, ...]) -> None:
    if len(shape) == 4 and shape[2:] != (1, 1):
        raise LoraFileError(
            f"{name} adapts a convolution with a kernel of {shape[2]} x {shape[3]} pixels: {module} (a LoCon).",
            "Use a LoRA of linear layers and 1 x 1 convolutions only.",
        )
    if matrix(shape) is None or not all(0 < n <= WIDEST for n in shape):
        raise LoraFileError(f"{name} gives {module} the impossible shape {some([list(shape)])}.", PLAIN)


def _width(shapes: Shapes) -> int | None:
    """Width of the text states, from the keys and values of the cross-attention."""
    return next((w for m, (_, w) in shapes.items() if m.endswith((".attn2.to_k", ".attn2.to_v"))), None)

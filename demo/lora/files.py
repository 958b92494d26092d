"""The one way in and out for LoRA files: safetensors only, checked before use, nothing but weights written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from demo.errors import LoraFileError
from demo.files import write_tensors
from demo.lora.header import AGAIN, Header, parse_json, read_header
from demo.lora.layouts import (
    LAYOUT,
    OTHER_BASE,
    PLAIN,
    Keys,
    Layout,
    base_name,
    module_alphas,
    module_config,
    some,
    sort_keys,
)

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline

Shapes = Mapping[str, tuple[int, int]]

FLOATS = {"F16", "BF16", "F32", "F64"}
MAX_RANK = 1024  # work on a layer grows with its square; matrices of that rank are as large as the layers themselves
WIDEST = 2**16  # no layer of a Stable Diffusion model comes near; a product of two such sides still fits
METADATA = "lora_adapter_metadata"
ADAPTER_CONFIG = "adapter_config.json"
MAX_CONFIG = 2**20
PARTS = ("unet.", "text_encoder.")
INTEGERS = {"I8", "U8", "I16", "I32", "I64"}  # of alphas: diffusers' converter to kohya's layout writes these
UNET_LAYERS = re.compile(r"\.(attn[12]\.(to_q|to_k|to_v|to_out\.0)|ff\.net\.(0\.proj|2)|proj_in|proj_out)$")
TEXT_LAYERS = re.compile(r"\.(self_attn\.(q_proj|k_proj|v_proj|out_proj)|mlp\.fc[12])$")


@dataclass(frozen=True, eq=False, kw_only=True)
class LoraWeights:
    """A LoRA in the canonical layout: diffusers' names, A (rank, in) and B (out, rank).

    Those of a 1 x 1 convolution may be stored as such, A (rank, in, 1, 1) and B (out, rank, 1, 1).
    """

    tensors: Mapping[str, Tensor]  # "unet.<module path>.lora_A.weight", "text_encoder.<module path>.lora_B.weight"
    alphas: Mapping[str, float]  # per module; the scale of a layer is alpha / rank
    metadata: Mapping[str, str] = field(default_factory=dict)  # the file's own header metadata, as found
    stored_alphas: bool = False  # the file gives them as tensors, as kohya's do
    assumed: bool = False  # the file gives no alpha anywhere: alpha = rank (scale 1) is diffusers' convention

    @property
    def assumption(self) -> str | None:
        """What to say of a file whose scale is not known; None where it is."""
        if not self.assumed:
            return None
        return (
            "The file gives no alpha, so scale 1 is assumed. If it was trained with another (PEFT keeps it in a file "
            "of its own, adapter_config.json), all pictures show it stronger or weaker than it is."
        )

    def modules(self) -> list[str]:
        """Adapted layers, sorted."""
        return sorted({key.removesuffix(".lora_A.weight") for key in self.tensors if key.endswith(".lora_A.weight")})

    def unet(self) -> LoraWeights:
        """The part that belongs to the U-Net."""
        return self._part("unet.")

    def text_encoder(self) -> LoraWeights:
        """The part that belongs to the text encoder; it may be empty."""
        return self._part("text_encoder.")

    def _part(self, prefix: str) -> LoraWeights:
        return replace(
            self,
            tensors={key: tensor for key, tensor in self.tensors.items() if key.startswith(prefix)},
            alphas={module: alpha for module, alpha in self.alphas.items() if module.startswith(prefix)},
        )

    def matrices(self, module: str) -> tuple[Tensor, Tensor]:
        """A (rank, in) and B (out, rank) of a layer."""
        return self.tensors[f"{module}.lora_A.weight"].flatten(1), self.tensors[f"{module}.lora_B.weight"].flatten(1)

    def scale(self, module: str) -> float:
        """What multiplies B A."""
        return self.alphas[module] / self.matrices(module)[0].shape[0]

    def delta(self, module: str) -> Tensor:
        """The update of a layer's weight, alpha / rank * B A: (out, in), in 32 bits at least."""
        a, b = self.matrices(module)
        wide = torch.promote_types(a.dtype, torch.float32)
        return self.scale(module) * (b.to(wide) @ a.to(wide))


def read_lora(path: Path, *, base_shapes: Shapes | None = None, name: str = "") -> LoraWeights:
    """Read a LoRA file.

    Header, names, types and shapes are checked before any tensor is read.

    Args:
        path: a safetensors file, in diffusers' layouts, PEFT's or kohya's.
        base_shapes: module -> (out, in) of the base it must fit, as :func:`expected_shapes` gives them.
        name: what its owner calls it, for errors; the path's own by default.

    Raises:
        LoraFileError: what is wrong with the file and what to do.
    """
    name = name or path.name
    header = read_header(path, name)
    keys = sort_keys(name, header.entries, base_shapes or ())
    shapes = _check_entries(name, header, keys)
    if base_shapes is not None:
        _check_base(name, shapes, base_shapes)
    ranks = {module: header.entries[parts["A"]].shape[0] for module, parts in keys.parts.items()}
    config = _config(path, name, header.metadata, keys.layout)
    tensors: dict[str, Tensor] = {}
    stored: dict[str, float] = {}
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            for module, parts in keys.parts.items():
                for kind, key in parts.items():
                    tensor = file.get_tensor(key).clone()  # the original is a view of the file
                    if kind == "alpha":
                        stored[module] = float(tensor)
                    else:
                        tensors[f"{module}.lora_{kind}.weight"] = tensor
    except (SafetensorError, OSError) as error:
        raise LoraFileError(f"{name} is damaged: its tensors cannot be read.", AGAIN) from error
    alphas = _alphas(name, ranks, config, stored, keys.layout)
    lora = LoraWeights(
        tensors=tensors,
        alphas=alphas,
        metadata=header.metadata,
        stored_alphas=bool(stored),
        assumed=not (stored or config),
    )
    _check_finite(name, lora)
    return lora


def write_lora(path: Path, lora: LoraWeights) -> Path:
    """Write a LoRA in diffusers' layout, whole or not at all, with no metadata but ranks, alphas and layers.

    Args:
        path: must end in ``.safetensors``.

    Raises:
        LoraFileError: the weights make no LoRA, or are not finite.
        OutputError: the file cannot be written.
    """
    name = path.name
    if path.suffix != ".safetensors":
        raise LoraFileError(f"{name} is not a name for a LoRA file.", "Choose a name that ends in .safetensors.")
    keys = sort_keys(name, lora.tensors)
    canonical = {f"{module}.lora_{kind}.weight" for module in keys.parts for kind in ("A", "B")}
    if keys.parts.keys() != lora.alphas.keys() or canonical != lora.tensors.keys():
        raise LoraFileError(f"{name}: layers, names and alphas do not belong together.", LAYOUT)
    for module in lora.modules():
        a, b = (lora.tensors[f"{module}.lora_{kind}.weight"] for kind in "AB")
        shapes = [_matrix(tuple(tensor.shape)) for tensor in (a, b)]
        if None in shapes or a.ndim != b.ndim or a.shape[0] != b.shape[1] or not a.is_floating_point():
            raise LoraFileError(f"{name}: the matrices of {module} do not fit together.", PLAIN)
    _check_finite(name, lora)
    settings: dict[str, Any] = {}
    for prefix in PARTS:
        modules = [module for module in lora.modules() if module.startswith(prefix)]
        if modules:
            ranks = {module.removeprefix(prefix): lora.matrices(module)[0].shape[0] for module in modules}
            alphas = {module.removeprefix(prefix): lora.alphas[module] for module in modules}
            settings |= {prefix + key: value for key, value in module_config(ranks, alphas).items()}
    metadata = {"format": "pt", METADATA: json.dumps(settings, indent=2, sort_keys=True)}
    return write_tensors(path, lora.tensors, metadata)


def expected_shapes(pipe: StableDiffusionPipeline | SimpleNamespace) -> dict[str, tuple[int, int]]:
    """(out, in) of all layers that LoRA files adapt, by canonical module name.

    The attention projections and feed-forward layers of U-Net and text encoder, and what leads into the U-Net's
    transformers and out of them (proj_in, proj_out: 1 x 1 convolutions in Stable Diffusion 1.x).
    """
    shapes: dict[str, tuple[int, int]] = {}
    for part, pattern in (("unet", UNET_LAYERS), ("text_encoder", TEXT_LAYERS)):
        for found, module in getattr(pipe, part).named_modules():
            path = found.removesuffix(".base_layer").removeprefix("text_model.")
            if isinstance(module, torch.nn.Linear | torch.nn.Conv2d) and pattern.search(path):
                shape = _matrix(tuple(module.weight.shape))
                if shape is not None:
                    shapes[f"{part}.{path}"] = shape
    return shapes


def _check_entries(name: str, header: Header, keys: Keys) -> dict[str, tuple[int, int]]:
    """Types and shapes of all tensors, from the header; (out, in) by module."""
    shapes: dict[str, tuple[int, int]] = {}
    for module, parts in keys.parts.items():
        for kind, key in parts.items():
            entry = header.entries[key]
            if entry.dtype not in (FLOATS | INTEGERS if kind == "alpha" else FLOATS):
                raise LoraFileError(
                    f"{name} stores {module} as {entry.dtype}, not as floating-point numbers.",
                    "Save the LoRA with 16 or 32-bit floating-point numbers.",
                )
            if kind == "alpha" and entry.shape not in {(), (1,)}:
                raise LoraFileError(f"{name} gives an alpha of {module} that is not a single number.", LAYOUT)
            if kind != "alpha":
                _check_shape(name, module, entry.shape)
        if len(header.entries[parts["A"]].shape) != len(header.entries[parts["B"]].shape):
            raise LoraFileError(f"Only one of the two matrices of {module} in {name} is that of a convolution.", PLAIN)
        a, b = header.entries[parts["A"]].shape, header.entries[parts["B"]].shape
        if a[0] != b[1]:
            raise LoraFileError(f"The ranks of A ({a[0]}) and B ({b[1]}) of {module} in {name} differ.", PLAIN)
        if a[0] > MAX_RANK:
            raise LoraFileError(f"{name} gives {module} rank {a[0]}; at most {MAX_RANK} is read.", PLAIN)
        shapes[module] = (b[0], a[1])
    return shapes


def _check_shape(name: str, module: str, shape: tuple[int, ...]) -> None:
    if len(shape) == 4 and shape[2:] != (1, 1):
        raise LoraFileError(
            f"{name} adapts a convolution with a kernel of {shape[2]} x {shape[3]} pixels: {module} (a LoCon).",
            "Use a LoRA of linear layers and 1 x 1 convolutions only.",
        )
    if _matrix(shape) is None or not all(0 < n <= WIDEST for n in shape):
        raise LoraFileError(f"{name} gives {module} the impossible shape {some([list(shape)])}.", PLAIN)


def _matrix(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Rows and columns of a matrix, or of the weight of a 1 x 1 convolution."""
    return (shape[0], shape[1]) if len(shape) == 2 or (len(shape) == 4 and shape[2:] == (1, 1)) else None


def _check_base(name: str, shapes: Shapes, expected: Shapes) -> None:
    widths = (_width(shapes), _width(expected))
    wrong = [f"{m} is {shapes[m]}, not {expected[m]}" for m in shapes if m in expected and shapes[m] != expected[m]]
    unknown = [module for module in shapes if module not in expected]
    if not wrong and not unknown:
        return
    if widths[0] != widths[1] and widths[0] is not None:
        raise LoraFileError(
            f"{name} is for {base_name(widths[0])}; expected is {base_name(widths[1])}: {some(wrong or unknown)}.",
            OTHER_BASE,
        )
    if wrong:
        raise LoraFileError(f"{name} does not fit the base model: {some(wrong)}.", OTHER_BASE)
    raise LoraFileError(
        f"{name} adapts layers that are not attention or feed-forward layers of the base model: {some(unknown)}.",
        "Use a LoRA of the transformer layers (to_q, to_k, to_v, to_out, ff, proj) of this base.",
    )


def _width(shapes: Shapes) -> int | None:
    """Width of the text states, from the keys and values of the cross-attention."""
    return next((w for m, (_, w) in shapes.items() if m.endswith((".attn2.to_k", ".attn2.to_v"))), None)


def _config(path: Path, name: str, metadata: Mapping[str, str], layout: Layout) -> dict[str, Any]:
    """LoraConfig's table: from the file's metadata, or, as PEFT has it, from ``adapter_config.json`` beside it."""
    beside = path.with_name(ADAPTER_CONFIG)
    try:
        if METADATA in metadata:
            config = parse_json(metadata[METADATA])
        elif layout == "peft" and beside.is_file():
            with beside.open("rb") as file:
                config = parse_json(file.read(MAX_CONFIG))
        else:
            return {}
    except (ValueError, OSError) as error:
        raise LoraFileError(f"The settings (metadata) of {name} cannot be read.", AGAIN) from error
    if not isinstance(config, dict):
        raise LoraFileError(f"The settings (metadata) of {name} are not a table.", AGAIN)
    return config


def _alphas(
    name: str, ranks: Mapping[str, int], config: Mapping[str, Any], stored: Mapping[str, float], layout: Layout
) -> dict[str, float]:
    """From the settings, from alpha tensors, or, where a file gives neither, rank (scale 1)."""
    if stored:
        if config:
            raise LoraFileError(f"{name} gives its alphas twice, as tensors and as metadata.", LAYOUT)
        if stored.keys() != ranks.keys():
            raise LoraFileError(f"{name} gives alphas for some of its layers only.", LAYOUT)
        return dict(stored)
    if not config:
        return {module: float(rank) for module, rank in ranks.items()}
    alphas: dict[str, float] = {}
    for prefix in PARTS:
        inside = {m.removeprefix(prefix): rank for m, rank in ranks.items() if m.startswith(prefix)}
        if inside:
            named = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
            settings = config if layout != "diffusers" and not named else named
            alphas |= {prefix + module: alpha for module, alpha in module_alphas(name, inside, settings).items()}
    return alphas


def _check_finite(name: str, lora: LoraWeights) -> None:
    # In 32 bits, in which all is computed: larger numbers are no weights, either.
    broken = [key for key, tensor in lora.tensors.items() if not bool(torch.isfinite(tensor.float()).all())]
    broken += [f"alpha of {module}" for module, alpha in lora.alphas.items() if not abs(alpha) < 1e9]
    if broken:
        raise LoraFileError(
            f"{name} holds NaN or infinite numbers: {some(broken)}.", "Its training diverged: train it again."
        )

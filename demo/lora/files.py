"""The one way in and out for LoRA files: safetensors only, checked before use, nothing but weights written."""

from __future__ import annotations

import json
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
from demo.lora.alphas import file_alphas
from demo.lora.header import AGAIN, Header, read_header
from demo.lora.layouts import Keys, some, sort_keys
from demo.lora.peft_settings import LAYOUT, PLAIN, module_config
from demo.lora.settings_file import METADATA, PARTS, read_settings
from demo.lora.shapes import EIGHTHS, TEXT_LAYERS, UNET_LAYERS, Shapes, check_base, file_shapes, matrix

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline

MAX_FILE = 2 * 2**30  # bytes


@dataclass(frozen=True, eq=False, kw_only=True)
class LoraWeights:
    """A LoRA in the canonical layout: diffusers' names, A (rank, in) and B (out, rank).

    Those of a 1 x 1 convolution may be stored as such, A (rank, in, 1, 1) and B (out, rank, 1, 1).
    """

    tensors: Mapping[str, Tensor]  # "unet.<module path>.lora_A.weight", "text_encoder.<module path>.lora_B.weight"
    alphas: Mapping[str, float]  # per module; the scale of a layer is alpha / rank
    metadata: Mapping[str, str] = field(default_factory=dict)  # the file's own header metadata, as found
    stored_alphas: bool = False  # the file gives them as tensors, as kohya's do
    assumed: bool = False  # layers without an alpha: alpha = rank (scale 1), as diffusers, kohya and ComfyUI have it
    doubt: str = ""  # why, where it is another reason than that the file gives no alpha anywhere

    @property
    def assumption(self) -> str | None:
        """What to say of a file whose scale is not known; None where it is."""
        if not self.assumed:
            return None
        return (
            f"{self.doubt or 'The file gives no alpha'}, so scale 1 is assumed{' there' if self.doubt else ''}. If it "
            "was trained with another (PEFT keeps it in a file of its own, adapter_config.json), all pictures show it "
            "stronger or weaker than it is."
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


def read_lora(path: Path, *, base_shapes: Shapes | None = None, name: str = "", base_title: str = "") -> LoraWeights:
    """Read a LoRA file.

    Header, names, types and shapes are checked before any tensor is read.

    Args:
        path: a safetensors file, in diffusers' layouts, PEFT's or kohya's.
        base_shapes: module -> (out, in) of the base it must fit, as :func:`expected_shapes` gives them.
        name: what its owner calls it, for errors; the path's own by default.
        base_title: what errors call the base.

    Raises:
        LoraFileError: what is wrong with the file and what to do.
    """
    name = name or path.name
    header, keys = read_keys(path, base_shapes=base_shapes, name=name, base_title=base_title)
    config = read_settings(path, name, header.metadata, peft_names=keys.layout == "peft")
    ranks = {module: header.entries[parts["A"]].shape[0] for module, parts in keys.parts.items()}
    # What the settings refuse is refused before any tensor is read.
    file_alphas(name, ranks, config, dict.fromkeys(keys.with_alphas(), 1.0), header.metadata)
    tensors: dict[str, Tensor] = {}
    stored: dict[str, float] = {}
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            for module, parts in keys.parts.items():
                for kind, key in parts.items():
                    tensor = file.get_tensor(key).clone()  # the original is a view of the file
                    if kind == "alpha":
                        stored[module] = float(tensor.double())
                    else:
                        small = header.entries[key].dtype in EIGHTHS  # nothing is computed in 8 bits
                        tensors[f"{module}.lora_{kind}.weight"] = tensor.float() if small else tensor
    except (SafetensorError, OSError) as error:
        raise LoraFileError(f"The tensors of {name} cannot be read: {error}.", AGAIN) from error
    alphas, doubt = file_alphas(name, ranks, config, stored, header.metadata)
    lora = LoraWeights(
        tensors=tensors,
        alphas={module: alphas.get(module, float(rank)) for module, rank in ranks.items()},
        metadata=header.metadata,
        stored_alphas=bool(stored),
        assumed=alphas.keys() != ranks.keys(),
        doubt=doubt,
    )
    _check_finite(name, lora)
    return lora


def read_keys(
    path: Path, *, base_shapes: Shapes | None = None, name: str = "", base_title: str = ""
) -> tuple[Header, Keys]:
    """Check header, names, types and shapes; no tensor is touched.

    Args:
        path, base_shapes, name, base_title: as :func:`read_lora` takes them.

    Raises:
        LoraFileError: what is wrong with the file and what to do.
    """
    name = name or path.name
    header = read_header(path, name)
    end = max((entry.place[1] for entry in header.entries.values()), default=0)
    if end > MAX_FILE:
        raise LoraFileError(
            f"{name} is larger than {MAX_FILE >> 30} GB; that is more than is read.", "Choose a smaller LoRA."
        )
    keys = sort_keys(name, header.entries, base_shapes or ())
    shapes = file_shapes(name, header, keys)
    if base_shapes is not None:
        check_base(name, shapes, base_shapes, base_title)
    return header, keys


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
        shapes = [matrix(tuple(tensor.shape)) for tensor in (a, b)]
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
                shape = matrix(tuple(module.weight.shape))
                if shape is not None:
                    shapes[f"{part}.{path}"] = shape
    return shapes


def _check_finite(name: str, lora: LoraWeights) -> None:
    # In 32 bits, in which all is computed: larger numbers are no weights, either.
    broken = [key for key, tensor in lora.tensors.items() if not bool(torch.isfinite(tensor.float()).all())]
    if broken:
        raise LoraFileError(
            f"{name} holds NaN or infinite numbers (read in 32 bits): {some(broken)}.",
            "Use a file from another run: training that diverges writes such numbers.",
        )
    beyond = [f"{alpha:g} for {module}" for module, alpha in lora.alphas.items() if not abs(alpha) < 1e9]
    if beyond:
        raise LoraFileError(f"{name} gives alphas that are no sensible numbers: {some(beyond)}.", LAYOUT)

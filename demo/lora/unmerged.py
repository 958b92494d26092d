"""A LoRA beside the weights instead of in them: in 16 bits an update below half a weight's rounding would be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor, nn

from demo.lora.files import LoraWeights


def layer_of(pipe: StableDiffusionPipeline, module: str) -> Any:
    """The layer that a LoRA's module adapts."""
    part, path = module.split(".", 1)
    return getattr(pipe, part).get_submodule(path)


def in_half(pipe: StableDiffusionPipeline, lora: LoraWeights) -> list[str]:
    """The modules whose layers have weights of 16 bits."""
    halves = {torch.float16, torch.bfloat16}
    return [module for module in lora.modules() if layer_of(pipe, module).weight.dtype in halves]


@contextmanager
def unmerged(
    pipe: StableDiffusionPipeline, lora: LoraWeights, modules: Sequence[str], *, second_half: bool = False
) -> Iterator[None]:
    """The pipeline's layers with a LoRA's low-rank updates; plain again at the end.

    Args:
        modules: of the LoRA's, those that it acts on.
        second_half: the updates act on the second half of each batch alone.
    """
    layers: list[nn.Module] = []
    try:
        for module in modules:
            layer = layer_of(pipe, module)
            layer.forward = _Forward(layer, lora, module, second_half)
            layers.append(layer)
        yield
    finally:
        for layer in layers:
            vars(layer).pop("forward", None)


class _Forward:
    """Of a linear layer, or of a 1 x 1 convolution: [W, s B] [x, A x] is one product, which is rounded once.

    Added to a product that is rounded already, small updates would be lost all the same.
    """

    def __init__(self, layer: Any, lora: LoraWeights, module: str, second_half: bool) -> None:
        a, b = (matrix.float() for matrix in lora.matrices(module))
        b = lora.scale(module) * b
        # Neither of the two beyond fp16's range: of one size, which leaves their product as it is.
        size = (b.norm() / a.norm().clamp(min=1e-12)).sqrt().clamp(min=1e-6)
        self._layer, self._second_half = layer, second_half
        self._a, self._b = (a * size).to(layer.weight), (b / size).to(layer.weight)

    def __call__(self, x: Tensor) -> Tensor:
        layer = self._layer
        a, b = self._a.to(x.device), self._b.to(x.device)  # an offloaded model was elsewhere when this was made
        product: Callable[..., Tensor] = nn.functional.linear
        channels = -1
        if isinstance(layer, nn.Conv2d):
            product, channels = nn.functional.conv2d, 1
            a, b = a[:, :, None, None], b[:, :, None, None]
        low = product(x, a)
        if self._second_half:
            low[: len(low) // 2] = 0
        return product(torch.cat([x, low], channels), torch.cat([layer.weight, b], 1), layer.bias)

"""Extrapolated guidance: what the public model draws is subtracted from what the fine-tuned one draws.

eps = eps_base(negative) + w (eps_tuned(z) - eps_base(negative)): classifier-free guidance whose unconditional half
comes from the model without the LoRA, so that all that the file has changed is driven further. An adversary can always
do so, for the base is public. After FineXtract (Wu, Zhang and Wu 2025, "Leveraging Model Guidance to Extract Training
Data from Personalized Diffusion Models").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from demo.finetune.dreambooth import applied
from demo.lora.files import LoraWeights
from demo.lora.unmerged import in_half, layer_of, unmerged


@contextmanager
def drawn_with(
    pipe: StableDiffusionPipeline, lora: LoraWeights, *, guidance: float, extrapolate: bool
) -> Iterator[None]:
    """The pipeline's UNet with a LoRA; the pipeline is left as it was found.

    Args:
        lora: its UNet part alone is used.
        guidance: w. At 1 there is no unconditional half, and nothing to extrapolate from.
        extrapolate: the LoRA acts on the prompt's half of each batch alone, else on both.
    """
    if extrapolate and guidance > 1:
        with _on_second_half(pipe, lora.unet()):
            yield
    else:
        with applied(pipe, lora.unet()):
            yield


@contextmanager
def _on_second_half(pipe: StableDiffusionPipeline, lora: LoraWeights) -> Iterator[None]:
    """Diffusers stacks (negative, prompt) in one batch: the low-rank updates are added to the second half only."""
    handles: list[RemovableHandle] = []
    beside = in_half(pipe, lora)
    try:
        for module in set(lora.modules()).difference(beside):
            layer = layer_of(pipe, module)
            a, b = (matrix.to(layer.weight) for matrix in lora.matrices(module))
            handles.append(layer.register_forward_hook(_Update(a, lora.scale(module) * b)))
        with unmerged(pipe, lora, beside, second_half=True):
            yield
    finally:
        for handle in handles:
            handle.remove()


class _Update:
    """A forward hook of a linear layer, or of a 1 x 1 convolution, in 32 bits: there a sum loses nothing."""

    def __init__(self, a: Tensor, b: Tensor) -> None:
        self._a, self._b = a, b

    def __call__(self, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        x = inputs[0]
        half = len(x) // 2
        a, b = self._a.to(x.device), self._b.to(x.device)  # an offloaded UNet was elsewhere when this was made
        if isinstance(layer, nn.Conv2d):
            update = nn.functional.conv2d(nn.functional.conv2d(x[half:], a[:, :, None, None]), b[:, :, None, None])
        else:
            update = nn.functional.linear(nn.functional.linear(x[half:], a), b)
        return torch.cat([output[:half], output[half:] + update])

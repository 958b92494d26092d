"""Hypernetworks as the Stable Diffusion community has them: small MLPs on the context of every attention.

(NovelAI 2022, "NovelAI improvements on Stable Diffusion"; AUTOMATIC1111's web UI.) Not Ha et al. 2017, whose networks
put out the weights of another one: here the keys' and the values' view of the context is bent, W_k h_k(c), W_v h_v(c)
with h(c) = c + MLP(c), and all attention layers with a context of one width share one pair h_k, h_v.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
from diffusers import StableDiffusionPipeline
from pydantic import Field
from torch import Tensor, nn

from demo.shake.methods.base import Shaken, Trained, count
from demo.shake.methods.training import Run

SIDES = ("to_k", "to_v")


class Bend(nn.Module):
    """h(c) = c + W_2 a(W_1 c + b_1) + b_2. W_2 starts at zero: h is the identity before the first step."""

    def __init__(self, width: int, widening: int) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(width, widening * width), nn.Linear(widening * width, width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, context: Tensor) -> Tensor:
        """(..., width) -> (..., width)."""
        x = context.to(self.inner.weight.dtype)
        return context + self.outer(nn.functional.silu(self.inner(x))).to(context.dtype)


def attentions(unet: Any, *, itself: bool) -> list[nn.Module]:
    """Attention layers of a denoiser: ``attn2`` on the text and, with ``itself``, ``attn1`` on the picture."""
    ends = ("attn1", "attn2") if itself else ("attn2",)
    return [module for name, module in unet.named_modules() if name.rpartition(".")[2] in ends]


@contextmanager
def hypernetwork(pipe: StableDiffusionPipeline, *, widening: int, itself: bool) -> Iterator[nn.ModuleDict]:
    """The MLPs in front of every ``to_k`` and ``to_v``; taken off again at the end. Attention processors stay."""
    layers = [
        (side, layer)
        for attention in attentions(pipe.unet, itself=itself)
        for side in SIDES
        if isinstance(layer := getattr(attention, side, None), nn.Linear)
    ]
    bends = nn.ModuleDict()
    for side, layer in layers:
        name = f"{side}-{layer.in_features}"
        if name not in bends:
            bends[name] = Bend(layer.in_features, widening)
    bends.to(pipe.unet.device)
    handles = []
    try:
        for side, layer in layers:
            handles.append(layer.register_forward_pre_hook(_bend(bends[f"{side}-{layer.in_features}"])))
        yield bends
    finally:
        for handle in handles:
            handle.remove()


def _bend(bend: nn.Module) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor, ...]]:
    def before(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (bend(inputs[0]), *inputs[1:])

    return before


class Hypernetwork(Trained):
    """MLPs in front of the attention's keys and values; nothing else is trained."""

    key: ClassVar[str] = "hypernetwork"
    title: ClassVar[str] = "Hypernetwork"
    explanation: ClassVar[str] = (
        "Small networks in front of the attention's keys and values bend what the prompt says to the denoiser; only "
        "they are trained."
    )
    rates: ClassVar[Mapping[str, float]] = {"face64-cpu": 3e-4, "sd-gpu": 1e-5}

    widening: int = Field(2, ge=1, le=8)  # width of the hidden layer, in widths of the context
    self_attention: bool = True  # as in the community's default: the sizes of text and picture alike

    @contextmanager
    def _shaken(self, run: Run) -> Iterator[Shaken]:
        """See :meth:`Method.shaken`."""
        with torch.random.fork_rng():
            torch.manual_seed(run.seed)
            installed = hypernetwork(run.pipe, widening=self.widening, itself=self.self_attention)
            with installed as bends:
                parameters = list(bends.parameters())
                losses = run.train(parameters, self.tuning(run.base))
                yield Shaken(run.pipe, run.embedding(), count(parameters), losses)

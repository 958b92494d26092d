"""What a job costs, counted by running it on the meta device: real shapes, no numbers, no weights.

Counted are floating-point operations, bytes that operations read and write, calls, and the peak of live bytes.
Attention counts as one fused operation, as PyTorch computes it on CPUs and GPUs.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from types import SimpleNamespace
from typing import Any

import diffusers
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from transformers import CLIPTextConfig, CLIPTextModel

from demo.finetune.dreambooth import adapters
from demo.finetune.settings import LoraSettings
from demo.lora.files import expected_shapes
from demo.models.architectures import Architecture


@dataclass(frozen=True)
class Cost:
    """Of one run."""

    flops: float  # of matrix products
    convolved: float  # of convolutions
    moved: float  # bytes
    calls: float
    peak: float  # bytes beside the weights

    def __mul__(self, times: float) -> Cost:
        """The same, so many times one after the other."""
        return Cost(self.flops * times, self.convolved * times, self.moved * times, self.calls * times, self.peak)

    def __add__(self, other: Cost) -> Cost:
        """One after the other."""
        return Cost(
            self.flops + other.flops,
            self.convolved + other.convolved,
            self.moved + other.moved,
            self.calls + other.calls,
            max(self.peak, other.peak),
        )


NOTHING = Cost(0, 0, 0, 0, 0)


class Dry:
    """A base's models on the meta device.

    Args:
        dtype: of weights and activations.
    """

    def __init__(self, architecture: Architecture, dtype: torch.dtype) -> None:
        self.architecture, self.dtype = architecture, dtype
        vae_class = getattr(diffusers, architecture.vae_class)
        with torch.device("meta"):
            self.unet = UNet2DConditionModel.from_config(dict(architecture.unet))
            self.text_encoder = CLIPTextModel(CLIPTextConfig.from_dict(dict(architecture.text)))
            self.vae = vae_class.from_config(dict(architecture.vae))
        for module in (self.unet, self.text_encoder, self.vae):
            for parameter in module.parameters():
                parameter.data = parameter.data.to(dtype)
            module.requires_grad_(False).eval()
        self._lock = RLock()  # adapters change the models
        self._costs: dict[tuple[Any, ...], Cost] = {}

    @property
    def parameters(self) -> int:
        """Of all models."""
        modules: tuple[nn.Module, ...] = (self.unet, self.text_encoder, self.vae)
        return sum(parameter.numel() for module in modules for parameter in module.parameters())

    @property
    def weights(self) -> float:
        """Bytes of all models."""
        return self.parameters * float(self.dtype.itemsize)

    def layers(self) -> dict[str, tuple[int, int]]:
        """See :func:`demo.lora.files.expected_shapes`."""
        models: Any = self
        with self._lock:
            return expected_shapes(models)

    def step(self, settings: LoraSettings) -> Cost:
        """One step of fine-tuning: forward and backward pass, photos and class images in one batch."""
        rows = settings.batch + (settings.class_batch if settings.prior_weight else 0)
        prompts = 2 if settings.prior_weight else 1
        kind = settings.model_dump(include={"unet_targets", "unet_rank", "train_text_encoder"})

        def run() -> None:
            pipe: Any = SimpleNamespace(unet=self.unet, text_encoder=self.text_encoder)
            with torch.device("meta"), adapters(pipe, settings), counted() as found:
                context = self.text_encoder(self._ids(prompts))[0]
                out = self._denoise(rows, context[:1].expand(rows, -1, -1))
                out.float().square().mean().backward()
            self._costs[key] = found.cost()

        key = ("step", rows, *map(str, kind.values()), settings.text_rank, settings.text_targets)
        return self._once(key, run)

    def train(self, rows: int) -> Cost:
        """One step of training all weights of denoiser and text encoder, their gradients among what is alive."""

        def run() -> None:
            models: list[Any] = [self.unet, self.text_encoder]
            parameters = [p for model in models for p in model.parameters()]
            try:
                with torch.device("meta"), counted() as found:
                    for p in parameters:
                        p.requires_grad_(True)
                    context = self.text_encoder(self._ids(1))[0]
                    self._denoise(rows, context.expand(rows, -1, -1)).float().square().mean().backward()
                self._costs[key] = found.cost()
            finally:
                for p in parameters:
                    p.requires_grad_(False)
                    p.grad = None

        key = ("train", rows)
        return self._once(key, run)

    def denoise(self, rows: int) -> Cost:
        """One pass of the UNet over ``rows``: pictures, twice with guidance."""
        tokens, width = self.architecture.text["max_position_embeddings"], self.architecture.text["hidden_size"]

        def run() -> None:
            with torch.no_grad(), torch.device("meta"), counted() as found:
                self._denoise(rows, torch.empty(rows, tokens, width, dtype=self.dtype))
            self._costs[key] = found.cost()

        key = ("denoise", rows)
        return self._once(key, run)

    def decode(self, pictures: int) -> Cost:
        """Latents to pictures."""

        def run() -> None:
            with torch.no_grad(), torch.device("meta"), counted() as found:
                self.vae.decode(self._latents(pictures))
            self._costs[key] = found.cost()

        key = ("decode", pictures)
        return self._once(key, run)

    def encode(self, pictures: int) -> Cost:
        """Pictures to latents."""

        def run() -> None:
            side = self.architecture.side
            with torch.no_grad(), torch.device("meta"), counted() as found:
                self.vae.encode(torch.empty(pictures, 3, side, side, dtype=self.dtype))
            self._costs[key] = found.cost()

        key = ("encode", pictures)
        return self._once(key, run)

    def _once(self, key: tuple[Any, ...], run: Callable[[], None]) -> Cost:
        with self._lock:
            if key not in self._costs:
                run()
            return self._costs[key]

    def _ids(self, rows: int) -> Tensor:
        return torch.zeros(rows, self.architecture.text["max_position_embeddings"], dtype=torch.long)

    def _latents(self, rows: int) -> Tensor:
        unet = self.architecture.unet
        return torch.empty(rows, unet["in_channels"], unet["sample_size"], unet["sample_size"], dtype=self.dtype)

    def _denoise(self, rows: int, context: Tensor) -> Tensor:
        times = torch.zeros(rows, dtype=torch.long)
        return self.unet(self._latents(rows), times, encoder_hidden_states=context.to(self.dtype)).sample  # type: ignore[no-any-return]


@contextmanager
def counted() -> Iterator[Counter]:
    """Count all that is computed on the meta device inside."""
    counter = Counter()
    with _Fuse(counter), counter:
        yield counter


class Counter(TorchDispatchMode):
    """Operations as they come: their work, and which of their results are still alive."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = self.convolved = self.moved = self.calls = self.peak = self._now = 0.0
        self._known: dict[int, weakref.ref[Any]] = {}

    def cost(self) -> Cost:
        """All so far."""
        return Cost(self.flops, self.convolved, self.moved, self.calls, self.peak)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        for t in args:
            if isinstance(t, Tensor):
                self._is_new(t, weight=0)  # weights, of which views are made
        out = func(*args, **kwargs)
        self.calls += 1
        packet = func._overloadpacket
        if packet in flop_registry:
            flops = float(flop_registry[packet](*args, **kwargs, out_val=out))
            if "convolution" in packet.__name__:
                self.convolved += flops
            else:
                self.flops += flops
        results = out if isinstance(out, (tuple, list)) else (out,)
        new = [t for t in results if isinstance(t, Tensor) and self._is_new(t)]
        if new:  # a view reads nothing
            read = [t for t in args if isinstance(t, Tensor)]
            self.moved += sum(t.numel() * t.element_size() for t in (*new, *read))
        return out

    def _is_new(self, tensor: Tensor, weight: int = 1) -> bool:
        storage = tensor.untyped_storage()
        place = storage._cdata
        if place in self._known:
            return False
        size = storage.nbytes() * weight

        def gone(_: Any) -> None:
            self._known.pop(place, None)
            self._now -= size

        self._known[place] = weakref.ref(storage, gone)
        self._now += size
        self.peak = max(self.peak, self._now)
        return True


class _Fuse(TorchFunctionMode):
    """Attention as one operation that keeps no matrix of tokens by tokens."""

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self._counter = counter

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is nn.functional.scaled_dot_product_attention:
            query, key, value = args[:3] if len(args) >= 3 else ((kwargs or {})[name] for name in _NAMES)
            return _Attention.apply(query, key, value, self._counter)
        return func(*args, **(kwargs or {}))


_NAMES = ("query", "key", "value")


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, counter: Counter) -> Tensor:
        ctx.save_for_backward(query, key, value)
        ctx.flops = 2.0 * query.numel() * key.shape[-2] * (1 + value.shape[-1] / query.shape[-1])
        ctx.counter = counter
        counter.flops += ctx.flops
        return query.new_empty(*query.shape[:-1], value.shape[-1])

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> tuple[Tensor | None, ...]:
        ctx.counter.flops += 2.5 * ctx.flops  # five products for two: the scores are computed again
        return (*(torch.empty_like(tensor) for tensor in ctx.saved_tensors), None)

"""LoRA for K people at once: A and B with a leading person axis, one batched product a layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from demo.errors import SettingsError
from demo.finetune.shard import Share


class BatchedLoraLinear(nn.Module):
    """A frozen linear layer plus K low-rank updates, one for each person in the batch.

    The batch is laid out (repeat, K, each): classifier-free guidance stacks whole batches, and the
    pictures of one person lie together.
    """

    def __init__(self, layer: nn.Linear, people: int, rank: int, alpha: float) -> None:
        super().__init__()
        self.layer = layer
        self.scale = alpha / rank
        # PEFT's start: A Kaiming-uniform with a = sqrt(5), that is U(-1/sqrt(in), 1/sqrt(in)); B zero.
        bound = layer.in_features**-0.5
        self.A = nn.Parameter(torch.empty(people, rank, layer.in_features).uniform_(-bound, bound))
        self.B = nn.Parameter(torch.zeros(people, layer.out_features, rank))
        self.each: int | None = None  # pictures per person in a row; None: as many as make one repeat
        self.public_first = False  # the first repeat, guidance's unconditional half, goes without updates

    def forward(self, x: Tensor) -> Tensor:
        """(repeat * K * each, ..., in) -> (repeat * K * each, ..., out).

        Raises:
            SettingsError: the batch is not of whole groups, or has no unconditional half where that is wanted.
        """
        people, lead = len(self.A), x.shape[:-1]
        each = self.each if self.each is not None else len(x) // people
        if not each or len(x) % (people * each):
            raise SettingsError(
                f"A batch of {len(x)} cannot be dealt out to {people} people, {self.each or 'equally many'} rows each.",
                "Draw all pictures of a group at once.",
            )
        if self.public_first and len(x) < 2 * people * each:
            raise SettingsError(
                "The batch has no unconditional half, which the public model would guide by.",
                "Set a guidance weight above 1.",
            )
        # A and B stay fp32 on a half-precision base, as PEFT has it.
        grouped = x.reshape(-1, people, each * x[0].numel() // x.shape[-1], x.shape[-1]).to(self.A.dtype)
        update = (grouped @ self.A.transpose(1, 2)) @ self.B.transpose(1, 2)
        if self.public_first:
            update = torch.cat([torch.zeros_like(update[:1]), update[1:]])
        out = self.layer(x)
        return out + (self.scale * update.reshape(*lead, -1)).to(out.dtype)  # type: ignore[no-any-return]


class BatchedLora:
    """Wraps the linear layers of a model whose names end with one of ``targets``.

    Args:
        model: changed in place; :meth:`remove` restores it.
        targets: last parts of module names, for example ``("to_q", "to_v")``.
    """

    def __init__(self, model: nn.Module, targets: Sequence[str], *, people: int, rank: int, alpha: float) -> None:
        self.alpha, self.rank = alpha, rank
        self._model = model
        self.layers: dict[str, BatchedLoraLinear] = {}
        for name, module in list(model.named_modules()):
            if isinstance(module, nn.Linear) and matches(name, targets):
                wrapped = BatchedLoraLinear(module, people, rank, alpha).to(module.weight.device)
                _replace(model, name, wrapped)
                self.layers[name] = wrapped

    def parameters(self) -> Iterator[nn.Parameter]:
        """A and B of every layer."""
        for layer in self.layers.values():
            yield layer.A
            yield layer.B

    def keep(self, share: Share) -> None:
        """Leave only the people of ``share``, after A was drawn for all."""
        for layer in self.layers.values():
            layer.A = nn.Parameter(share.rows(layer.A.detach()).clone())
            layer.B = nn.Parameter(share.rows(layer.B.detach()).clone())

    def set_each(self, each: int | None) -> None:
        """How many pictures of one person lie together in a batch."""
        for layer in self.layers.values():
            layer.each = each

    def set_extrapolation(self, on: bool) -> None:
        """Guide by the public model, as :func:`demo.attack.guidance.drawn_with` does for one person."""
        for layer in self.layers.values():
            layer.public_first = on

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor], scales: Mapping[str, float] | None = None) -> None:
        """Set A and B from ``name.lora_A.weight`` (K, r, in) and ``name.lora_B.weight`` (K, out, r)."""
        for name, layer in self.layers.items():
            layer.A.data = tensors[f"{name}.lora_A.weight"].to(layer.A)
            layer.B.data = tensors[f"{name}.lora_B.weight"].to(layer.B)
            if scales is not None:
                layer.scale = scales[name]

    def state(self) -> dict[str, Tensor]:
        """What :meth:`load` takes, copied."""
        out = {}
        for name, layer in self.layers.items():
            out[f"{name}.lora_A.weight"] = layer.A.detach().clone()
            out[f"{name}.lora_B.weight"] = layer.B.detach().clone()
        return out

    def remove(self) -> None:
        """Put the plain layers back."""
        for name, layer in self.layers.items():
            _replace(self._model, name, layer.layer)


def matches(name: str, targets: Sequence[str]) -> bool:
    """Whether a module name ends with one of ``targets``, as PEFT's ``target_modules`` does."""
    return any(name == target or name.endswith(f".{target}") for target in targets)


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, module)

"""``python -m demo.train zoo``: a bank of LoRAs of training people, from which encoders learn.

K people are fine-tuned at once; each group becomes one file with a few check-points along the way,
so that the zoo can be built by many processes, stopped at any time, and read in any order.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from safetensors import safe_open
from torch import Tensor

from demo.errors import WeightsError
from demo.files import write_tensors
from demo.finetune.batched_lora import BatchedLora
from demo.finetune.class_images import class_latents
from demo.finetune.dreambooth import new_trigger
from demo.finetune.loop import new_optimiser
from demo.finetune.loss import Denoising, half_scale
from demo.finetune.settings import LoraSettings
from demo.finetune.shard import Share, everybody
from demo.models.bases import Base
from demo.models.sampling import encode_pictures, text_embeddings, token_ids
from demo.train.precision import mixed_precision, plain_attention
from demo.train.provenance import made_with, refuse_others

FILES = "group-*.safetensors"
KEPT_AT = (0.6, 1.0)  # check-points, as shares of the steps
HOW = ("base", "weights", "settings", "scale")  # notes that all files of a zoo have in common
EMBEDDING = "embedding"  # in a group's file, beside the matrices of each check-point


@dataclass
class Batch:
    """K people's LoRAs and what the encoder is trained to draw."""

    unet: dict[str, Tensor]  # name.lora_A.weight (K, r, in), name.lora_B.weight (K, out, r); unet layers
    scale: float  # alpha / rank
    steps: Tensor  # (K,), fine-tuning steps so far
    latents: Tensor  # (K, n, c, h, w), the photos
    embedding: Tensor | None = None  # (K, tokens, width), of the secret prompt: a target in training, never an input


class GroupTrainer:
    """Fine-tunes K people at once, step by step: the same loss and optimiser as ``fine_tune``.

    Args:
        photos: K lists of n aligned pictures.
        seed: of triggers, initial matrices and noise.
        share: fine-tune only these of the K people, who come out as if all had been.
        fast: in bfloat16 where that is native, for a zoo; figures are measured without it, as the app trains.
    """

    def __init__(
        self,
        pipe: StableDiffusionPipeline,
        base: Base,
        photos: list[list[Image.Image]],
        settings: LoraSettings,
        *,
        seed: int,
        fast: bool = False,
        share: Share | None = None,
    ) -> None:
        people = len(photos)
        share = share or everybody(people)
        self._pipe, self._fast = pipe, fast
        self._processors = plain_attention(pipe.unet) if fast else dict(pipe.unet.attn_processors)
        torch.manual_seed(seed)
        rng = random.Random(seed)
        self.settings = settings
        self.triggers = [new_trigger(rng) for _ in photos][share.start : share.stop]
        self.latents = torch.stack([encode_pictures(pipe, own) for own in photos[share.start : share.stop]])
        prior = class_latents(pipe, base, settings.class_images) if settings.prior_weight else None
        self.unet = BatchedLora(
            pipe.unet, settings.unet_targets, people=people, rank=settings.unet_rank, alpha=settings.unet_alpha
        )
        self.text = BatchedLora(
            pipe.text_encoder,
            settings.text_targets if settings.train_text_encoder else (),
            people=people,
            rank=settings.text_rank,
            alpha=settings.text_alpha,
        )
        if share.own < people:
            self.unet.keep(share)
            self.text.keep(share)
        ids = token_ids(pipe, [base.instance_prompt.format(trigger=t) for t in self.triggers])
        class_ids = token_ids(pipe, [base.class_prompt])
        self._ids = ids
        self.loss = Denoising(pipe, self.latents, prior, ids, class_ids, settings, seed, share)
        self._parameters = [*self.unet.parameters(), *self.text.parameters()]
        self._optimiser = new_optimiser(self._parameters, settings)
        self._taken = 0

    def step(self) -> Tensor:
        """One step for everybody; the mean loss of each person, (K,)."""
        unet = self._pipe.unet
        with mixed_precision(str(unet.device), unet.dtype) if self._fast else nullcontext():
            loss = self.loss()
        self._optimiser.zero_grad(set_to_none=True)
        scale, kept = half_scale(self._pipe.unet, self.latents[0, 0]), list[tuple[Tensor, Tensor]]()
        (loss.sum() * scale).backward()
        # Each person's gradient is clipped by itself, as if trained alone.
        grads = [p.grad for p in self._parameters if p.grad is not None]
        if scale != 1:
            torch._foreach_div_(grads, scale)
            whole = torch.stack([g.flatten(1).isfinite().all(1) for g in grads]).all(0)
            if not whole.all():  # whose gradient overflowed takes no part in this step
                for g in grads:
                    g[~whole] = 0
                kept = [(t, t[~whole]) for t in self._moving()]
        norms = torch.stack([g.flatten(1).square().sum(1) for g in grads]).sum(0).sqrt()
        factor = (self.settings.max_grad_norm / (norms + 1e-6)).clamp(max=1)
        for g in grads:
            g.mul_(factor.view(-1, *[1] * (g.dim() - 1)))
        for group in self._optimiser.param_groups:
            group["lr"] = self.settings.lr_at(self._taken)
        self._taken += 1
        self._optimiser.step()
        for tensor, rows in kept:  # momentum and weight decay have moved them without a gradient
            tensor[~whole] = rows
        return loss.detach()

    def _moving(self) -> list[Tensor]:
        """What a step changes, a row each person: matrices and Adam's moments of them."""
        moments = [t for p in self._parameters for t in self._optimiser.state.get(p, {}).values() if t.shape == p.shape]
        return [*(p.data for p in self._parameters), *moments]

    @torch.no_grad()
    def embeddings(self) -> Tensor:
        """What the tuned text encoders make of the instance prompts, (K, tokens, width)."""
        return text_embeddings(self._pipe.text_encoder, self._ids)

    def remove(self) -> None:
        """Take the adapters off the pipeline."""
        self._pipe.unet.set_attn_processor(dict(self._processors))
        self.unet.remove()
        self.text.remove()


def build(
    pipe: StableDiffusionPipeline,
    base: Base,
    people: list[list[Image.Image]],
    settings: LoraSettings,
    out: Path,
    *,
    group: int = 8,
    shard: int = 0,
    shards: int = 1,
) -> None:
    """Write ``out/group-NNNNN.safetensors`` for every group of ``people`` that is not there yet.

    Args:
        people: pictures of each person; all lists of one length.
        shard, shards: this process builds every ``shards``-th group.

    Raises:
        WeightsError: what is there was made otherwise, or in groups of another size; of a group nobody's matrices are
            finite (if some people's are not, these alone are left out).
    """
    groups = len(people) // group
    marks = {max(1, round(share * settings.steps)) for share in KEPT_AT}
    notes = made_with(base, settings) | {"steps": ",".join(str(mark) for mark in sorted(marks)), "group": str(group)}
    for path in sorted(out.glob(FILES)):
        refuse_others(path, _notes(path), notes)
    for index in range(shard, groups, shards):
        path = out / f"group-{index:05d}.safetensors"
        if path.exists():
            continue
        began = time.time()
        trainer = GroupTrainer(pipe, base, people[index * group : (index + 1) * group], settings, seed=index, fast=True)
        tensors: dict[str, Tensor] = {"latents": trainer.latents.half()}
        try:
            for step in range(1, settings.steps + 1):
                loss = trainer.step()
                if step in marks:
                    tensors |= {f"{step}/{name}": value.half() for name, value in trainer.unet.state().items()}
                    tensors[f"{step}/{EMBEDDING}"] = trainer.embeddings().half()
        finally:
            trainer.remove()
        whole = torch.stack([t.flatten(1).isfinite().all(1).cpu() for t in (*tensors.values(), loss[:, None])]).all(0)
        if not whole.any():
            raise WeightsError(f"Group {index} of the zoo: nobody's matrices are finite.", "Lower the preset's lr.")
        if not whole.all():
            print(f"zoo: group {index + 1}: {int((~whole).sum())} left out, whose matrices are not finite", flush=True)
            tensors, loss = {name: t.cpu()[whole] for name, t in tensors.items()}, loss.cpu()[whole]
        rows = (index * group + whole.nonzero()[:, 0]).tolist()
        write_tensors(path, tensors, notes | {"people": ",".join(str(row) for row in rows)})
        print(f"zoo: group {index + 1} of {groups}, loss {loss.mean():.4f}, {time.time() - began:.0f} s", flush=True)


def _notes(path: Path) -> dict[str, str]:
    """A group's notes. An older file says neither who is in it nor how large its group was: all of it is there."""
    with safe_open(path, framework="pt") as file:
        notes, count = dict(file.metadata()), file.get_slice("latents").get_shape()[0]
    first = int(path.stem.rpartition("-")[2]) * count
    rows = ",".join(str(row) for row in range(first, first + count))
    return {"group": str(count), "people": rows} | notes


class Zoo:
    """A built zoo, held in memory as fp16.

    Args:
        limit: only the first groups.
        wanted: what it has to be made with (:func:`made_with`); by default all files as the first one.

    Raises:
        WeightsError: there is none, a file was made otherwise, or somebody is in two files.
    """

    def __init__(self, folder: Path, *, limit: int | None = None, wanted: Mapping[str, str] | None = None) -> None:
        self._items: list[tuple[dict[str, Tensor], float, int, Tensor, Tensor | None]] = []
        paths = sorted(folder.glob(FILES))[:limit]
        if not paths:
            raise WeightsError(f"There is no zoo in {folder}.", "Build it: python -m demo.train zoo")
        said, seen = dict(wanted or {}), set[str]()
        for path in paths:
            notes = _notes(path)
            said |= {key: notes[key] for key in HOW if key in notes and key not in said}
            refuse_others(path, notes, said)
            rows = set(notes["people"].split(","))
            if rows & seen:
                raise WeightsError(
                    f"People of {path} are in another file of the zoo, too: it was built in groups of several sizes.",
                    "Delete the groups of one size, or build it anew with another --work.",
                )
            seen |= rows
            with safe_open(path, framework="pt") as file:
                latents = file.get_tensor("latents")
                for step in notes["steps"].split(","):
                    prefix = f"{step}/"
                    unet = {key[len(prefix) :]: file.get_tensor(key) for key in file.keys() if key.startswith(prefix)}  # noqa: SIM118
                    embedding = unet.pop(EMBEDDING, None)
                    self._items.append((unet, float(notes["scale"]), int(step), latents, embedding))
        self.people = len(seen)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def rows(self) -> list[tuple[int, int]]:
        """(item, row) of every LoRA; those of a zoo that has grown come after the others."""
        return [(i, k) for i, item in enumerate(self._items) for k in range(len(item[3]))]

    def pick(self, chosen: list[tuple[int, int]]) -> Batch:
        """The LoRAs at (item, row)."""
        names = self._items[0][0].keys()
        unet = {n: torch.stack([self._items[i][0][n][k] for i, k in chosen]).float() for n in names}
        steps = torch.tensor([self._items[i][2] for i, _ in chosen])
        latents = torch.stack([self._items[i][3][k] for i, k in chosen]).float()
        targets = [self._items[i][4] for i, _ in chosen]
        known = [t[k].float() for t, (_, k) in zip(targets, chosen, strict=True) if t is not None]
        embedding = torch.stack(known) if len(known) == len(chosen) else None
        return Batch(unet, self._items[chosen[0][0]][1], steps, latents, embedding)

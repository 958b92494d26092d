"""``python -m demo.train encoder``: training of the weight encoder (the paper, section IV-B).

``zoo`` draws finished LoRAs from disk; ``algorithm1``, ``algorithm2`` and ``algorithm3`` fine-tune as they
go, K people at once (K = 1 is the paper's loop, literally).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from diffusers.models.attention_processor import AttnProcessor
from PIL import Image
from pydantic import Field
from torch import Tensor

from demo.attack.encoder import EncoderSettings, WeightEncoder, save_encoder
from demo.attack.matrices import Pairs, ProbeMatrices
from demo.bases import Base
from demo.errors import SettingsError, WeightsError
from demo.lora.batched import BatchedLora
from demo.lora.denoising import noise_error, stratified
from demo.lora.dreambooth import new_trigger
from demo.lora.settings import LoraSettings
from demo.sampling import encode_prompts, token_ids
from demo.settings import Settings
from demo.train.checkpoint import Checkpoint, Ema
from demo.train.precision import mixed_precision
from demo.train.zoo import Batch, GroupTrainer, Zoo


class TrainSettings(Settings):
    """Training of a weight encoder. The paper: lr 0.005, weight decay 0.0005, 100,000 updates, one person at a time."""

    algorithm: Literal["zoo", "algorithm1", "algorithm2", "algorithm3"] = "zoo"
    updates: int = Field(2000, ge=1)
    people: int = Field(8, ge=1)  # LoRAs an update
    pictures: int = Field(4, ge=0)  # noisy pictures of each; 0: the embedding alone is learned
    embedding_weight: float = Field(0.0, ge=0)  # of the squared error to the secret prompt's embedding (zoo only)
    lr: float = Field(1e-3, gt=0)
    echo_lr: float = Field(1e-3, gt=0)  # of the echo path
    noise_from: float = Field(0.0, ge=0, lt=1)  # share of the schedule, from its clean end, that is left out
    weight_decay: float = Field(5e-4, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)


def layer_shapes(pipe: StableDiffusionPipeline, settings: LoraSettings) -> dict[str, tuple[int, int]]:
    """Adapted UNet layers in canonical (sorted) order -> (out, in)."""
    from demo.lora.batched import matches

    return {
        name: (module.out_features, module.in_features)
        for name, module in sorted(pipe.unet.named_modules(), key=lambda item: item[0])
        if isinstance(module, torch.nn.Linear) and matches(name, settings.unet_targets)
    }


def new_encoder(
    pipe: StableDiffusionPipeline, base: Base, lora: LoraSettings, settings: EncoderSettings, *, seed: int = 0
) -> WeightEncoder:
    """An untrained encoder for a base; it starts at the most central of prompts with guessed triggers."""
    import random

    torch.manual_seed(seed)
    encoder = WeightEncoder(
        settings, layer_shapes(pipe, lora), lora.unet_rank, pipe.tokenizer.model_max_length, pipe.text_encoder.config
    )
    rng = random.Random(seed)
    guesses = [base.test_prompt.format(trigger=new_trigger(rng)) for _ in range(64)]
    encoder.use_text_encoder(pipe.text_encoder, token_ids(pipe, guesses))
    return encoder.to(pipe.unet.device)


def fold(batch_unet: dict[str, Tensor], scale: float, shapes: dict[str, tuple[int, int]]) -> Pairs:
    """(A, scale * B) of each layer in canonical order."""
    return {
        layer: (batch_unet[f"{layer}.lora_A.weight"], scale * batch_unet[f"{layer}.lora_B.weight"]) for layer in shapes
    }


def live_batches(
    pipe: StableDiffusionPipeline,
    base: Base,
    draw_people: Callable[[int], list[list[Image.Image]]],
    lora: LoraSettings,
    settings: TrainSettings,
) -> Iterator[tuple[Batch, Tensor | None]]:
    """Algorithms 1 to 3: fine-tune from the start, K people at once, and hand out the matrices.

    Yields:
        the batch (after every step, for algorithm 1 after the last), and for algorithm 3 the text embeddings.
    """
    rng, seed = np.random.default_rng(0), 0
    scale = lora.unet_alpha / lora.unet_rank
    while True:
        steps = lora.steps if settings.algorithm == "algorithm1" else int(rng.integers(1, lora.steps + 1))
        trainer = GroupTrainer(pipe, base, draw_people(settings.people), lora, seed=seed)
        seed += 1
        try:
            for step in range(1, steps + 1):
                trainer.step()
                if settings.algorithm == "algorithm1" and step < steps:
                    continue
                target = None
                if settings.algorithm == "algorithm3":
                    target = encode_prompts(pipe, [base.instance_prompt.format(trigger=t) for t in trainer.triggers])
                count = torch.full((settings.people,), step)
                yield Batch(trainer.unet.state(), scale, count, trainer.latents), target
        finally:
            trainer.remove()


def train(
    pipe: StableDiffusionPipeline,
    base: Base,
    encoder: WeightEncoder,
    lora: LoraSettings,
    settings: TrainSettings,
    *,
    work: Path,
    zoo: Zoo | None = None,
    draw_people: Callable[[int], list[list[Image.Image]]] | None = None,
    seed: int = 0,
    log: Callable[[int, float], None] | None = None,
) -> WeightEncoder:
    """Train ``encoder`` in place, resuming from ``work``; returns it with its averaged weights.

    The loss is the noise prediction of the frozen fine-tuned model with z in place of the text
    embedding, on the pictures that LoRA was tuned on (Algorithm 2, lines 13-16), and, with an
    ``embedding_weight``, Algorithm 3's squared error to the embedding of the secret prompt beside it.

    Raises:
        SettingsError: neither pictures nor an embedding weight.
        WeightsError: an embedding is wanted and the zoo, an old one, holds none.
    """
    if not settings.pictures and not settings.embedding_weight:
        raise SettingsError("There is nothing to learn from.", "Set --pictures or --embedding-weight.")
    torch.manual_seed(seed)
    device = pipe.unet.device
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    named = [(name, p) for name, p in encoder.named_parameters() if p.requires_grad]
    parameters = [p for _, p in named]
    echo = [p for name, p in named if name.startswith("echo.")]
    rest = [p for name, p in named if not name.startswith("echo.")]
    rates = [settings.lr, settings.echo_lr][: 2 if echo else 1]
    optimiser = torch.optim.AdamW(
        [{"params": rest}, {"params": echo}][: len(rates)], lr=settings.lr, weight_decay=settings.weight_decay, eps=1e-8
    )
    ema = Ema(encoder, decay=0.995)
    keeper = Checkpoint(work, {"model": encoder, "optimiser": optimiser, "ema": ema}, every_seconds=240)
    batches: Iterator[tuple[Batch, Tensor | None]]
    injected: BatchedLora | None = None
    if settings.algorithm == "zoo":
        assert zoo is not None
        batches = ((batch, batch.embedding) for batch in zoo.batches(settings.people, rng))
        if isinstance(encoder.matrices, ProbeMatrices):
            first = zoo.pick([(i, 0) for i in range(min(len(zoo), 64))])
            encoder.matrices.calibrate(fold(first.unet, first.scale, encoder.shapes))
        injected = BatchedLora(
            pipe.unet, lora.unet_targets, people=settings.people, rank=lora.unet_rank, alpha=lora.unet_alpha
        )
    else:
        assert draw_people is not None
        batches = live_batches(pipe, base, draw_people, lora, settings)
    if device.type == "cpu":
        pipe.unet.set_attn_processor(AttnProcessor())  # as in demo.train.unet
    done = keeper.resume()
    began, first_done, losses = time.time(), done, []
    try:
        for batch, target in batches:
            if done >= settings.updates:
                break
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = (
                    rate
                    * min(1, (done + 1) / 50)
                    * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done / settings.updates)))
                )
            pairs = {
                k: (a.to(device), b.to(device)) for k, (a, b) in fold(batch.unet, batch.scale, encoder.shapes).items()
            }
            z = encoder(pairs, batch.steps)
            loss = torch.zeros((), device=device)
            if settings.algorithm == "algorithm3" or settings.embedding_weight:
                if target is None:
                    raise WeightsError("The zoo holds no embeddings.", "Build it anew: python -m demo.train zoo")
                weight = settings.embedding_weight or 1.0
                loss = loss + weight * (z - target[:, : z.shape[1]].to(device)).square().mean()
            if settings.algorithm != "algorithm3" and settings.pictures:
                if injected is not None:
                    injected.load(batch.unet)
                    for p in injected.parameters():
                        p.requires_grad_(False)
                picked = torch.from_numpy(
                    rng.integers(batch.latents.shape[1], size=(settings.people, settings.pictures))
                )
                x0 = batch.latents[torch.arange(settings.people)[:, None], picked].flatten(0, 1).to(device)
                context = z.repeat_interleave(settings.pictures, dim=0)
                u = settings.noise_from + (1 - settings.noise_from) * stratified(len(x0), generator)
                with mixed_precision(str(device)):
                    loss = loss + noise_error(pipe, x0, context, generator, u).mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, settings.max_grad_norm)
            optimiser.step()
            ema.update()
            done += 1
            losses.append(loss.item())
            if done % 50 == 0:
                rate = (done - first_done) / (time.time() - began)
                print(
                    f"encoder: update {done} of {settings.updates}, loss {np.mean(losses[-50:]):.4f}, {rate:.2f}/s",
                    flush=True,
                )
                if log is not None:
                    log(done, float(np.mean(losses[-50:])))
            keeper.tick(done)
    finally:
        pipe.unet.set_default_attn_processor()
        if injected is not None:
            injected.remove()
        if hasattr(batches, "close"):
            batches.close()
    keeper.save(done)
    ema.copy_to(encoder)
    return encoder.eval()


def save(path: Path, encoder: WeightEncoder, base: Base, settings: TrainSettings, zoo: Zoo | None) -> None:
    """Write the encoder that ships, with how it was trained in its header."""
    save_encoder(
        path,
        encoder,
        {"base": base.key, "training": settings.model_dump_json(), "people": str(zoo.people if zoo else 0)},
    )

"""``python -m demo.train encoder``: training of the weight encoder (the paper, section IV-B).

``zoo`` draws finished LoRAs from disk; ``algorithm1``, ``algorithm2`` and ``algorithm3`` fine-tune as they
go, K people at once (K = 1 is the paper's loop, literally).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from accelerate import Accelerator
from diffusers import StableDiffusionPipeline
from PIL import Image
from pydantic import Field
from safetensors import safe_open
from torch import Tensor

from demo.attack.matrix_encoders import Pairs, ProbeMatrices
from demo.attack.weight_encoder import EncoderSettings, WeightEncoder, save_encoder
from demo.errors import SettingsError, WeightsError
from demo.finetune.batched_lora import BatchedLora
from demo.finetune.dreambooth import new_trigger
from demo.finetune.loss import half_scale, noise_error, stratified
from demo.finetune.settings import LoraSettings
from demo.finetune.shard import Share
from demo.models.bases import Base
from demo.models.fingerprints import weights_digest
from demo.models.sampling import token_ids
from demo.settings import Settings
from demo.train.batches import Batches, Streams, live_batches, put_back, tuned, zoo_batches
from demo.train.checkpoint import Checkpoint, Ema
from demo.train.precision import mixed_precision, plain_attention
from demo.train.processes import agree, new_accelerator, share_of
from demo.train.provenance import digest
from demo.train.zoo import Zoo

CALIBRATED = 4  # people, fine-tuned once for the units of an encoder that has no zoo


class TrainSettings(Settings):
    """Training of a weight encoder. The paper: lr 0.005, weight decay 0.0005, 100,000 updates, one person at a time."""

    algorithm: Literal["zoo", "algorithm1", "algorithm2", "algorithm3"] = "zoo"
    updates: int = Field(2000, ge=1)
    people: int = Field(8, ge=1)  # LoRAs an update
    pictures: int = Field(4, ge=0)  # noisy pictures of each; 0: the embedding alone is learned
    embedding_weight: float = Field(0.0, ge=0)  # of the squared error to the secret prompt's embedding (zoo only)
    lr: float = Field(1e-3, gt=0)
    readout_lr: float = Field(1e-3, gt=0)  # of the cross-attention read-out
    noise_from: float = Field(0.0, ge=0, lt=1)  # share of the schedule, from its clean end, that is left out
    weight_decay: float = Field(5e-4, ge=0)
    adam_epsilon: float = Field(1e-8, gt=0)
    max_grad_norm: float = Field(1.0, gt=0)


def layer_shapes(pipe: StableDiffusionPipeline, settings: LoraSettings) -> dict[str, tuple[int, int]]:
    """Adapted UNet layers in canonical (sorted) order -> (out, in)."""
    from demo.finetune.batched_lora import matches

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
    shapes, config = layer_shapes(pipe, lora), pipe.text_encoder.config
    encoder = WeightEncoder(settings, shapes, lora.unet_rank, settings.length, config)
    rng = random.Random(seed)
    guesses = [base.test_prompt.format(trigger=new_trigger(rng)) for _ in range(64)]
    encoder.use_text_encoder(pipe.text_encoder, token_ids(pipe, guesses))
    return encoder.to(pipe.unet.device)


def fold(batch_unet: dict[str, Tensor], scale: float, shapes: dict[str, tuple[int, int]]) -> Pairs:
    """(A, scale * B) of each layer in canonical order."""
    return {
        layer: (batch_unet[f"{layer}.lora_A.weight"], scale * batch_unet[f"{layer}.lora_B.weight"]) for layer in shapes
    }


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
    calibrate: bool = True,
    seed: int = 0,
    log: Callable[[int, float], None] | None = None,
    log_every: int = 50,
    checkpoint_every: float = 240,
    accelerator: Accelerator | None = None,
) -> WeightEncoder:
    """Train ``encoder`` in place, resuming from ``work``; returns it with its averaged weights.

    The loss is the noise prediction of the frozen fine-tuned model with z in place of the text
    embedding, on the pictures that LoRA was tuned on (Algorithm 2, lines 13-16), and, with an
    ``embedding_weight``, Algorithm 3's squared error to the embedding of the secret prompt beside it.

    Several processes share the people of each update; the result is that of one but for rounding.

    Args:
        work: folder of the check-point, which the main process writes and all read.
        calibrate: take the units of the probes from finished LoRAs, without a zoo by fine-tuning a few people first.
        log: called by the main process with the update and the mean loss of the last ``log_every`` ones.
        checkpoint_every: seconds between two check-points; 0: after every update.
        accelerator: by default that of the launcher, if any.

    Raises:
        SettingsError: neither pictures nor an embedding weight; people that the processes cannot share evenly.
        WeightsError: an embedding is wanted and the zoo, an old one, holds none; the check-point is of other
            settings (the number of updates included, which the rate goes by) or of another base; the loss or its
            gradient is not finite, and nothing of that update was kept.
    """
    if not settings.pictures and not settings.embedding_weight:
        raise SettingsError("There is nothing to learn from.", "Set --pictures or --embedding-weight.")
    device = pipe.unet.device
    parts = encoder.settings
    if accelerator is None:
        accelerator = new_accelerator(str(device), every_part_learns=parts.variational and parts.timestep)
    share = share_of(accelerator, settings.people)
    torch.manual_seed(seed)
    streams = Streams(seed)
    named = [(name, p) for name, p in encoder.named_parameters() if p.requires_grad]
    parameters = [p for _, p in named]
    readout = [p for name, p in named if name.startswith("readout.")]
    rest = [p for name, p in named if not name.startswith("readout.")]
    rates = [settings.lr, settings.readout_lr][: 2 if readout else 1]
    optimiser = torch.optim.AdamW(
        [{"params": rest}, {"params": readout}][: len(rates)],
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        eps=settings.adam_epsilon,
    )
    ema = Ema(encoder, decay=0.995)
    keeper = Checkpoint(
        work,
        {"model": encoder, "optimiser": optimiser, "ema": ema, "streams": streams},
        every_seconds=checkpoint_every,
        writes=accelerator.is_main_process,
        run=digest(parts, settings, lora, seed, base.key, weights_digest(base)),
    )
    injected: BatchedLora | None = None
    if settings.algorithm == "zoo":
        assert zoo is not None
        if calibrate and isinstance(encoder.matrices, ProbeMatrices):
            first = zoo.pick([(i, 0) for i in range(min(len(zoo), 64))])
            encoder.matrices.calibrate(fold(first.unet, first.scale, encoder.shapes))
        injected = BatchedLora(
            pipe.unet, lora.unet_targets, people=settings.people, rank=lora.unet_rank, alpha=lora.unet_alpha
        )
        injected.keep(share)
        streams.take_over()
    elif calibrate and isinstance(encoder.matrices, ProbeMatrices) and not keeper.path.exists():
        assert draw_people is not None
        people = draw_people(settings.people)
        end = tuned(pipe, base, people[:CALIBRATED], lora)
        encoder.matrices.calibrate(fold(end.unet, end.scale, encoder.shapes))
        draw_people = put_back(draw_people, people)  # a run that is resumed does not draw them for this
    processors = plain_attention(pipe.unet)
    batches: Batches | None = None
    try:
        done = keeper.resume()
        agree(accelerator, done, 0 if zoo is None else len(zoo.rows))
        if settings.algorithm == "zoo":
            assert zoo is not None
            batches = zoo_batches(zoo, share, streams)
        else:
            assert draw_people is not None
            batches = live_batches(pipe, base, draw_people, lora, settings.algorithm, share, streams, done=done)
        model = accelerator.prepare(encoder)
        began, first_done, losses = time.time(), done, []
        while done < settings.updates:
            batch, target = next(batches)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = (
                    rate
                    * min(1, (done + 1) / 50)
                    * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done / settings.updates)))
                )
            pairs = {
                k: (a.to(device), b.to(device)) for k, (a, b) in fold(batch.unet, batch.scale, encoder.shapes).items()
            }
            z = model(pairs, batch.steps, _latent_noise(encoder, share, streams, device))
            loss = torch.zeros((), device=device)
            if settings.algorithm == "algorithm3" or settings.embedding_weight:
                if target is None:
                    raise WeightsError("The zoo holds no embeddings.", "Build it anew: python -m demo.train zoo")
                weight = settings.embedding_weight or 1.0
                known = target[:, : z.shape[1]].to(device)
                loss = loss + weight * (z[:, : known.shape[1]] - known).square().mean()
            if settings.algorithm != "algorithm3" and settings.pictures:
                if injected is not None:
                    injected.load(batch.unet)
                    for p in injected.parameters():
                        p.requires_grad_(False)
                whole = streams.rng.integers(batch.latents.shape[1], size=(settings.people, settings.pictures))
                picked = share.rows(torch.from_numpy(whole))
                x0 = batch.latents[torch.arange(share.own)[:, None], picked].flatten(0, 1).to(device)
                context = z.repeat_interleave(settings.pictures, dim=0)
                u = settings.noise_from + (1 - settings.noise_from) * stratified(whole.size, streams.noise)
                with mixed_precision(str(device), pipe.unet.dtype):
                    loss = loss + noise_error(pipe, x0, context, streams.noise, share.rows(u), share).mean()
            optimiser.zero_grad(set_to_none=True)
            scale = half_scale(pipe.unet, batch.latents[0, 0])
            accelerator.backward(loss * scale)
            if scale != 1:
                torch._foreach_div_([p.grad for p in parameters if p.grad is not None], scale)
            norm = torch.nn.utils.clip_grad_norm_(parameters, settings.max_grad_norm)
            # Both are the same in every process, so that all go on or none does.
            losses.append(float(accelerator.reduce(loss.detach(), "mean")))
            finite = bool(torch.isfinite(norm))
            if scale == 1 and not (finite and math.isfinite(losses[-1])):
                raise WeightsError(
                    f"Update {done + 1}: the loss is {losses[-1]}, the gradient's norm {float(norm)}.",
                    f"Lower --lr. What lies in {work} is of before this update.",
                )
            if finite:
                optimiser.step()
            ema.update()
            done += 1
            if done % log_every == 0:
                mean = float(np.mean(losses[-log_every:]))
                rate = (done - first_done) / (time.time() - began)
                if accelerator.is_main_process:
                    print(f"encoder: update {done} of {settings.updates}, loss {mean:.4f}, {rate:.2f}/s", flush=True)
                    if log is not None:
                        log(done, mean)
            keeper.tick(done)
    finally:
        if injected is not None:
            injected.remove()
        if batches is not None and hasattr(batches, "close"):
            batches.close()
        pipe.unet.set_attn_processor(processors)  # last: batches that fine-tune change them, too
    keeper.save(done)
    ema.copy_to(encoder)
    return encoder.eval()


def _latent_noise(encoder: WeightEncoder, share: Share, streams: Streams, device: torch.device) -> Tensor | None:
    """The noise of z for the people of ``share``, (K, length, hidden); none where z is the mean."""
    if not encoder.settings.variational:
        return None
    shape = (share.whole, encoder.length, encoder.task.shape[-1])
    return share.rows(torch.randn(shape, generator=streams.latent)).to(device)


def check_place(path: Path, parts: EncoderSettings, settings: TrainSettings) -> None:
    """Make sure that the encoder at ``path``, if there is one, was trained as the one that is to replace it.

    The number of updates may be another.

    Raises:
        SettingsError: it was trained otherwise.
    """
    if not path.exists():
        return
    with safe_open(path, framework="pt") as file:
        notes = file.metadata() or {}
    try:
        before = EncoderSettings(**json.loads(notes["encoder"])["settings"])
        how = TrainSettings.model_validate_json(notes["training"])
    except (KeyError, ValueError):  # not written by this command, or by one with other settings
        before, how = None, None
    if before != parts or how is None or how.model_copy(update={"updates": settings.updates}) != settings:
        raise SettingsError(
            f"{path} was trained with other settings than these, and would be replaced.",
            "Say where this encoder goes: --out FILE (that very file, if it shall be replaced).",
        )


def save(path: Path, encoder: WeightEncoder, base: Base, settings: TrainSettings, zoo: Zoo | None) -> None:
    """Write the encoder that ships, with how it was trained in its header."""
    save_encoder(
        path,
        encoder,
        {
            "base": base.key,
            "weights": weights_digest(base),
            "training": settings.model_dump_json(),
            "people": str(zoo.people if zoo else 0),
        },
    )

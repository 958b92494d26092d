"""DreamBooth with LoRA (Ruiz et al. 2023; the paper, section V-A3), for one person or K at once."""

from __future__ import annotations

import random
import string
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from diffusers.utils.peft_utils import recurse_remove_peft_layers
from peft import LoraConfig
from PIL import Image
from torch import Tensor

from demo.errors import PhotoError
from demo.finetune.class_images import class_latents
from demo.finetune.loop import new_optimiser, take_steps
from demo.finetune.resume import TrainingState, recall, remember
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask, Method, Plain
from demo.lora.files import LoraWeights
from demo.lora.ledger import Ledger
from demo.lora.unmerged import in_half, layer_of, unmerged
from demo.models.bases import Base
from demo.models.sampling import draw_prompt, encode_pictures, token_ids
from demo.progress import UNWATCHED, Watcher

ADAPTER = "released"


@dataclass
class FineTuned:
    """What fine-tuning gives: the file's content, and what stays with the victim."""

    lora: LoraWeights
    trigger: str  # secret
    steps: int
    stopped: bool
    losses: list[float] = field(default_factory=list)
    ledger: Ledger | None = None  # what the defence has spent
    cut: bool = False  # nobody ended it, nor did the defence: the GPU was gone


def new_trigger(rng: random.Random) -> str:
    """4 to 11 random lower-case letters (the paper, section V-A3)."""
    return "".join(rng.choices(string.ascii_lowercase, k=rng.randint(4, 11)))


@contextmanager
def adapters(pipe: StableDiffusionPipeline, settings: LoraSettings) -> Iterator[list[torch.nn.Parameter]]:
    """PEFT adapters on UNet and text encoder; taken off again at the end, whatever happens.

    Yields:
        the parameters to train.
    """
    parts = [(pipe.unet, settings.unet_targets, settings.unet_rank, settings.unet_alpha)]
    if settings.train_text_encoder:
        parts.append((pipe.text_encoder, settings.text_targets, settings.text_rank, settings.text_alpha))
    added = []
    try:
        for module, targets, rank, alpha in parts:
            config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=list(targets), init_lora_weights=True)
            module.add_adapter(config, adapter_name=ADAPTER)
            added.append(module)
        parameters = [p for module in added for n, p in module.named_parameters() if f".{ADAPTER}." in n]
        for p in parameters:
            p.data = p.data.float()  # the optimiser's small steps vanish in fp16
        yield parameters
    finally:
        for module in added:
            _take_off(module)


def _take_off(module: Any) -> None:
    """Plain layers again, as diffusers' ``unload_lora_weights`` leaves them: deleting an adapter keeps its wrapper."""
    recurse_remove_peft_layers(module)
    if hasattr(module, "peft_config"):
        del module.peft_config
    module._hf_peft_config_loaded = False
    module.requires_grad_(False)


def collect(pipe: StableDiffusionPipeline, settings: LoraSettings) -> LoraWeights:
    """The adapters' A and B in diffusers' layout."""
    tensors: dict[str, Tensor] = {}
    alphas: dict[str, float] = {}
    for prefix, module, alpha in (
        ("unet", pipe.unet, settings.unet_alpha),
        ("text_encoder", pipe.text_encoder, settings.text_alpha),
    ):
        for name, parameter in module.named_parameters():
            if f".{ADAPTER}." in name:
                path, part = name.removesuffix(f".{ADAPTER}.weight").rsplit(".", 1)
                tensors[f"{prefix}.{path}.{part}.weight"] = parameter.detach().float().cpu().clone()
                alphas[f"{prefix}.{path}"] = float(alpha)
    return LoraWeights(tensors=tensors, alphas=alphas, metadata={})


def fine_tune(
    pipe: StableDiffusionPipeline,
    base: Base,
    photos: Sequence[Image.Image],
    settings: LoraSettings,
    *,
    defence: Method | None = None,
    seed: int = 0,
    watcher: Watcher = UNWATCHED,
) -> FineTuned:
    """Fine-tune a LoRA on one person's aligned photos.

    The pipeline is left as it was found. A stop keeps what has been trained so far.

    Args:
        defence: changes the steps, or what is released of them; none by default.
        watcher: told loss and time left at every step, now and then with a live sample; asked at every step.

    Raises:
        PhotoError: no photo.
        SettingsError: the defence cannot be had with these settings, such as a budget for not even one step.
        DemoError: the loss is not finite.
    """
    part = fine_tune_part(pipe, base, photos, settings, defence=defence, seed=seed, watcher=watcher)
    return finished(part, len(photos), settings, defence)


def fine_tune_part(
    pipe: StableDiffusionPipeline,
    base: Base,
    photos: Sequence[Image.Image],
    settings: LoraSettings,
    *,
    defence: Method | None = None,
    seed: int = 0,
    begun: TrainingState | None = None,
    deadline: float | None = None,
    watcher: Watcher = UNWATCHED,
) -> TrainingState:
    """Begin :func:`fine_tune`, or go on with it: in however many parts, number for number the same.

    Args:
        begun: the part before, with the same photos, settings, defence and seed.
        deadline: of ``time.monotonic``; after it no step is begun, but for the first of this part.

    Raises:
        PhotoError, SettingsError, DemoError: see :func:`fine_tune`.
    """
    if not photos:
        raise PhotoError("There are no photos to fine-tune on.", "Give three to six photos of one person.")
    defence = defence or Plain()
    defence.check(len(photos), settings)
    torch.manual_seed(seed)
    trigger = new_trigger(random.Random(seed))
    if begun is not None:
        latents, prior = begun.latents, begun.prior
    else:
        latents, prior = encode_pictures(pipe, photos), None
        if settings.prior_weight:
            prior = class_latents(pipe, base, settings.class_images, watcher=watcher)
    ids = token_ids(pipe, [base.instance_prompt.format(trigger=trigger)])
    class_ids = token_ids(pipe, [base.class_prompt])
    with adapters(pipe, settings) as parameters:
        optimiser = new_optimiser(parameters, settings)
        device = pipe.unet.device
        step = defence.training(
            FineTuningTask(
                pipe,
                latents.to(device),
                None if prior is None else prior.to(device),
                ids,
                class_ids,
                settings,
                parameters,
                optimiser,
                seed,
            )
        )
        if begun is not None:
            recall(begun.memory, parameters, optimiser, step)
        before = [] if begun is None else begun.losses
        began = time.monotonic()
        losses = take_steps(
            step,
            optimiser,
            settings,
            taken=len(before),
            deadline=deadline,
            sample=lambda: _live_sample(pipe, base, trigger),
            watcher=watcher,
        )
        now = time.monotonic()
        in_time = deadline is None or now <= deadline
        seconds = now - began
        return TrainingState(
            trigger,
            latents,
            prior,
            [*before, *losses],
            ended=in_time or not losses or len(before) + len(losses) >= settings.steps,
            seconds=seconds + (0.0 if begun is None else begun.seconds),
            lora=collect(pipe, settings),
            memory=remember(parameters, optimiser, step),
        )


def finished(part: TrainingState, photos: int, settings: LoraSettings, defence: Method | None = None) -> FineTuned:
    """What comes of the last part of a run on ``photos`` photos."""
    defence, steps = defence or Plain(), len(part.losses)
    ledger = defence.ledger(photos, settings, steps)
    lora = defence.release(part.lora)
    return FineTuned(lora, part.trigger, steps, steps < settings.steps, part.losses, ledger, not part.ended)


def _live_sample(pipe: StableDiffusionPipeline, base: Base, trigger: str) -> Image.Image:
    prompt = base.test_prompt.format(trigger=trigger)
    return draw_prompt(pipe, base, prompt, 1, seed=0, steps=max(8, base.sampling_steps // 2))[0]


@contextmanager
def applied(pipe: StableDiffusionPipeline, lora: LoraWeights | None) -> Iterator[Any]:
    """The pipeline with a LoRA merged into its weights; the plain weights come back at the end.

    Merging needs no adapter slot, so nothing grows over many files. Of models in 16 bits, whose rounding would swallow
    a weak LoRA, the weights stay as they are, and it acts beside them (:mod:`demo.lora.unmerged`).
    """
    if lora is None:
        yield pipe
        return
    kept: list[tuple[Tensor, Tensor]] = []
    beside = in_half(pipe, lora)
    try:
        for module in set(lora.modules()).difference(beside):
            weight = layer_of(pipe, module).weight
            kept.append((weight, weight.detach().clone()))
            weight.data += lora.delta(module).to(weight).reshape(weight.shape)  # of a 1 x 1 convolution, too
        with unmerged(pipe, lora, beside):
            yield pipe
    finally:
        for weight, original in kept:
            weight.data.copy_(original)

"""DreamBooth with LoRA (Ruiz et al. 2023; the paper, section V-A3), for one person or K at once."""

from __future__ import annotations

import random
import string
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from diffusers.utils.peft_utils import recurse_remove_peft_layers
from peft import LoraConfig
from PIL import Image
from torch import Tensor

from demo.bases import Base
from demo.errors import DemoError, PhotoError
from demo.lora.files import LoraWeights
from demo.lora.priors import class_latents
from demo.lora.settings import LoraSettings
from demo.progress import Progress, Report
from demo.sampling import draw, encode_pictures, encode_prompts, text_embeddings, token_ids, velocity_weight

ADAPTER = "released"


@dataclass
class FineTuned:
    """What fine-tuning gives: the file's content, and what stays with the victim."""

    lora: LoraWeights
    trigger: str  # secret
    steps: int
    stopped: bool
    losses: list[float] = field(default_factory=list)


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


class Denoising:
    """The training loss of one step, for K people: photos with the trigger, class images without.

    Args:
        photos: (K, n, c, h, w) scaled latents.
        prior: (m, c, h, w) scaled latents of class images, shared by all.
        ids: (K, tokens), the instance prompts.
        class_ids: (1, tokens).
    """

    def __init__(
        self,
        pipe: StableDiffusionPipeline,
        photos: Tensor,
        prior: Tensor | None,
        ids: Tensor,
        class_ids: Tensor,
        settings: LoraSettings,
        seed: int,
    ) -> None:
        self._pipe, self._settings = pipe, settings
        self._photos, self._prior = photos.to(pipe.unet.device), None if prior is None else prior.to(pipe.unet.device)
        self._ids, self._class_ids = ids, class_ids
        self._generator = torch.Generator().manual_seed(seed)

    def _pick(self, count: int, out_of: int, people: int) -> Tensor:
        """(people, count) indices: every picture before any comes twice."""
        rows = [torch.randperm(out_of, generator=self._generator) for _ in range(people)]
        return torch.stack([row.repeat(-(-count // out_of))[:count] for row in rows])

    def __call__(self) -> Tensor:
        """Mean loss of each person, (K,)."""
        settings, people = self._settings, len(self._photos)
        picked = self._pick(settings.batch, self._photos.shape[1], people)
        x0 = self._photos[torch.arange(people)[:, None], picked]
        weights = torch.full((settings.batch,), 1 / settings.batch)
        if self._prior is not None:
            other = self._prior[self._pick(settings.class_batch, len(self._prior), people)]
            x0 = torch.cat([x0, other], dim=1)
            weights = torch.cat(
                [weights, torch.full((settings.class_batch,), settings.prior_weight / settings.class_batch)]
            )
        each = x0.shape[1]
        ids = self._ids[:, None]
        if self._prior is not None:
            ids = torch.cat([ids, self._class_ids.expand(people, -1)[:, None]], dim=1)
        context = text_embeddings(self._pipe.text_encoder, ids.flatten(0, 1)).unflatten(0, ids.shape[:2])
        counts = torch.tensor([settings.batch, each - settings.batch][: ids.shape[1]], device=context.device)
        context = context.repeat_interleave(counts, dim=1).flatten(0, 1)
        error = noise_error(self._pipe, x0.flatten(0, 1), context, self._generator)
        return error.unflatten(0, (people, each)) @ weights.to(error)


def noise_error(pipe: StableDiffusionPipeline, x0: Tensor, context: Tensor, generator: torch.Generator) -> Tensor:
    """Squared error of the prediction at random timesteps, mean over each picture: (n, c, h, w) -> (n,).

    In the base's own terms: of epsilon, of v, or of x0 weighted as v.
    """
    scheduler, n = pipe.scheduler, len(x0)
    # Stratified: the loss varies far more with t than with the picture.
    u = (torch.rand(1, generator=generator) + torch.randperm(n, generator=generator) / n) % 1
    t = (u * scheduler.config.num_train_timesteps).long().to(x0.device)
    noise = torch.randn(x0.shape, generator=generator).to(x0.device)
    noisy = scheduler.add_noise(x0, noise, t)
    out = pipe.unet(noisy.to(pipe.unet.dtype), t, encoder_hidden_states=context.to(pipe.unet.dtype)).sample.float()
    kind = scheduler.config.prediction_type
    if kind == "sample":
        sigma = (1 - scheduler.alphas_cumprod.to(x0)[t]).sqrt()
        return (out - x0).square().flatten(1).mean(1) * velocity_weight(sigma)
    target = scheduler.get_velocity(x0, noise, t) if kind == "v_prediction" else noise
    return (out - target).square().flatten(1).mean(1)


def fine_tune(
    pipe: StableDiffusionPipeline,
    base: Base,
    photos: Sequence[Image.Image],
    settings: LoraSettings,
    *,
    seed: int = 0,
    report: Report | None = None,
    stop: Event | None = None,
) -> FineTuned:
    """Fine-tune a LoRA on one person's aligned photos.

    The pipeline is left as it was found. A stop keeps what has been trained so far.

    Args:
        report: called at every step with loss and time left, now and then with a live sample.
        stop: tested at every step.

    Raises:
        PhotoError: no photo.
        DemoError: the loss is not finite.
    """
    if not photos:
        raise PhotoError("There are no photos to fine-tune on.", "Give three to six photos of one person.")
    torch.manual_seed(seed)
    trigger = new_trigger(random.Random(seed))
    latents = encode_pictures(pipe, photos)
    prior = (
        class_latents(pipe, base, settings.class_images, report=report, stop=stop) if settings.prior_weight else None
    )
    ids = token_ids(pipe, [base.instance_prompt.format(trigger=trigger)])
    class_ids = token_ids(pipe, [base.class_prompt])
    losses: list[float] = []
    with adapters(pipe, settings) as parameters:
        loss_of = Denoising(pipe, latents[None], prior, ids, class_ids, settings, seed)
        optimiser = torch.optim.AdamW(
            parameters, lr=settings.lr, weight_decay=settings.weight_decay, eps=settings.epsilon
        )
        began = time.monotonic()
        for step in range(settings.steps):
            if stop is not None and stop.is_set():
                break
            loss = loss_of().sum()
            losses.append(loss.item())
            if not torch.isfinite(loss):
                raise DemoError(f"The loss is {losses[-1]} at step {step + 1}.", "Lower the learning rate.")
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, settings.max_grad_norm)
            optimiser.step()
            if report is not None:
                done = step + 1
                left = (time.monotonic() - began) / done * (settings.steps - done)
                due = settings.sample_every and done % settings.sample_every == 0 and done < settings.steps
                picture = _live_sample(pipe, base, trigger) if due else None
                report(Progress("fine-tune", done, settings.steps, losses[-1], left, picture))
        lora = collect(pipe, settings)
    return FineTuned(lora, trigger, len(losses), len(losses) < settings.steps, losses)


def _live_sample(pipe: StableDiffusionPipeline, base: Base, trigger: str) -> Image.Image:
    embedding = encode_prompts(pipe, [base.test_prompt.format(trigger=trigger)])
    steps = max(8, base.sampling_steps // 2)
    return draw(pipe, embedding, guidance=base.guidance, steps=steps, seed=0, negative_prompt=base.negative_prompt)[0]


@contextmanager
def applied(pipe: StableDiffusionPipeline, lora: LoraWeights | None) -> Iterator[Any]:
    """The pipeline with a LoRA merged into its weights; the plain weights come back at the end.

    Merging needs no adapter slot, so nothing grows over many files.
    """
    if lora is None:
        yield pipe
        return
    kept: list[tuple[Tensor, Tensor]] = []
    try:
        for module in lora.modules():
            part, path = module.split(".", 1)
            weight = getattr(pipe, part).get_submodule(path).weight
            kept.append((weight, weight.detach().clone()))
            weight.data += lora.delta(module).to(weight)
        yield pipe
    finally:
        for weight, original in kept:
            weight.data.copy_(original)

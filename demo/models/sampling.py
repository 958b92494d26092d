"""Drawing pictures: prompts or embeddings in, pictures out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from torch import Tensor

from demo.errors import DrawingError
from demo.models.bases import Base
from demo.origin import all_drawn
from demo.progress import UNWATCHED, Progress, Watcher


@torch.no_grad()
def encode_prompts(pipe: StableDiffusionPipeline, prompts: Sequence[str]) -> Tensor:
    """Text embeddings, (n, tokens, width), by whatever the text encoder is at present."""
    return text_embeddings(pipe.text_encoder, token_ids(pipe, prompts))


def token_ids(pipe: StableDiffusionPipeline, prompts: Sequence[str]) -> Tensor:
    """Padded ids, (n, tokens)."""
    tokenizer = pipe.tokenizer
    out = tokenizer(
        list(prompts), padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
    )
    return out.input_ids.to(compute_device(pipe))


AT_ONCE = 10  # pictures that an accelerator draws in one batch, so that what it needs is known before
LOOKS = 10  # how often pictures in the making are decoded for somebody who watches: a tenth of the work at most
SEEN = 4  # of a batch


def compute_device(pipe: StableDiffusionPipeline) -> torch.device:
    """Where a pipeline computes, also while its models wait in the CPU's memory (:mod:`demo.hardware.devices`)."""
    return getattr(pipe, "_execution_device", None) or pipe.unet.device


def text_embeddings(text_encoder: Any, ids: Tensor) -> Tensor:
    """Last hidden states, as Stable Diffusion uses them."""
    return text_encoder(ids)[0]  # type: ignore[no-any-return]


def velocity_weight(sigma: Tensor) -> Tensor:
    """Weight of a squared error in x0 that makes it one in v = alpha * epsilon - sigma * x0: 1 / sigma^2.

    Damped where sigma vanishes and the error with it, lest single draws of t rule the gradient.
    """
    return 1 / (sigma.square() + 0.02)


def fit_length(negative: Tensor, length: int) -> Tensor:
    """Cut or repeat the last token of (n, tokens, width) to ``length`` tokens.

    The text encoder is causal, so the first tokens do not depend on those cut off; the last is padding.
    """
    if negative.shape[1] >= length:
        return negative[:, :length]
    return torch.cat([negative, negative[:, -1:].expand(-1, length - negative.shape[1], -1)], dim=1)


@torch.no_grad()
def draw(
    pipe: StableDiffusionPipeline,
    embeddings: Tensor,
    *,
    each: int = 1,
    guidance: float,
    steps: int,
    seed: int,
    tau: float = 1.0,
    negative: Tensor | None = None,
    negative_prompt: str = "",
    at_once: int | None = None,
    stage: str = "draw",
    watcher: Watcher = UNWATCHED,
) -> list[Image.Image]:
    """Draw ``each`` pictures for every row of ``embeddings`` (n, tokens, width), row by row.

    The same ``seed`` gives the same starting noise whatever the embeddings, and the same noise between the steps of a
    sampler that adds any.

    Args:
        tau: factor of the starting noise; below 1, pictures differ less and lie nearer to what the model takes for
            usual.
        at_once: pictures in one batch; None: all on a CPU, ``AT_ONCE`` on an accelerator.

    Raises:
        Stopped: the watcher stopped it.
        DrawingError: what came out is not finite, so that it is no picture.
    """
    if negative is None:
        negative = encode_prompts(pipe, [negative_prompt])
    negative = fit_length(negative, embeddings.shape[1]).expand(len(embeddings), -1, -1)

    def after(_: Any, step: int, __: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        watcher.check()
        _check_finite(kwargs["latents"], f"at step {step + 1} of {steps}")
        seen = step + 1 < steps and (step + 1) % max(1, round(steps / LOOKS)) == 0
        making = developing(pipe, kwargs["latents"]) if seen and watcher.sees else ()
        done, total = len(pictures) // most * steps + step + 1, -(-count // most) * steps
        watcher.tell(Progress(stage, done, total, pictures=making))
        return kwargs

    unet = pipe.unet
    count = len(embeddings) * each
    shape = (count, unet.config.in_channels, unet.config.sample_size, unet.config.sample_size)
    generator = torch.Generator().manual_seed(seed)
    latents = tau * torch.randn(shape, generator=generator).to(unet.device, unet.dtype)
    rows = [tensor.to(unet.dtype).repeat_interleave(each, dim=0) for tensor in (embeddings, negative)]
    most = at_once or (count if compute_device(pipe).type == "cpu" else AT_ONCE)
    pictures: list[Image.Image] = []
    for first in range(0, count, most):
        few = slice(first, first + most)
        out = pipe(
            prompt_embeds=rows[0][few],
            negative_prompt_embeds=rows[1][few],
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=generator,
            latents=latents[few],
            callback_on_step_end=after,
            output_type="pt",
        )
        # In 8 bits NaN would be black: looked for before.
        _check_finite(out.images, "when the picture was decoded")
        processor = pipe.image_processor
        pictures += all_drawn(processor.numpy_to_pil(processor.pt_to_numpy(out.images)))
    return pictures


@torch.no_grad()
def developing(pipe: StableDiffusionPipeline, latents: Tensor) -> tuple[Image.Image, ...]:
    """The first :data:`SEEN` pictures as they are between two steps, noise and all.

    Nothing where a model waits in the CPU's memory for its turn: to fetch it would cost more than the step.
    """
    if hasattr(pipe.vae, "_hf_hook"):
        return ()
    few = latents[:SEEN].to(pipe.vae.dtype) / pipe.vae.config.scaling_factor
    decoded = torch.cat([pipe.vae.decode(one[None]).sample for one in few])
    if not bool(torch.isfinite(decoded).all()):
        return ()
    return tuple(all_drawn(pipe.image_processor.postprocess(decoded, output_type="pil")))


def _check_finite(numbers: Tensor, when: str) -> None:
    if not bool(torch.isfinite(numbers).all()):
        kind = str(numbers.dtype).removeprefix("torch.")
        raise DrawingError(
            f"There is no picture: the model's numbers ({kind}) became NaN or infinite {when}.",
            "Draw with the base model alone. If that gives pictures, the LoRA is too strong: use another file.",
        )


def draw_prompt(
    pipe: StableDiffusionPipeline,
    base: Base,
    prompt: str,
    count: int,
    *,
    seed: int,
    steps: int | None = None,
    stage: str = "draw",
    watcher: Watcher = UNWATCHED,
) -> list[Image.Image]:
    """``count`` pictures of a prompt as the base's users draw: its guidance, its negative prompt, its steps.

    Raises:
        Stopped: the watcher stopped it.
        DrawingError: what came out is not finite.
    """
    return draw(
        pipe,
        encode_prompts(pipe, [prompt]),
        each=count,
        guidance=base.guidance,
        steps=steps or base.sampling_steps,
        tau=base.tau,
        seed=seed,
        negative_prompt=base.negative_prompt,
        stage=stage,
        watcher=watcher,
    )


@torch.no_grad()
def encode_pictures(pipe: StableDiffusionPipeline, pictures: Sequence[Image.Image], batch: int = 16) -> Tensor:
    """Scaled latents of pictures of the base's own size, (n, c, h, w), fp32 on the CPU."""
    side = pipe.unet.config.sample_size * pipe.vae_scale_factor
    parts = []
    for i in range(0, len(pictures), batch):
        resized = [p.convert("RGB").resize((side, side), Image.Resampling.LANCZOS) for p in pictures[i : i + batch]]
        x = pipe.image_processor.preprocess(resized).to(compute_device(pipe), pipe.vae.dtype)
        out = pipe.vae.encode(x)
        z = out.latent_dist.mode() if hasattr(out, "latent_dist") else out.latents
        parts.append((z * pipe.vae.config.scaling_factor).float().cpu())
    return torch.cat(parts)

"""Stage ``unet``: the text-conditioned denoiser on cached latents.

The network predicts the clean latents, the loss is that of v: with a natural spectrum most channels
have little variance, and a network that has to output noise in them (as epsilon and v do) spends its
youth on copying noise exactly. (v-prediction was tried first: after 35,000 pictures its faces were
covered in such noise.) Li & He 2025, "Back to basics: let denoising generative models denoise".

The rate is constant, so that a run can go on for as long as there is time; :func:`cool` lowers it to nothing in a
copy, which is what ships. Whoever goes on from weights of a lowered rate loses what the lowering had won.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from demo.errors import WeightsError
from demo.files import write_atomically
from demo.finetune.muon import muon_and_adamw
from demo.models.sampling import velocity_weight
from demo.train.checkpoint import seen_by
from demo.train.clip import WIDTH, tokens
from demo.train.data import WORK, Faces
from demo.train.precision import computes_in, mixed_precision, plain_attention
from demo.train.training_run import TrainingRun

BLOCKS = (128, 256)
BATCH = 128
WARM_UP = 50 * BATCH  # pictures: by then an empty momentum is full; a check-point brings a full one
AVERAGE, AVERAGE_COOLING = 0.9995, 0.99  # decay of the moving average, a step
UNCONDITIONAL = 0.1  # share of captions left empty, for classifier-free guidance


def new_unet(channels: int, blocks: tuple[int, ...] = BLOCKS) -> UNet2DConditionModel:
    """Stable Diffusion's UNet in small: cross-attention at every level of 8 x 8 latents."""
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=blocks,
        down_block_types=("CrossAttnDownBlock2D",) * len(blocks),
        up_block_types=("CrossAttnUpBlock2D",) * len(blocks),
        layers_per_block=1,
        attention_head_dim=4,  # the number of heads, as in Stable Diffusion 1
        cross_attention_dim=WIDTH,
    )


def new_scheduler() -> DDIMScheduler:
    """DDPM's linear schedule: the brightness component of a natural spectrum needs strong noise to vanish."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        prediction_type="sample",
        clip_sample=False,
        steps_offset=1,
        timestep_spacing="trailing",
    )


@dataclass(frozen=True)
class Curriculum:
    """What the network learns from, and how its errors count.

    Attributes:
        faces: pictures, for their captions and doses.
        latents: (2, n, c, 8, 8), scaled to root mean square 1: pictures and their mirror images.
        text_encoder: frozen.
        tokenizer: of the text encoder.
        detail: 0 weighs all channels alike; with 1 a channel weighs as the inverse of its standard deviation, so that
            those with little variance, which carry eyes and mouths, count more. The mean weight over the variance is 1.
        low_noise: timesteps are shares of the schedule to this power: above 1 there are more of little noise.
    """

    faces: Faces
    latents: Tensor
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    detail: float = 0.0
    low_noise: float = 1.0

    def channel_weights(self) -> Tensor:
        """(c, 1, 1)."""
        spread = self.latents[0, ::7].float().std(dim=(0, 2, 3))
        weight = spread.pow(-self.detail)
        return (weight * spread.square().sum() / (weight * spread.square()).sum()).view(-1, 1, 1)

    @torch.no_grad()
    def contexts(self, captions: list[str]) -> Tensor:
        """Text embeddings, (n, tokens, width)."""
        ids = tokens(self.tokenizer, captions).to(self.text_encoder.device)
        return self.text_encoder(ids).last_hidden_state  # type: ignore[no-any-return]

    def batch(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
        """Clean latents (size, c, 8, 8) and text embeddings of random pictures."""
        rows = self.faces.draw(rng, size)
        flips = rng.integers(2, size=size)
        x0 = self.latents[torch.from_numpy(flips), torch.from_numpy(rows)].to(self.text_encoder.device).float()
        captions = self.faces.captions(rng, rows)
        return x0, self.contexts(["" if rng.random() < UNCONDITIONAL else text for text in captions])


def velocity_error(unet: UNet2DConditionModel, x0: Tensor, context: Tensor, u: Tensor, noise: Tensor) -> Tensor:
    """Squared error in x0, weighted as one in v, (n, c, 8, 8).

    Args:
        x0: clean latents, (n, c, 8, 8).
        context: text embeddings, (n, tokens, width).
        u: (n,), timesteps as shares of the schedule.
        noise: like ``x0``.
    """
    t = (u * 1000).long().to(x0.device)
    alpha_bar = new_scheduler().alphas_cumprod.to(x0.device)[t].view(-1, 1, 1, 1)
    a, s = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    with mixed_precision(str(x0.device)):
        predicted = unet(a * x0 + s * noise, t, encoder_hidden_states=context).sample
    return (predicted.float() - x0).square() * velocity_weight(s)


def stratified(n: int, generator: torch.Generator | None = None) -> Tensor:
    """Shares of the schedule, (n,), spread over all of it: the loss varies far more with t than with the picture."""
    return (torch.rand(1, generator=generator) + torch.arange(n) / n) % 1


def train(
    curriculum: Curriculum,
    *,
    work: Path = WORK,
    pictures: int = 4_000_000,
    falls_from: int | None = None,
    batch: int = BATCH,
    average: float = AVERAGE,
    device: str = "cpu",
    seed: int = 0,
    start: UNet2DConditionModel | None = None,
    seen: int = 0,
) -> UNet2DConditionModel:
    """Train to ``pictures`` pictures in all, resuming from ``work``.

    Args:
        falls_from: after so many pictures the rate falls in a line, to nothing at the end; by default it never does.
        average: decay of the moving average, a step.
        start: weights to begin from.
        seen: pictures that those have seen.

    Returns:
        the moving average.
    """
    torch.manual_seed(seed)
    unet = (start or new_unet(curriculum.latents.shape[2])).to(device).train()
    plain_attention(unet)
    curriculum.text_encoder.to(device).eval().requires_grad_(False)
    optimisers = muon_and_adamw(unet, dtype=computes_in(device))
    run = TrainingRun("unet", unet, optimisers, work, pictures=pictures, batch=batch, seen=seen, decay=average)
    began = run.seen
    torch.manual_seed(seed + began)  # a resumed run does not see the timesteps and the noise of its start again
    weights = curriculum.channel_weights().to(device)
    rng = np.random.default_rng([seed, began])
    while run.goes_on:
        rising = 1.0 if run.resumed else (run.seen + batch - began) / WARM_UP
        falling = 1.0 if falls_from is None else (pictures - run.seen) / (pictures - falls_from)
        run.set_rate(min(1.0, rising, falling))
        x0, context = curriculum.batch(rng, batch)
        u = stratified(batch) ** curriculum.low_noise
        error = velocity_error(unet, x0, context, u, torch.randn_like(x0))
        run.step((error * weights).mean())
    run.end()
    unet.set_default_attn_processor()
    return unet.cpu().eval()


def cool(
    curriculum: Curriculum, *, pictures: int, work: Path = WORK, batch: int = BATCH, device: str = "cpu"
) -> UNet2DConditionModel:
    """Lower the rate to nothing over ``pictures`` more, in a copy of the run in ``work``, which stays as it is.

    A copy that was begun and not finished is gone on with.

    Raises:
        WeightsError: there is no run.
    """
    run = work / "unet" / "checkpoint.safetensors"
    if not run.exists():
        raise WeightsError(f"There is no {run} to cool.", "Train first: python -m demo.train base --stage unet")
    begun = [folder for folder in work.glob("cooled-*") if not (folder / "unet" / "model").exists()]
    folder = begun[0] if begun else work / f"cooled-{seen_by(run)}"
    copy = folder / "unet" / run.name
    if not copy.exists():
        write_atomically(copy, partial(shutil.copyfile, run))
    falls_from = int(folder.name.removeprefix("cooled-"))
    cooled = train(
        curriculum,
        work=folder,
        pictures=falls_from + pictures,
        falls_from=falls_from,
        batch=batch,
        average=AVERAGE_COOLING,
        device=device,
    )
    cooled.save_pretrained(folder / "unet" / "model")
    return cooled

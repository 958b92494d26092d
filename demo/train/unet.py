"""Stage ``unet``: the text-conditioned denoiser on cached latents.

The network predicts the clean latents, the loss is that of v: with a natural spectrum most channels
have little variance, and a network that has to output noise in them (as epsilon and v do) spends its
youth on copying noise exactly. (v-prediction was tried first: after 35,000 pictures its faces were
covered in such noise.) Li & He 2025, "Back to basics: let denoising generative models denoise".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from demo.sampling import velocity_weight
from demo.train.clip import WIDTH, tokens
from demo.train.course import Course
from demo.train.data import WORK, Faces
from demo.train.precision import mixed_precision, plain_attention

BLOCKS = (96, 160)
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


def train(
    faces: Faces,
    latents: Tensor,
    text_encoder: CLIPTextModel,
    tokenizer: CLIPTokenizer,
    *,
    work: Path = WORK,
    pictures: int = 300_000,
    batch: int = 64,
    lr: float = 8e-4,
    device: str = "cpu",
    seed: int = 0,
    start: UNet2DConditionModel | None = None,
) -> UNet2DConditionModel:
    """Train to ``pictures`` pictures in all, resuming from ``work``.

    Args:
        latents: (2, n, c, 8, 8), scaled to root mean square 1: pictures and their mirror images.
        lr: warmed up, held, and lowered to nothing over the last 30 %: a longer run can take over at any time.
        start: weights to begin from.
    """
    torch.manual_seed(seed)
    unet = (start or new_unet(latents.shape[2])).to(device).train()
    plain_attention(unet)
    text_encoder = text_encoder.to(device).eval().requires_grad_(False)
    optimiser = torch.optim.AdamW(unet.parameters(), lr=lr, betas=(0.9, 0.99), weight_decay=0.01)
    course = Course("unet", unet, optimiser, work, pictures=pictures, batch=batch)
    torch.manual_seed(seed + course.seen)  # a resumed run does not see the timesteps and the noise of its start again
    scheduler = new_scheduler()
    alpha_bar = scheduler.alphas_cumprod.to(device)
    rng = np.random.default_rng([seed, course.seen])
    while course.goes_on:
        left = (pictures - course.seen) / (0.3 * pictures)
        course.set_rate(lr * min(1, (course.seen + batch) / 10_000, left + 0.005))
        rows = faces.draw(rng, batch)
        flips = rng.integers(2, size=batch)
        x0 = latents[torch.from_numpy(flips), torch.from_numpy(rows)].to(device).float()
        captions = faces.captions(rng, rows)
        captions = ["" if rng.random() < UNCONDITIONAL else text for text in captions]
        with torch.no_grad():
            context = text_encoder(tokens(tokenizer, captions).to(device)).last_hidden_state
        # Stratified over the batch: the loss varies far more with t than with the picture.
        u = (torch.rand(1) + torch.arange(batch) / batch) % 1
        t = (u * 1000).long().to(device)
        a = alpha_bar[t].sqrt().view(-1, 1, 1, 1)
        s = (1 - alpha_bar[t]).sqrt().view(-1, 1, 1, 1)
        noise = torch.randn_like(x0)
        with mixed_precision(device):
            predicted = unet(a * x0 + s * noise, t, encoder_hidden_states=context).sample
        loss = ((predicted.float() - x0).square() * velocity_weight(s)).mean()
        course.step(loss)
    course.end()
    unet.set_default_attn_processor()
    return unet.cpu().eval()

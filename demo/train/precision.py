"""Training in bfloat16 where the hardware multiplies it natively (AVX512-BF16: 1.5 times the pictures a second)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor

SMALL = 32  # side of the latents up to which plain attention is the faster one on a CPU


def native_bfloat16(device: str) -> bool:
    """Whether ``device`` multiplies bfloat16 in hardware (elsewhere it would be slower than float32)."""
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return kind == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())


def computes_in(device: str, weights: torch.dtype = torch.float32) -> torch.dtype:
    """In which type products are made within :func:`mixed_precision`."""
    return torch.bfloat16 if _mixes(device, weights) else weights


def mixed_precision(device: str, weights: torch.dtype = torch.float32) -> AbstractContextManager[object]:
    """Autocast to bfloat16 if that is native, else nothing. Weights, optimiser and loss stay in float32.

    Args:
        weights: of the base; one in float16 stays in it (a CPU's group norm takes no bfloat16 with float16 weights).
    """
    if not _mixes(device, weights):
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)


def _mixes(device: str, weights: torch.dtype) -> bool:
    return native_bfloat16(device) and weights != torch.float16


def plain_attention(unet: UNet2DConditionModel) -> dict[str, Any]:
    """Give a small UNet on a CPU diffusers' plain attention; the processors that it had.

    Torch's fused attention is several times slower there in bfloat16. Larger ones need it: of 64 x 64 latents every
    layer would keep matrices of 4096 x 4096 for the way back.
    """
    before = dict(unet.attn_processors)
    if unet.device.type == "cpu" and unet.config.sample_size <= SMALL:
        unet.set_attn_processor(AttnProcessor())
    return before

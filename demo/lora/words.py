"""Embeddings that stand in a file under the word that calls them: a textual inversion beside a LoRA, or alone."""

from __future__ import annotations

import re

from demo.lora.header import TensorEntry

FLOATS = ("F", "BF")  # how the types of floating-point numbers begin
WIDTHS = {192, 768, 1024, 1280, 2048, 4096}  # of the text encoders' embeddings
VECTORS = 128  # that one word has at most
TOKEN = re.compile(r"<[^<>]+>", re.DOTALL)
# Names without a dot that programs give.
MARKERS = {"scaled_fp8", "logit_scale", "norm_out", "emb_params", "clip_l", "clip_g", "t5xxl", "text_projection"}


def is_word(name: str, entry: TensorEntry) -> bool:
    """Whether a tensor is an embedding under its word.

    Its shape is (width,) or (vectors, width); under a name in angle brackets any is taken.
    """
    if TOKEN.fullmatch(name):
        return True
    if name in MARKERS or not entry.dtype.startswith(FLOATS):
        return False
    if not name or "." in name or ":" in name or not 1 <= len(entry.shape) <= 2:
        return False
    return entry.shape[-1] in WIDTHS and (len(entry.shape) == 1 or 1 <= entry.shape[0] <= VECTORS)

"""ComfyUI's names, which ai-toolkit and others write, too: the original implementation's paths behind a prefix.

Such as ``diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.lora_up.weight`` and
``text_encoders.clip_l.transformer.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal

from demo.lora import kohya

KEY = re.compile(
    r"^(?P<prefix>(?:model\.)?diffusion_model|(?:text_encoders\.)?clip_[lh](?:\.transformer)?)\.(?P<path>.+?)"
    rf"\.(?:{kohya.PART})$"
)


def recognises(key: str) -> bool:
    """Whether a file's key is written in this layout."""
    return KEY.match(key) is not None


def reader(modules: Iterable[str]) -> Callable[[str], tuple[str, Literal["A", "B", "alpha"]] | None]:
    """What takes a key apart, into canonical module and part; None where no known base has such a layer."""
    known = kohya.names(modules)

    def read(key: str) -> tuple[str, Literal["A", "B", "alpha"]] | None:
        match = KEY.match(key)
        if match is None:
            return None
        start = "lora_unet_" if match["prefix"].endswith("diffusion_model") else "lora_te_"
        module = known.get(start + match["path"].replace(".", "_"))
        return None if module is None else (module, kohya.kind(match))

    return read

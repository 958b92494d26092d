"""PEFT's names of adapters inside the names of tensors. Somebody chose them: one may be a person's."""

from __future__ import annotations

import re
from collections.abc import Iterable

# The tensors and layers that PEFT 0.21 keeps one of for each adapter, whatever the adapter's type.
HOLDERS = (
    r"lora_(?:[ABE]|embedding_[AB]|magnitude_vector)",
    r"ranknum|(?P<whole>modules_to_save)|trainable_tokens_(?:delta|original)",
    r"hada_(?:[wt][12](?:_[ab])?)|lokr_(?:[wt][12](?:_[ab])?)",
    r"oft_[rRs]|boft_[Rs]|hra_u|ia3_l|ln_tuning_layers",
    r"vera_(?:[AB]|lambda_[bd])|randlora_(?:[AB]|lambda|gamma)|vblora_(?:logits_[AB]|vector_bank)",
    r"bone_block|miss_block|c3a_kernel|fourierft_spectrum|waveft_spectrum|shira_weight|road_(?:theta|alpha)",
    r"delora_(?:[AB]|lambda)|poly_lora_[AB]",
)
ADAPTER = re.compile(
    rf"^(?P<start>(?:.+?\.)?(?:{'|'.join(HOLDERS)}))\."
    r"(?!(?:\d+\.)*(?:weight|bias|alpha)$)(?P<adapter>(?(whole)[^.]+|.+?))(?P<end>(?(whole)(?:\..+)?|(?:\.(?:weight|bias))?))$"
)
OWN = re.compile(r"default(_\d{1,3})?|\d{1,3}")  # PEFT's own name; a number is nobody's


def given_names(keys: Iterable[str]) -> list[str]:
    """Names of adapters that are not PEFT's own, sorted."""
    found = {match["adapter"] for key in keys if (match := ADAPTER.match(key))}
    return sorted(name for name in found if not OWN.fullmatch(name))

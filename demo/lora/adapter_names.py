"""PEFT's names of adapters inside the names of tensors. Somebody chose them: one may be a person's."""

from __future__ import annotations

import re
from collections.abc import Iterable

ADAPTER = re.compile(
    r"^(?P<start>.+?\.lora_(?:[AB]|embedding_[AB]|magnitude_vector))\.(?!weight$|bias$)(?P<adapter>.+?)"
    r"(?P<end>\.weight|\.bias)?$"
)
OWN = re.compile(r"default(_\d{1,3})?")  # PEFT's own name


def given_names(keys: Iterable[str]) -> list[str]:
    """Names of adapters that are not PEFT's own, sorted."""
    found = {match["adapter"] for key in keys if (match := ADAPTER.match(key))}
    return sorted(name for name in found if not OWN.fullmatch(name))

"""Whether the user forbids downloads: one answer for base models, metrics and weight encoders."""

from __future__ import annotations

import os

# The last is what huggingface_hub reads, too, where HF_HUB_OFFLINE is not set.
VARIABLES = ("LORA_LEAK_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
FALSE = frozenset({"", "0", "false", "no", "off"})


def offline() -> str | None:
    """Name of the variable that forbids downloads, or None.

    Any one of :data:`VARIABLES` is enough. All values but those in :data:`FALSE` forbid, so that a value that nobody
    foresaw downloads nothing.
    """
    return next((name for name in VARIABLES if os.environ.get(name, "").strip().lower() not in FALSE), None)

"""How far one verdict can be trusted: what other fine-tunings of the same photos were judged, measured beforehand."""

from __future__ import annotations

import json
from pathlib import Path

from demo.errors import WeightsError
from demo.files import write_text
from demo.models.bases import Base
from demo.models.fingerprints import AGREEMENT, fingerprint
from demo.paths import shown
from demo.verdicts.story import Agreement

FORMAT = "lora-leak-agreement/1"
REMEDY = "Restore it from the repository, or run: python -m demo.evaluate report"


def load_agreement(base: Base) -> Agreement | None:
    """What was measured with a base; None where nothing was, or with other weights.

    Raises:
        WeightsError: the file is damaged.
    """
    path = base.folder / AGREEMENT
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}")
        counts = {key: int(found[key]) for key in ("agreed", "fine_tunings", "people")}
        of = str(found["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{shown(path)} cannot be read: {error}.", REMEDY) from error
    if not 0 <= counts["agreed"] <= counts["fine_tunings"] or not counts["fine_tunings"]:
        raise WeightsError(f"{shown(path)} counts {counts['agreed']} of {counts['fine_tunings']}.", REMEDY)
    return Agreement(**counts) if of == fingerprint(base) else None


def write_agreement(folder: Path, found: Agreement, mark: str) -> Path:
    """Put it beside a base's weights.

    Args:
        folder: the base's.
        mark: fingerprint of the weights that it was measured with.

    Raises:
        OutputError: it cannot be written.
    """
    content = {
        "format": FORMAT,
        "fingerprint": mark,
        "agreed": found.agreed,
        "fine_tunings": found.fine_tunings,
        "people": found.people,
    }
    return write_text(folder / AGREEMENT, json.dumps(content, indent=1) + "\n")

"""``python -m demo.evaluate photo-count``: is the number of photos read rightly off files of held-out people?

Every private person is fine-tuned on 1 to 8 photos; the LoRAs of known number are of other people. One small file for
each person holds what was read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demo.attack import photo_count
from demo.attack.photo_count import Calibration
from demo.files import write_text
from demo.finetune.settings import LoraSettings
from demo.models.bases import Base
from demo.stats.intervals import bootstrap_mean_ci, share_ci
from demo.train.photo_count import COUNTED, collected

FORMAT = "lora-leak-photo-count-table/1"
SEED = 60_000  # of fine-tuning: apart from the LoRAs of known number


def table_folder(work: Path, base: Base, fingerprint: str, settings: LoraSettings) -> Path:
    """Where the results of this base under these settings lie."""
    how = json.dumps([FORMAT, settings.model_dump(mode="json"), SEED, COUNTED], sort_keys=True)
    return work / "photo-count" / f"{base.key}-{fingerprint}" / hashlib.sha256(how.encode()).hexdigest()[:8]


def read(folder: Path, known: Calibration) -> int:
    """Read every LoRA whose spectrum lies in ``folder``, and write what was read beside it; how many there are."""
    counts, people, found = collected(folder)
    for row in range(len(counts)):
        own = {layer: values[row] for layer, values in found.items()}
        said = photo_count.read(own, known)
        record = {
            "format": FORMAT,
            "known": known.digest,
            "person": int(people[row]),
            "photos": int(counts[row]),
            "read": said.photos,
            "value": None if said.value is None else round(said.value, 3),
            "voted": None if said.photos is None else photo_count.vote(own, known),
            "strangeness": None if said.strangeness is None else round(said.strangeness, 3),
        }
        write_text(folder / f"person-{int(people[row]):03d}.json", json.dumps(record, allow_nan=False) + "\n")
    return len(counts)


def records(folder: Path, known: Calibration) -> list[dict[str, Any]]:
    """What was read by these LoRAs of known number, in the order of the people."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("person-*.json"))]
    return [record for record in found if record["format"] == FORMAT and record["known"] == known.digest]


def markdown(found: Sequence[Mapping[str, Any]]) -> str:
    """Errors with intervals beside the best guess without the file, then what was read for each number."""
    if not found:
        return "No results yet."
    read = [record for record in found if record["read"] is not None]
    lines = [f"{len(found)} people, of whom {len(read)} got a number", ""]
    if read:
        truth, said, voted = (np.array([record[key] for record in read]) for key in ("photos", "read", "voted"))
        middle = int(np.median(COUNTED))  # without the file, the guess of the smallest mean error
        rows = {
            "read from the spectrum": said,
            "DSiRe's votes of the layers": voted,
            f"control: always {middle}": np.full_like(truth, middle),
            "control: the number of another file": np.random.default_rng(0).permutation(said),
        }
        lines += ["| | mean error, photos | right | right or one off |", "|---|---|---|---|"]
        for name, values in rows.items():
            error = bootstrap_mean_ci(np.abs(values - truth))
            exact, near = (share_ci(int((np.abs(values - truth) <= off).sum()), len(truth)) for off in (0, 1))
            cells = [f"{v.estimate:.2f} [{v.low:.2f}, {v.high:.2f}]" for v in (error, exact, near)]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        lines += ["", "| photos | people | read as |", "|---|---|---|"]
        for number in COUNTED:
            own = sorted(int(v) for v, t in zip(said, truth, strict=True) if t == number)
            lines.append(f"| {number} | {len(own)} | {', '.join(map(str, own))} |")
    return "\n".join(lines)

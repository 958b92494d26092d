"""``python -m demo.evaluate gate``: does the gate tell sets that the model drew from sets of photographs?

The threshold comes from the planted people: sets drawn with their names against their own pictures from the training
set. The ROC is over other people, and once more after edits that somebody may make to get past the gate, with the same
threshold. One small file for each person holds the errors of the pictures; no picture is written.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image, ImageFilter, ImageOps

from demo.files import write_text
from demo.models.bases import Base
from demo.models.fingerprints import fingerprint
from demo.models.sampling import draw_prompt
from demo.shake.gate.decision import SCORES, Gate, calibrate
from demo.shake.gate.evidence import Evidence, EvidenceSettings, evidence
from demo.shake.people import Domain
from demo.stats.intervals import share_ci
from demo.stats.roc import interval_json, roc

FORMAT = "lora-leak-gate-table/2"
SEED = 9000  # apart from the sets that are fine-tuned on
NOISE = np.random.default_rng(0).normal(size=(512, 512, 3))
KINDS = ("drawn", "member", "non_member")
PLAIN = "as it is"


def _jpeg(quality: int) -> Callable[[Image.Image], Image.Image]:
    def edit(picture: Image.Image) -> Image.Image:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        with Image.open(buffer) as image:
            return image.convert("RGB")

    return edit


def _noise(deviation: float) -> Callable[[Image.Image], Image.Image]:
    def edit(picture: Image.Image) -> Image.Image:
        noisy = np.asarray(picture) + deviation * NOISE[: picture.height, : picture.width]
        return Image.fromarray(noisy.round().clip(0, 255).astype(np.uint8))

    return edit


def _crop(picture: Image.Image) -> Image.Image:
    edge = max(1, picture.width // 16)
    inner = picture.crop((edge, edge, picture.width - edge, picture.height - edge))
    return inner.resize(picture.size, Image.Resampling.BICUBIC)


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    PLAIN: lambda picture: picture,
    "mirrored": ImageOps.mirror,
    "cropped by 1/16 a side": _crop,
    "JPEG, quality 75": _jpeg(75),
    "JPEG, quality 50": _jpeg(50),
    "noise of 4 in 255": _noise(4),
    "noise of 8 in 255": _noise(8),
    "blurred, radius 1 pixel": lambda picture: picture.filter(ImageFilter.GaussianBlur(1)),
}


def table_folder(work: Path, base: Base, look: EvidenceSettings, size: int) -> Path:
    """Where the evidence of this base under these settings lies."""
    how = json.dumps([FORMAT, look.model_dump(mode="json"), size, SEED, list(EDITS)], sort_keys=True)
    return (
        work / "gate" / f"{base.key}-{fingerprint(base, encoder=False)}" / hashlib.sha256(how.encode()).hexdigest()[:8]
    )


def run(
    pipe: StableDiffusionPipeline,
    base: Base,
    people: Sequence[Domain],
    folder: Path,
    group: str,
    *,
    size: int,
    look: EvidenceSettings,
    shard: int = 0,
    shards: int = 1,
    say: Callable[[str], None] = print,
) -> int:
    """Look at three sets of ``size`` pictures of each person: drawn with the name, members, non-members.

    Returns:
        How many people were added.
    """
    added = 0
    for number in range(len(people))[shard::shards]:
        path, domain = folder / f"{group}-{number:03d}.json", people[number]
        if path.exists():
            continue
        drawn = draw_prompt(pipe, base, domain.prompt, size, seed=SEED + number)
        sets = dict(zip(KINDS, (drawn, domain.members[:size], domain.non_members[:size]), strict=True))
        errors = {
            edit: {kind: _numbers(evidence(pipe, base, [do(p) for p in own], look)) for kind, own in sets.items()}
            for edit, do in EDITS.items()
        }
        record = {"format": FORMAT, "group": group, "number": number, "errors": errors}
        write_text(path, json.dumps(record, allow_nan=False) + "\n")
        added += 1
        plain = {kind: round(float(np.mean(found["decoder"])), 2) for kind, found in errors[PLAIN].items()}
        say(f"{group} {number}: log error of the decoder {plain}")
    return added


def records(folder: Path, group: str) -> list[dict[str, Any]]:
    """What is there of a group, in the order of its people."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{group}-*.json"))]
    return [record for record in found if record["format"] == FORMAT]


def gate_of(base: Base, people: Sequence[Mapping[str, Any]], look: EvidenceSettings) -> Gate:
    """Calibrated on these people's drawn sets, and on their members: pictures that the model knows best of all."""
    kinds = [[_evidence(record, PLAIN, kind) for record in people] for kind in ("drawn", "member")]
    return calibrate(base, kinds[0], kinds[1], look=look)


def summary(gate: Gate, people: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """ROC of every score on sets as they are, and what the threshold does to edited ones."""
    out: dict[str, Any] = {
        "sets": {"drawn": len(people), "real": 2 * len(people)},
        "calibrated_on": {"drawn": gate.drawn_sets, "real": gate.real_sets},
        "threshold": gate.threshold,
        "scores": {},
        "edits": {},
    }
    for score in SCORES:
        values = {kind: [-gate.value(_evidence(r, PLAIN, kind), score) for r in people] for kind in KINDS}
        numbers = [r["number"] for r in people]
        real = [*values["member"], *values["non_member"]]
        found = roc(values["drawn"], real, groups=(numbers, [*numbers, *numbers]))  # LOW means drawn
        out["scores"][score] = found.as_json() | {"gap": min(real) - max(values["drawn"])}
    for edit in EDITS:
        flagged = {kind: sum(gate.value(_evidence(r, edit, kind)) > gate.threshold for r in people) for kind in KINDS}
        out["edits"][edit] = {kind: interval_json(share_ci(n, len(people))) for kind, n in flagged.items()}
    return out


def markdown(found: Mapping[str, Any]) -> str:
    """Two tables: the ROC of sets as they are, and the share that is flagged after edits."""
    lines = [
        f"{found['sets']['drawn']} drawn sets against {found['sets']['real']} sets of photographs (half of them "
        f"members of the training set); threshold from {found['calibrated_on']['drawn']} other people",
        "",
        "| score | AUC | best balanced accuracy | TPR at 1 % | TPR at 0.1 % | gap between the kinds |",
        "|---|---|---|---|---|---|",
    ]
    for score, figures in found["scores"].items():
        cells = [_cell(figures[key]) for key in ("auc", "asr", "tpr_at_1", "tpr_at_0.1")]
        lines.append(f"| {SCORES[cast(Any, score)]} | {' | '.join(cells)} | {figures['gap']:+.2f} |")
    lines += ["", "| edit | drawn sets flagged | members flagged | non-members flagged |", "|---|---|---|---|"]
    for edit, shares in found["edits"].items():
        lines.append(f"| {edit} | {' | '.join(_cell(shares[kind]) for kind in KINDS)} |")
    notes = next(iter(found["scores"].values()))["notes"]
    return "\n".join([*lines, "", *notes])


def _numbers(found: Evidence) -> dict[str, list[float]]:
    both = {"decoder": found.decoder, "denoiser": found.denoiser}
    return {key: [round(float(v), 4) for v in values] for key, values in both.items()}


def _evidence(record: Mapping[str, Any], edit: str, kind: str) -> Evidence:
    found = record["errors"][edit][kind]
    return Evidence(torch.tensor(found["decoder"]), torch.tensor(found["denoiser"]))


def _cell(found: Mapping[str, float | None]) -> str:
    if found["low"] is None or found["high"] is None:
        return f"{found['estimate']:.3f}"
    return f"{found['estimate']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"

"""``python -m demo.evaluate membership``: was this picture in the base's training set? Over people of whom it is known.

One small file for each person, in a folder named after base, attack and settings, so that several processes and several
sittings add to the same figures. The files hold scores and no pictures.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline

from demo.files import write_text
from demo.models.bases import Base
from demo.models.fingerprints import fingerprint
from demo.models.sampling import encode_pictures, encode_prompts
from demo.settings import Settings
from demo.shake.attacks.membership import find_membership
from demo.shake.people import Domain
from demo.stats.intervals import Interval, auc, bootstrap_mean_ci, share_ci
from demo.stats.roc import FEW, FEWER, Roc, interval_json, roc

FORMAT = "lora-leak-membership/1"  # another one wherever scores before and after a change may not be mixed
CURVE_POINTS = 400
SHUFFLES = 1000  # of who is a member, for what ASR is by chance


def table_folder(work: Path, base: Base, attack: str, settings: Settings) -> Path:
    """Where the scores of this base by an attack with these settings lie."""
    how = json.dumps([FORMAT, attack, settings.model_dump(mode="json")], sort_keys=True)
    digest = hashlib.sha256(how.encode()).hexdigest()[:8]
    return work / "membership" / f"{base.key}-{fingerprint(base, encoder=False)}" / f"{attack}-{digest}"


def result_path(folder: Path, group: str, number: int) -> Path:
    """The file of one person."""
    return folder / f"{group}-{number:03d}.json"


def run(
    pipe: StableDiffusionPipeline,
    people: Sequence[Domain],
    attack: str,
    settings: Any,
    folder: Path,
    group: str,
    *,
    shard: int = 0,
    shards: int = 1,
    say: Callable[[str], None] = print,
) -> int:
    """Score every person's members and non-members under the person's own prompt, where that is not done yet.

    Args:
        attack: key of the registry.
        settings: of that attack.
        group: name of these people, which keeps them apart from others in the same folder.
        shard, shards: this process takes every ``shards``-th person.
        say: hears of every result.

    Returns:
        How many people were added.
    """
    added = 0
    for number in range(len(people))[shard::shards]:
        path, domain = result_path(folder, group, number), people[number]
        if path.exists():
            continue
        latents = encode_pictures(pipe, [*domain.members, *domain.non_members])
        embedding = encode_prompts(pipe, [domain.prompt])
        began, used = time.monotonic(), time.process_time()
        scores = find_membership(attack).run(pipe, latents, embedding, settings)
        seconds, used = time.monotonic() - began, time.process_time() - used
        split = len(domain.members)
        record = {
            "format": FORMAT,
            "attack": attack,
            "group": group,
            "number": number,
            "calls": settings.calls,
            "seconds": round(seconds, 3),
            "cpu_seconds": round(used, 3),
            "threads": torch.get_num_threads(),
            "device": pipe.unet.device.type,
            "members": [float(s) for s in scores[:split]],
            "non_members": [float(s) for s in scores[split:]],
        }
        write_text(path, json.dumps(record, allow_nan=False) + "\n")
        added += 1
        area = auc([-s for s in record["members"]], [-s for s in record["non_members"]])
        say(f"{group} {number}: AUC {area:.3f} ({seconds:.1f} s)")
    return added


def records(folder: Path, group: str) -> list[dict[str, Any]]:
    """What is there of a group, in the order of its people."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{group}-*.json"))]
    return [record for record in found if record["format"] == FORMAT]


def curve(people: Sequence[Mapping[str, Any]]) -> Roc:
    """All pictures on one curve; people are what the intervals resample."""
    sides = [np.concatenate([record[key] for record in people]) for key in ("members", "non_members")]
    ids = [
        np.repeat([r["number"] for r in people], [len(r[key]) for r in people]) for key in ("members", "non_members")
    ]
    return roc(sides[0], sides[1], groups=(ids[0], ids[1]))


def chance_asr(people: Sequence[Mapping[str, Any]], *, n: int = SHUFFLES, seed: int = 0) -> Interval:
    """ASR of the same scores when who was a member is drawn by lot within each person.

    The threshold is chosen on the pictures that it is judged on, so that ASR is above one half by chance.
    """
    sides = [(np.array(r["members"]), np.array(r["non_members"])) for r in people]
    order = np.argsort(np.concatenate([np.concatenate(pair) for pair in sides]), kind="stable")
    lots = [np.repeat([1.0, 0.0], [len(pair[0]), len(pair[1])]) for pair in sides]
    rng, found = np.random.default_rng(seed), []
    for _ in range(n):
        member = np.concatenate([rng.permutation(lot) for lot in lots])[order]
        ahead = np.cumsum(member) / member.sum() - np.cumsum(1 - member) / (1 - member).sum()
        found.append((1 + max(0.0, float(ahead.max()))) / 2)
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(float(np.mean(found)), float(low), float(high))


def summary(people: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Figures of one group for a file."""
    found = curve(people)
    each = [auc(-np.array(r["members"]), -np.array(r["non_members"])) for r in people]
    pictures, seconds = found.members + found.non_members, sum(r["seconds"] for r in people)
    thin = np.unique(np.linspace(0, len(found.fpr) - 1, CURVE_POINTS).astype(int))
    return {
        "people": len(people),
        **found.as_json(),
        "asr_by_chance": interval_json(chance_asr(people)),
        "auc_within_person": interval_json(bootstrap_mean_ci(each)),
        "people_above_half": interval_json(share_ci(sum(a > 0.5 for a in each), len(each))),
        "unet_calls": people[0]["calls"],
        "pictures_per_second": round(pictures / seconds, 2),
        "pictures_per_cpu_second": round(pictures / sum(r["cpu_seconds"] for r in people), 2),
        "threads": sorted({r["threads"] for r in people}),
        "device": sorted({r["device"] for r in people}),
        "curve": [[round(float(found.fpr[i]), 5), round(float(found.tpr[i]), 5)] for i in thin],
    }


def markdown(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The table of all groups, and what the samples are too small for."""
    head = ["people", "members / non-members", "AUC", "mean AUC within a person", "ASR", "ASR by chance"]
    rates = {"tpr_at_1": ("TPR at 1 %", FEW), "tpr_at_0.1": ("TPR at 0.1 %", FEWER)}
    head += [title for title, _ in rates.values()]
    rows = [_line(["group", *head]), "|" + "---|" * (len(head) + 1)]
    for group, s in found.items():
        cells = [str(s["people"]), f"{s['members']} / {s['non_members']}"]
        cells += [_cell(s[key]) for key in ("auc", "auc_within_person", "asr", "asr_by_chance")]
        # With too few non-members for the rate it is the TPR at no false positive, and no interval says how sure.
        cells += [_cell(s[key]) if s["non_members"] * rate >= 1 else "too few" for key, (_, rate) in rates.items()]
        rows.append(_line([group, *cells]))
    for group, s in found.items():
        rows += ["", f"{group}: {s['unet_calls']} UNet calls a picture, {s['pictures_per_second']} pictures a second"]
        rows[-1] += f" ({s['pictures_per_cpu_second']} a CPU second) on {', '.join(s['device'])}."
        rows += [f"{group}: {note}" for note in s["notes"]]
    return "\n".join(rows)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(found: Mapping[str, float | None]) -> str:
    if found["low"] is None or found["high"] is None:
        return f"{found['estimate']:.3f}"
    return f"{found['estimate']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"

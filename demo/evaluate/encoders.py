"""``python -m demo.evaluate encoders FILE ...``: several weight encoders over the same fine-tuned models, to choose by.

People of ``domain_nonmember`` alone: nothing is chosen on the private people, whose figures are those of the encoder
that ships.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffusers import StableDiffusionPipeline

from demo.attack.weight_encoder import WeightEncoder
from demo.errors import SettingsError
from demo.evaluate.held_out import Vector, add_scores, held_out_people
from demo.evaluate.people import Drawer
from demo.evaluate.people_table import RATES, gathered, summary
from demo.files import write_text
from demo.finetune.settings import LoraSettings
from demo.models.bases import Base
from demo.models.fingerprints import fingerprint
from demo.stats.intervals import paired_difference
from demo.train.zoo import GroupTrainer

SPLIT = "domain_nonmember"
OWNER = "DreamBooth, drawn in the same way"


def evaluate(
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: LoraSettings,
    decoys: Vector,
    encoders: Mapping[str, WeightEncoder],
    out: Path,
    *,
    people: int = 48,
    samples: int = 4,
    group: int = 6,
    shard: int = 0,
    shards: int = 1,
    seed: int = 7,
) -> dict[str, Any]:
    """Fine-tune on each person once, let every encoder draw, score, and write ``out`` (JSON).

    Args:
        decoys: (n, 128); the other people are added to them.
        encoders: name -> encoder; the others are held against the first.
        shard, shards: this process takes every ``shards``-th group.

    Raises:
        SettingsError: a group of one, or no people left for a shard.
    """
    everybody = held_out_people(out.parent, side=base.side, count=people, split=SPLIT)
    starts = range(shard * group, len(everybody), shards * group)
    if not starts or 1 in {min(group, len(everybody) - start) for start in starts}:
        raise SettingsError(
            f"{len(everybody)} people in groups of {group}, every {shards}th from {shard}: too few for a group.",
            "Choose another --group, --people or --shards.",
        )
    values: dict[str, dict[str, list[float]]] = {}
    order: list[int] = []
    began = time.time()
    for start in starts:
        part = everybody[start : start + group]
        trainer = GroupTrainer(pipe, base, [person.tune for person in part], settings, seed=1000 + start)
        try:
            for _ in range(settings.steps):
                trainer.step()
            drawer = Drawer(pipe, base, trainer, samples, seed)
            arms = {OWNER: drawer.secret()}
            for name, encoder in encoders.items():
                z = drawer.read(encoder)
                foreign = drawer.encoded(z.roll(1, 0))  # another's embedding in this model; swapped: this one elsewhere
                arms |= {name: drawer.encoded(z), f"{name}/foreign": foreign}
                arms[f"{name}/swapped"] = foreign[1:] + foreign[:1]
        finally:
            trainer.remove()
        order += range(start, start + len(part))
        add_scores(values, arms, everybody, start, decoys)
        print(f"{start + len(part)} of {len(everybody)} people, {time.time() - began:.0f} s", flush=True)
    found = {
        "base": base.key,
        "weights": fingerprint(base, encoder=False),
        "split": SPLIT,
        "samples": samples,
        "decoys": len(decoys) + len(everybody) - 1,
        "settings": settings.model_dump(),
        "encoders": {name: {"tokens": encoder.length} for name, encoder in encoders.items()},
        "order": order,
        "values": values,
    }
    return written(found, out)


def merge(paths: list[Path], out: Path) -> dict[str, Any]:
    """One result from the parts that several processes wrote."""
    return written(gathered(paths), out)


def written(found: dict[str, Any], out: Path) -> dict[str, Any]:
    """Write it whole."""
    write_text(out, json.dumps(found, indent=1) + "\n")
    return found


def markdown(found: dict[str, Any]) -> str:
    """A row an encoder, with what it is nearer or farther than the first and than the owner's own pictures, paired."""
    values: dict[str, dict[str, list[float]]] = found["values"]
    lines = [
        f"{len(found['order'])} people of {found['split']}, {found['samples']} pictures each, dlib",
        f"{OWNER}: distance {_mean(values[OWNER], 'distance')}, Rec. Acc. {_mean(values[OWNER], 'rec_acc')}",
        "",
        "| encoder | tokens | distance | Rec. Acc. | minus the first | minus DreamBooth | another's embedding in this "
        "model | this embedding in another's model |",
        "|---|---|---|---|---|---|---|---|",
    ]
    first = next(iter(found["encoders"]))
    for name, known in found["encoders"].items():
        own = values[name]
        beside = "" if name == first else _minus(own, values[first])
        cells = [name, known["tokens"], _mean(own, "distance"), _mean(own, "rec_acc"), beside]
        cells += [_minus(own, values[OWNER])]
        cells += [_mean(values[f"{name}/{arm}"], "distance") for arm in ("foreign", "swapped")]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _mean(values: dict[str, list[float]], key: str) -> str:
    said = summary(values[key], rate=key in RATES)
    return f"{said['mean']:.3f} [{said['low']:.3f}, {said['high']:.3f}]"


def _minus(a: dict[str, list[float]], b: dict[str, list[float]]) -> str:
    found = paired_difference(a["distance"], b["distance"])
    return f"{found.estimate:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"

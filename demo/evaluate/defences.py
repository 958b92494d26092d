"""``python -m demo.evaluate defences``: every defence on held-out people, one small file for each result.

Files of one base, encoder, judge and setting lie in one folder that is named after them, so that several processes and
several sittings add to the same table, and figures of different models never meet.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack.registry import ATTACKS, AttackSettings, reconstruct
from demo.defences.base import Defence
from demo.defences.release import released
from demo.errors import DemoError
from demo.evaluate.held_out import HeldOutPerson, Vector, scores
from demo.files import write_text
from demo.finetune.dreambooth import FineTuned, applied, fine_tune
from demo.finetune.settings import LoraSettings
from demo.metrics.registry import Context
from demo.metrics.registry import evaluate as measure
from demo.models.bases import Base
from demo.models.fingerprints import fingerprint
from demo.models.sampling import draw_prompt
from demo.report.arms import CHANCE, OWNER
from demo.sweep.model import point_name, settings_of

FORMAT = "lora-leak-defence/1"  # another one wherever figures before and after a change may not be mixed
MEASURED = {  # metrics beside the distances, in the paper's scaling -> heading in the table, digits
    "clip_t_paper": ("CLIP-T", 2),
    "clip_i_paper": ("CLIP-I", 3),
}
SEED, FIRST = 7, 1000  # of the pictures; of the first person's fine-tuning


@dataclass(frozen=True, eq=False)
class Setup:
    """What all people and defences of a table have in common."""

    pipe: StableDiffusionPipeline
    base: Base
    settings: LoraSettings
    samples: int  # pictures in every arm
    folder: Path  # of this table: see :func:`table_folder`


def table_folder(work: Path, base: Base, settings: LoraSettings, samples: int) -> Path:
    """Where the results of this base under these settings lie."""
    how = json.dumps([FORMAT, settings.model_dump(mode="json"), samples, SEED, FIRST], sort_keys=True)
    return work / "defences" / f"{base.key}-{fingerprint(base)}" / hashlib.sha256(how.encode()).hexdigest()[:8]


def result_path(folder: Path, identity: int, defence: Defence) -> Path:
    """The file of one person under one defence."""
    return folder / f"person-{identity:05d}--{point_name(defence)}.json"


def run(
    setup: Setup,
    plan: Sequence[Defence],
    people: Sequence[HeldOutPerson],
    decoys: Vector,
    *,
    first: int | None = None,
    shard: int = 0,
    shards: int = 1,
    say: Callable[[str], None] = print,
) -> int:
    """Add what is missing, person by person, to the folder of the table.

    Args:
        people: all of them; the others are part of each one's crowd.
        first: only so many.
        shard, shards: this process takes every ``shards``-th person.
        say: hears of every result.

    Returns:
        How many results were added.
    """
    others = np.stack([person.held_out[0] for person in people])
    nobody = _chance(setup)
    added = 0
    for number in list(range(len(people)))[:first][shard::shards]:
        person = people[number]
        crowd = np.concatenate([decoys, np.delete(others, number, axis=0)])
        context = Context(pictures=nobody, photos=person.kept, prompt=setup.base.class_prompt)
        plain: FineTuned | None = None
        for defence in plan:
            path = result_path(setup.folder, person.identity, defence)
            if _whole(path):
                continue
            began = time.monotonic()
            try:
                if defence.trains_plainly:
                    plain = plain or fine_tune(setup.pipe, setup.base, person.tune, setup.settings, seed=FIRST + number)
                    tuned = released(plain, defence, len(person.tune), setup.settings)
                else:
                    tuned = fine_tune(
                        setup.pipe, setup.base, person.tune, setup.settings, defence=defence, seed=FIRST + number
                    )
                arms = {key: judged(drawn, person, crowd, context) for key, drawn in pictures(setup, tuned).items()}
            except DemoError as error:
                say(f"person {person.identity}, {defence.label}: {error}")
                continue
            if defence.key == "none":
                arms[CHANCE] = judged(nobody, person, crowd, context)
            record = _record(person.identity, defence, tuned, arms) | {
                "samples": setup.samples,
                "crowd": len(crowd),
                "seconds": round(time.monotonic() - began, 1),
            }
            write_text(path, json.dumps(record, allow_nan=False, indent=1) + "\n")
            added += 1
            distances = ", ".join(f"{key} {arm['distance']:.3f}" for key, arm in arms.items())
            say(f"person {person.identity}, {defence.label}: {distances} ({record['seconds']} s)")
    return added


def pictures(setup: Setup, tuned: FineTuned) -> dict[str, list[Image.Image]]:
    """What the owner draws with the trigger, and what every attack draws from the released matrices."""
    attack = AttackSettings(samples=setup.samples, seed=SEED)
    with applied(setup.pipe, tuned.lora):
        drawn = {OWNER: _draw(setup, setup.base.test_prompt.format(trigger=tuned.trigger))}
    for key in ATTACKS:
        drawn[key] = reconstruct(tuned.lora, setup.pipe, setup.base, key, attack).pictures
    return drawn


def judged(drawn: list[Image.Image], person: HeldOutPerson, crowd: Vector, context: Context) -> dict[str, float]:
    """All figures of one arm."""
    found = scores(drawn, person, crowd)
    for result in measure(dataclasses.replace(context, pictures=drawn), MEASURED):
        if result.values:
            found[result.key] = float(result.mean)
    return {key: round(value, 5) for key, value in found.items()}


def _whole(path: Path) -> bool:
    """Whether a result is there, with every attack that is registered by now."""
    return path.exists() and set(ATTACKS) <= json.loads(path.read_text(encoding="utf-8"))["arms"].keys()


def _chance(setup: Setup) -> list[Image.Image]:
    return _draw(setup, setup.base.class_prompt)


def _draw(setup: Setup, prompt: str) -> list[Image.Image]:
    return draw_prompt(setup.pipe, setup.base, prompt, setup.samples, seed=SEED)


def _record(identity: int, defence: Defence, tuned: FineTuned, arms: Mapping[str, Any]) -> dict[str, Any]:
    assert tuned.ledger is not None
    ledger = tuned.ledger.as_json()
    return {
        "format": FORMAT,
        "identity": identity,
        "defence": defence.key,
        "name": point_name(defence),
        "label": defence.label,
        "settings": settings_of(defence),
        "steps": tuned.steps,
        **{key: ledger[key] for key in ("guarantee", "photo_epsilon", "person_epsilon", "delta", "sigma", "q")},
        "arms": dict(arms),
    }

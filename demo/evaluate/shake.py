"""``python -m demo.evaluate shake``: Shake-to-Leak person by person, every method on the SP and on the OoD set.

Each person has a folder of arms (:mod:`demo.shake.store`) without pictures, below one that is named after base and
settings, so that several processes and several sittings add to the same table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from diffusers import StableDiffusionPipeline

from demo.errors import DemoError
from demo.models.bases import Base
from demo.models.fingerprints import fingerprint
from demo.progress import UNWATCHED, Watcher
from demo.shake.attacks.membership import find_membership
from demo.shake.methods.registry import METHODS
from demo.shake.model import Experiment, ShakeArm, ShakeSettings
from demo.shake.people import Domain
from demo.shake.plan import planned
from demo.shake.run import shake
from demo.shake.store import LISTING, ShakeStore

FORMAT = "lora-leak-shake-table/1"
FIRST = 1000  # seed of the first person's sets and fine-tuning
ALL = tuple(key for key, method in METHODS.items() if method.uses_pictures)


def table_folder(work: Path, base: Base, settings: ShakeSettings, group: str) -> Path:
    """Where the results of this base and group of people under these settings lie; methods are added to it."""
    how = json.dumps([FORMAT, settings.common(), FIRST], sort_keys=True)
    digest = hashlib.sha256(how.encode()).hexdigest()[:8]
    return work / "shake" / f"{base.key}-{fingerprint(base, encoder=False)}" / f"{group}-{digest}"


def person_folder(folder: Path, number: int) -> Path:
    """One person's part."""
    return folder / f"person-{number:03d}"


def run(
    pipe: StableDiffusionPipeline,
    base: Base,
    people: Sequence[Domain],
    settings: ShakeSettings,
    folder: Path,
    *,
    shard: int = 0,
    shards: int = 1,
    say: Callable[[str], None] = print,
    watcher: Watcher = UNWATCHED,
) -> int:
    """Add what is missing.

    Args:
        people: those of the table, always from the first on: a person's number is the seed.
        shard, shards: this process takes every ``shards``-th person.
        say: hears of every arm.

    Returns:
        How many arms were added.
    """
    added = 0
    for number in range(len(people))[shard::shards]:
        store = ShakeStore(person_folder(folder, number), publishable=False)
        store.begin({"number": number, "seed": FIRST + number, "settings": settings.common()})
        done, problems = store.load()
        for problem in problems:
            say(f"person {number}: {problem}")
        if {"before", *(item.key for item in planned(settings))} <= {arm.key for arm in done}:
            continue

        def keep(arm: ShakeArm, number: int = number, store: ShakeStore = store) -> None:
            nonlocal added
            store.keep(arm)
            added += 1
            area = "-" if arm.roc is None else f"{arm.roc.auc.estimate:.3f}"
            say(f"person {number}, {arm.title}: AUC {area}, {len(arm.matches)} extracted ({arm.seconds:.0f} s)")

        domain = replace(people[number], publishable=False)  # the table shows no pictures: none are kept for it
        experiment = Experiment(domain, settings, seed=FIRST + number, done=done)
        try:
            shake(pipe, base, experiment, keep=keep, watcher=watcher)
        except DemoError as error:
            say(f"person {number}: {error}")
    return added


def attack_of(folder: Path) -> str:
    """Title of the attack on membership that the results in a folder come from."""
    listing = next(iter(sorted(folder.glob(f"person-*/{LISTING}"))))
    key: str = json.loads(listing.read_text(encoding="utf-8"))["settings"]["membership"]
    return find_membership(key).title


def results(folder: Path) -> Mapping[int, Mapping[str, ShakeArm]]:
    """Person -> key -> arm, of everybody with a finished arm ``before``."""
    found = {}
    for path in sorted(folder.glob("person-*")):
        arms = {arm.key: arm for arm in ShakeStore(path, publishable=False).load()[0]}
        if "before" in arms:
            found[int(path.name.removeprefix("person-"))] = arms
    return found

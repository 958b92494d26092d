"""``python -m demo.evaluate verdicts``: how often the app's verdict is right, and how often it is the same again.

Held-out people and the fictional examples are fine-tuned, attacked and measured as the app does it. Beside each story
stand three null stories: the same attacks on a file that holds nothing of the person. What the verdict makes of them
is its false-positive rate. Results hold measurements and no verdict: the rule is applied when the table is made.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack.controls import random_lora
from demo.attack.registry import ATTACKS, AttackSettings, attacks_on, leading_attack, reconstruct
from demo.errors import WeightsError
from demo.evaluate.held_out import HeldOutPerson
from demo.evaluate.people import released
from demo.files import write_text
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.metrics.dlib_identity import ALIKE, photos_ceiling
from demo.metrics.registry import IDENTITY, PLACE, RANK, Context
from demo.metrics.registry import evaluate as measured
from demo.models.bases import Base
from demo.models.fingerprints import fingerprint
from demo.photos.folder import folder_photos
from demo.photos.ingest import read_photos
from demo.photos.split import split_photos
from demo.report.arms import CHANCE, OWNER
from demo.train.zoo import GroupTrainer
from demo.workflow.arms import chance_arm, dreambooth_arm, other_person

FORMAT = "lora-leak-verdict/1"  # another one wherever figures before and after a change may not be mixed
RULERS = (IDENTITY, RANK, PLACE, ALIKE)  # what a verdict is made of
FILE = "file"  # the story of the person's own file; the others are null stories
NULL_STORIES = {
    "random_lora": "a LoRA of random numbers",
    "other_file": "another person's file",
    "no_lora": "no LoRA at all",
}
FIRST_SEED, GROUP_SEED = 1, 5000  # of the pictures, as the app's; of the first group's fine-tuning
FEW = 4  # pictures of an arm that is not the lead, as in the app
DIGITS = 4

Drawn = dict[str, list[Image.Image]]  # arm -> pictures


def _say(text: str) -> None:
    print(text, flush=True)


@dataclass(frozen=True, eq=False)
class Subject:
    """A person as the app has one: photos to fine-tune on, and photos to score with."""

    name: str  # such as "private-00493" or "example-03"
    tune: list[Image.Image]
    scored: list[Image.Image]


@dataclass(frozen=True, eq=False)
class Setup:
    """What all people of a table have in common."""

    pipe: StableDiffusionPipeline
    base: Base
    settings: LoraSettings
    folder: Path  # of this table: see :func:`table_folder`

    @property
    def attack(self) -> AttackSettings:
        """As the app attacks, unless somebody changes it."""
        return AttackSettings(seed=FIRST_SEED)

    @property
    def few(self) -> AttackSettings:
        """As the app draws the other arms."""
        return self.attack.model_copy(update={"samples": FEW})


def table_folder(work: Path, base: Base, settings: LoraSettings) -> Path:
    """Where the results of this base under these settings lie."""
    how = json.dumps([FORMAT, settings.model_dump(mode="json"), FIRST_SEED, GROUP_SEED, FEW], sort_keys=True)
    return work / "verdicts" / f"{base.key}-{fingerprint(base)}" / hashlib.sha256(how.encode()).hexdigest()[:8]


def private_subjects(people: Sequence[HeldOutPerson]) -> list[Subject]:
    """Held-out people as subjects."""
    return [Subject(f"private-{person.identity:05d}", person.tune, person.kept) for person in people]


def example_subjects(folder: Path, side: int) -> list[Subject]:
    """The fictional examples as the app reads them.

    Args:
        folder: holds a folder of photos for each.
        side: of the base's pictures, pixels.
    """
    subjects = []
    for own in sorted(path for path in folder.iterdir() if path.is_dir()):
        photos = [photo.aligned for photo in read_photos(folder_photos(own), side=side)]
        used, scored, _ = split_photos(photos)
        subjects.append(Subject(f"example-{own.name}", used, scored))
    return subjects


def result_path(folder: Path, subject: Subject, seed: int) -> Path:
    """The file of one person's story with one seed."""
    return folder / f"{subject.name}--seed-{seed}.json"


def run_all(setup: Setup, groups: Sequence[tuple[int, Sequence[Subject]]], say: Callable[[str], None] = _say) -> None:
    """Add what is missing, group by group.

    Args:
        groups: a seed for the group's fine-tuning, and two or more people: the one before each is another's file.
        say: hears of every result.
    """
    shared: Shared | None = None
    for seed, subjects in groups:
        paths = [result_path(setup.folder, subject, seed) for subject in subjects]
        if not all(_whole(path) for path in paths):
            shared = shared or shared_pictures(setup)
            _run(setup, subjects, paths, seed, shared, say)


def _run(
    setup: Setup,
    subjects: Sequence[Subject],
    paths: Sequence[Path],
    seed: int,
    shared: Shared,
    say: Callable[[str], None],
) -> None:
    """Fine-tune one group, attack and measure everybody in it."""
    began = time.monotonic()
    photos = [subject.tune for subject in subjects]
    trainer = GroupTrainer(setup.pipe, setup.base, photos, setup.settings, seed=GROUP_SEED + seed)
    try:
        for _ in range(setup.settings.steps):
            trainer.step()
        files, triggers = released(trainer), trainer.triggers
    finally:
        trainer.remove()
    say(f"seed {seed}, {subjects[0].name} to {subjects[-1].name}: fine-tuned, {time.monotonic() - began:.0f} s")
    stories = [_drawn(setup, file, trigger) for file, trigger in zip(files, triggers, strict=True)]
    randoms = [_random(setup, file, story) for file, story in zip(files, stories, strict=True)]
    for k, (subject, path) in enumerate(zip(subjects, paths, strict=True)):
        told = {
            FILE: stories[k] | shared.arms,
            # Its own control of random numbers is the neighbour's: the same one would be held against itself.
            "random_lora": randoms[k] | shared.arms | {"random_lora": stories[k - 1]["random_lora"]},
            "other_file": stories[k - 1] | shared.arms,
            "no_lora": shared.nobody | shared.arms | {"random_lora": stories[k]["random_lora"]},
        }
        record = {"format": FORMAT, "who": subject.name, "seed": seed, **_measured(subject, told)}
        write_text(path, json.dumps(record, allow_nan=False) + "\n")
        place = record["stories"][FILE][leading_attack(setup.base)][PLACE]["values"][0]
        say(f"{subject.name}, seed {seed}: place {place:.0f}, {time.monotonic() - began:.0f} s")


@dataclass(frozen=True, eq=False)
class Shared:
    """Pictures that do not depend on the person's file."""

    arms: Drawn  # controls of every story
    nobody: Drawn  # every attack on a file that changes nothing


def shared_pictures(setup: Setup) -> Shared:
    """Draw them once.

    Raises:
        WeightsError: the base has no LoRA of another person.
    """
    pipe, base, few = setup.pipe, setup.base, setup.few
    like = other_person(base, pipe)
    if like is None:
        raise WeightsError(f"{base.title} has no LoRA of another person.", "Make one with: python -m demo.train people")
    arms = {CHANCE: list(chance_arm(pipe, base, few).pictures)}
    arms["other_lora"] = reconstruct(like, pipe, base, None, few).pictures
    nothing = replace(like, tensors={name: tensor * 0 for name, tensor in like.tensors.items()})
    # Another seed: from the noise of the chance arm the class prompt would draw the chance arm again.
    other = few.model_copy(update={"seed": FIRST_SEED + 1})
    return Shared(arms, {key: reconstruct(nothing, pipe, base, key, other).pictures for key in attacks_on(base)})


def _drawn(setup: Setup, file: LoraWeights, trigger: str) -> Drawn:
    """Every arm that depends on a file."""
    pipe, base, lead = setup.pipe, setup.base, leading_attack(setup.base)
    drawn = {OWNER: list(dreambooth_arm(file, trigger, pipe, base, setup.few).pictures)}
    for key in attacks_on(base):
        drawn[key] = reconstruct(file, pipe, base, key, setup.attack if key == lead else setup.few).pictures
    numbers = random_lora(file, FIRST_SEED)
    return drawn | {"random_lora": reconstruct(numbers, pipe, base, lead, setup.few).pictures}


def _random(setup: Setup, file: LoraWeights, story: Drawn) -> Drawn:
    """Every attack on random numbers of a file's size; that of the lead is the story's own control."""
    numbers, lead = random_lora(file, FIRST_SEED), leading_attack(setup.base)
    others = [key for key in attacks_on(setup.base) if key != lead]
    drawn = {key: reconstruct(numbers, setup.pipe, setup.base, key, setup.few).pictures for key in others}
    return {lead: story["random_lora"]} | drawn


def _measured(subject: Subject, told: Mapping[str, Drawn]) -> dict[str, Any]:
    context = Context(pictures=subject.scored, photos=subject.scored)
    own = photos_ceiling(subject.scored)
    stories = {
        story: {arm: _figures(replace(context, pictures=pictures)) for arm, pictures in drawn.items()}
        for story, drawn in told.items()
    }
    return {"photos": len(subject.scored), "ceiling": None if own is None else own.as_json(), "stories": stories}


def _figures(context: Context) -> dict[str, dict[str, Any]]:
    return {
        result.key: {"values": [round(value, DIGITS) for value in result.values], "among": result.among}
        for result in measured(context, RULERS)
        if result.values
    }


def _whole(path: Path) -> bool:
    """Whether a result is there, with every attack that is registered by now."""
    return path.exists() and set(ATTACKS) <= json.loads(path.read_text(encoding="utf-8"))["stories"][FILE].keys()

"""demo.shake's experiment without a model: drawn faces, scores from a generator."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import torch
from fake_story import face

from demo.errors import DemoError, SettingsError, Stopped
from demo.models.bases import BUNDLED
from demo.progress import UNWATCHED, Progress, Watcher
from demo.shake.attacks.draws import Candidate
from demo.shake.attacks.memorised import Match
from demo.shake.model import BEFORE, Experiment, Shake, ShakeArm, Source
from demo.shake.people import Domain
from demo.shake.plan import planned
from demo.stats.roc import roc

NAMES = ("Anouk Quistrow", "Bela Quistrow", "Caspar Quistrow")
STEPS, EACH = 10, 15
GAIN: dict[Source, float] = {"none": 0.3, "sp": 3.0, "ood": -0.1, "members": 3.0}


class FakeShaker:
    """Takes ``pause`` seconds a step and ten steps an arm.

    ``broken`` is the key of an arm that fails the job; after ``halt`` arms it waits to be stopped. No step is taken
    while ``gate`` is cleared.
    """

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.gate = Event()
        self.gate.set()
        self.broken = ""
        self.halt: int | None = None
        self.seeds: list[int] = []
        self.tried: list[str] = []  # keys, as often as they were run

    def names(self, base_key: str) -> Sequence[str]:
        return NAMES if base_key == BUNDLED else ()

    def domain(self, name: str, base_key: str) -> Domain:
        if name not in self.names(base_key):
            raise SettingsError(f"There is no '{name}'.", "Choose another.")
        first = 100 * NAMES.index(name)
        some = [face(first + i, 64) for i in range(2 * EACH)]
        return Domain(name, f"a photo of {name}", some[:EACH], some[EACH:], publishable=True)

    def run(
        self,
        experiment: Experiment,
        *,
        base_key: str,
        keep: Callable[[ShakeArm], None] | None = None,
        watcher: Watcher = UNWATCHED,
    ) -> Shake:
        domain, settings, seed = experiment.domain, experiment.settings, experiment.seed
        self.seeds.append(seed)
        plan = planned(settings, experiment.defence)
        ready = {arm.key: arm for arm in experiment.done}

        def attacked(number: int, key: str, label: str, source: Source, **fields: object) -> ShakeArm:
            if key in ready:
                return ready[key]
            if watcher.stop is not None and number - 1 == self.halt:
                watcher.stop.wait(30)
            for step in range(1, STEPS + 1):
                watcher.check()
                self.gate.wait(30)
                time.sleep(self.pause)
                watcher.tell(Progress(f"{number} of {len(plan) + 1}: {label}: fine-tune", step, STEPS, loss=0.3))
            if key == self.broken:
                raise DemoError("The loss is nan at step 1.", "Lower the learning rate.")
            self.tried.append(key)
            arm = arm_of(key, label, source, number, domain, **fields)
            if keep is not None:
                keep(arm)
            return arm

        before = attacked(1, BEFORE, "Before", "none")
        arms: list[ShakeArm] = []
        drawn = [face(50 + i, 64) for i in range(16)]
        try:
            for number, item in enumerate(plan, 2):
                own = {"method": item.method.key, "curve": item.curve, "value": item.value}
                arms.append(attacked(number, item.key, item.method.label, item.source, **own))
        except Stopped:
            drawn = []
        return Shake(domain, before, arms, drawn, "face64 (fake)", settings, seed, planned=len(plan))

    def write(self, out: Path, made: Shake) -> tuple[Path, ...]:
        path = out / "report.json"
        path.write_text(f'{{"arms": {len(made.arms)}}}', encoding="utf-8")
        return (path,)


def arm_of(key: str, label: str, source: Source, number: int, domain: Domain, **fields: object) -> ShakeArm:
    """An arm whose scores say more of membership the larger its GAIN is."""
    generator = torch.Generator().manual_seed(number)
    gain = 0.0 if key == BEFORE else GAIN[source]
    members, non_members = torch.randn(2, EACH, generator=generator).double()
    members = members - 0.4 - gain
    out = source == "sp"
    return ShakeArm(
        key=key,
        label=label,
        source=source,
        scores_members=members,
        scores_non_members=non_members,
        roc=roc(members, non_members, resamples=100),
        candidates=[Candidate(domain.members[i], 12 - i, 0.05, i) for i in range(2)] if out else [],
        matches=[Match(0, 0, 0.03, 1)] if out else [],
        mistaken=[],
        parameters=0 if source == "none" else 1000 * number,
        seconds=12.5,
        **fields,  # type: ignore[arg-type]
    )

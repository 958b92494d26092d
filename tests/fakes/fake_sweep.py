"""demo.defend's sweep without a model: drawn pictures at made-up distances."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fake_story import face, measured
from PIL import Image

from demo.attack.registry import AttackSettings
from demo.defences.registry import Defence, choose
from demo.errors import DemoError
from demo.finetune.settings import LoraSettings
from demo.lora.ledger import Ledger
from demo.models.bases import BUNDLED, find_base
from demo.progress import UNWATCHED, Progress, Watcher
from demo.sweep.model import Point, Sweep, arm_keys, new_point, settings_of

PLAN = (
    choose("none"),
    *(choose("dpdm", epsilon=epsilon) for epsilon in (10, 2, 0.1)),
    *(choose("dpgm", epsilon=epsilon) for epsilon in (10, 2, 0.1)),
    *(choose(key) for key in ("gaussian", "truncate", "int8", "mp_lora", "smp_lora")),
)
STEPS = 10


class FakeSweep:
    """Takes ``pause`` seconds a step and ten steps a point.

    ``broken`` is the key of a defence that fails the job; after ``halt`` points it waits to be stopped.
    """

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.broken = ""
        self.halt: int | None = None
        self.seeds: list[int] = []
        self.photos: list[int] = []
        self.tried: list[str] = []  # labels, as often as they were run
        self.folders: list[Path] = []
        self.chances = 0  # how often chance was drawn

    def __call__(
        self,
        photos: Sequence[Image.Image],
        *,
        plan: Sequence[Defence] | None = None,
        base_key: str = BUNDLED,
        settings: LoraSettings | None = None,
        attack: AttackSettings | None = None,
        seed: int = 0,
        done: Sequence[Point] = (),
        begun: Sweep | None = None,
        folder: Path | None = None,
        watcher: Watcher = UNWATCHED,
        keep: Callable[[Point], None] | None = None,
    ) -> Sweep:
        plan, base = PLAN if plan is None else plan, find_base(base_key)
        settings = settings or LoraSettings()
        self.seeds.append(seed)
        self.photos.append(len(photos))
        self.chances += begun is None
        points: list[Point] = []
        notes = ["Five photos."]
        for n, defence in enumerate(plan, 1):
            ready = next((point for point in done if point.is_of(defence)), None)
            if ready is not None:
                points.append(ready)
                continue
            if watcher.stop is not None and len(points) == self.halt:
                watcher.stop.wait(30)
            if not self._steps(f"{n} of {len(plan)}: {defence.label}: fine-tune", watcher):
                notes.append(f"Stopped after {len(points)} of {len(plan)} defences.")
                break
            if defence.key == self.broken:
                raise DemoError("The disk is full.", "Make room.")
            self.tried.append(defence.label)
            if folder is not None:
                self.folders.append(folder)
                (folder / defence.key).mkdir(parents=True, exist_ok=True)
                (folder / defence.key / "lora.safetensors").write_bytes(b"secret")
            points.append(_point(PLAN.index(defence), defence, base.side))
            if keep is not None:
                keep(points[-1])
        return Sweep(
            points=points,
            chance=measured(0.81, 99) if begun is None else begun.chance,
            chance_pictures=[face(90 + i, base.side) for i in range(4)] if begun is None else begun.chance_pictures,
            planned=len(plan),
            photos=list(photos),
            base=f"{base.title}, {base.licence}",
            notes=notes,
            settings={"fine-tuning": settings.model_dump()},
        )

    def _steps(self, stage: str, watcher: Watcher) -> bool:
        for step in range(1, STEPS + 1):
            if watcher.stopped:
                return False
            time.sleep(self.pause)
            watcher.tell(Progress(stage, step, STEPS, loss=0.3))
        return True


def _point(n: int, defence: Defence, side: int) -> Point:
    known = (0.35 + 0.04 * n, 0.45 + 0.03 * n, 0.6 + 0.02 * n, 0.62 + 0.01 * n)
    distances = dict.fromkeys(arm_keys(), 0.7) | dict(zip(arm_keys(), known, strict=False))
    return new_point(
        defence.label,
        defence.key,
        settings_of(defence),
        {arm: measured(distance, n) for arm, distance in distances.items()},
        {arm: [face(10 * n + i, side) for i in range(4)] for arm in arm_keys()},
        _ledger(defence),
        STEPS,
        12.5,
    )


def _ledger(defence: Defence) -> Ledger:
    """Of the kind of the defence's own, without accounting, which takes a while."""
    own = settings_of(defence)
    if not defence.has_epsilon:
        return Ledger(defence.key, defence.label, "none", ("No privacy guarantee of any kind.",), own, STEPS, 5)
    epsilon = float(str(own["epsilon"]))
    return Ledger(
        defence.key,
        defence.label,
        "nominal" if defence.key == "dpgm" else "proved",
        ("About any one photo little is learned.", "About the person more."),
        own,
        STEPS,
        5,
        delta=1e-6,
        photo_epsilon=epsilon,
        person_epsilon=6 * epsilon,
    )

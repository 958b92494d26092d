"""What the Shake tab needs of :mod:`demo.shake`, over the pipeline that the whole app shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Protocol

from diffusers import StableDiffusionPipeline

from demo.hardware.zero_gpu import LONGEST_S, zero_gpu
from demo.models.bases import Base, find_base
from demo.preflight.shaking import check_shaking
from demo.progress import UNWATCHED, Watcher, watched
from demo.shake.model import Experiment, Shake, ShakeArm
from demo.shake.people import Domain, find_domain, planted_names
from demo.shake.plan import planned
from demo.shake.run import shake
from demo.shake.write import write_shake
from demo.workflow import pipeline_cache, story


class Shaker(Protocol):
    """People and experiments; a test puts a fake in."""

    def names(self, base_key: str) -> Sequence[str]:
        """The planted people whose pictures a base was trained on; none of a base from elsewhere."""

    def domain(self, name: str, base_key: str) -> Domain:
        """One of them, with all pictures."""

    def run(
        self,
        experiment: Experiment,
        *,
        base_key: str,
        keep: Callable[[ShakeArm], None] | None = ...,
        watcher: Watcher = ...,
    ) -> Shake:
        """The experiment on one person."""

    def write(self, out: Path, made: Shake) -> tuple[Path, ...]:
        """Files to download."""


class ModelShaker:
    """The real one."""

    def names(self, base_key: str) -> Sequence[str]:
        """See :class:`Shaker`."""
        return planted_names(find_base(base_key))

    def domain(self, name: str, base_key: str) -> Domain:
        """See :class:`Shaker`.

        Raises:
            SettingsError: there is nobody of that name.
        """
        return find_domain(name, find_base(base_key))

    def run(
        self,
        experiment: Experiment,
        *,
        base_key: str,
        keep: Callable[[ShakeArm], None] | None = None,
        watcher: Watcher = UNWATCHED,
    ) -> Shake:
        """See :func:`demo.shake.run.shake`. With ZeroGPU every arm is a turn by itself."""
        with story.COMPUTE, watched(watcher):
            plan, held = planned(experiment.settings, experiment.defence), pipeline_cache.held(base_key)
            check_shaking(find_base(base_key), experiment.settings, plan, held=held)
            loading = {"precise": True, "whole": True}
            if not zero_gpu():
                asked = {"experiment": experiment, "keep": keep}
                return story.on_pipeline(shake, base_key, asked, seconds=LONGEST_S, watcher=watcher, **loading)
            while True:
                made, fresh = story.on_pipeline(
                    _next_arm, base_key, {"experiment": experiment}, seconds=LONGEST_S, watcher=watcher, **loading
                )
                # The settings have the edge, once it is known.
                experiment = replace(experiment, settings=made.settings, done=(*experiment.done, *fresh))
                if keep is not None:
                    list(map(keep, fresh))
                if not fresh or watcher.stopped:
                    return made

    def write(self, out: Path, made: Shake) -> tuple[Path, ...]:
        """See :func:`demo.shake.write.write_shake`."""
        return write_shake(out, made)


def _next_arm(
    pipe: StableDiffusionPipeline, base: Base, experiment: Experiment, *, watcher: Watcher
) -> tuple[Shake, list[ShakeArm]]:
    """The experiment with one more arm than are done, and that arm; none when all are."""
    enough = _Enough(watcher.stop)

    def keep(arm: ShakeArm) -> None:
        enough.arms.append(arm)

    return shake(pipe, base, experiment, keep=keep, watcher=replace(watcher, stop=enough)), enough.arms


class _Enough(Event):
    """A stop event that is set by the first new arm, too."""

    def __init__(self, stop: Event | None) -> None:
        super().__init__()
        self.arms: list[ShakeArm] = []
        self._stop = stop

    def is_set(self) -> bool:
        """Whether to stop."""
        return bool(self.arms) or (self._stop is not None and self._stop.is_set())

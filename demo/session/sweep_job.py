"""The Defend tab's job: the chosen defences on the visitor's photos, one after the other. It can be continued."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from demo.defences.base import Defence
from demo.errors import SettingsError
from demo.photos.split import split_photos
from demo.progress import Watcher
from demo.session.desk import Swept, Terms
from demo.session.scored import resized
from demo.session.services import Services
from demo.session.story_jobs import Order, Part, check_photos
from demo.session.visitors import Visitor
from demo.sweep.model import Point, Sweep, point_name
from demo.sweep.plan import check
from demo.sweep.write import write_sweep

LORAS = "loras"  # folder of the files of a running sweep


def chosen(services: Services, names: Iterable[object]) -> tuple[Defence, ...]:
    """The defences of these names, in the plan's order.

    Raises:
        SettingsError: none, or one that is not in the plan.
    """
    wanted = set(map(str, names))
    known = {point_name(defence): defence for defence in services.plan}
    unknown = sorted(wanted - known.keys())
    if unknown:
        raise SettingsError(f"There is no defence '{unknown[0]}' to sweep.", f"Choose among: {', '.join(known)}.")
    if not wanted:
        raise SettingsError("No defence is chosen.", "Tick at least one.")
    return tuple(defence for name, defence in known.items() if name in wanted)


def sweeping(
    services: Services, visitor: Visitor, order: Order, plan: Sequence[Defence], *, resume: bool = False
) -> Part:
    """A job that tries every defence of a plan and puts each point onto the desk as soon as it is finished.

    Args:
        order: its defence plays no part.
        resume: go on with what is on the desk; defences that are finished there are not run again.

    Raises:
        PhotoError: too few photos, or a face is still to be chosen.
        SettingsError: a defence cannot be had with these photos and steps, or there is nothing to go on with.
    """
    desk = visitor.desk
    check_photos(desk)
    settings = order.lora.model_copy(update={"sample_every": 0})  # nobody looks at live samples of so many runs
    terms = Terms(desk.photos.source, order.base_key, settings, order.attack, order.seed)
    before = _before(desk.swept, terms) if resume else None
    if before is not None:
        plan = _together(services, before.sweep.points, plan)
    photos = resized([shot.aligned for shot in desk.photos.shots], services.bases[order.base_key].side)
    used, _, _ = split_photos(photos)  # as the sweep does
    check(plan, len(used), settings)
    seed = secrets.randbelow(2**63) if order.seed is None else order.seed
    if before is not None:
        seed = before.seed

    def work(watcher: Watcher) -> None:
        room = visitor.room("sweep")

        def run(plan: Sequence[Defence], done: Sequence[Point], begun: Sweep | None) -> Sweep:
            return services.sweep(
                photos,
                plan=plan,
                base_key=order.base_key,
                settings=settings,
                attack=order.attack,
                seed=seed,
                done=done,
                begun=begun,
                folder=room / LORAS,
                # One curve cannot show many runs.
                watcher=watcher.retold(lambda progress: replace(progress, loss=None)),
                keep=keep,
            )

        def put(sweep: Sweep, *, running: bool, files: Sequence[Path] = ()) -> None:
            visitor.change(swept=Swept(sweep, begun, terms, seed, running, tuple(files)))

        def keep(point: Point) -> None:
            points.append(point)
            put(_so_far(begun, points, plan), running=True)

        points = [] if before is None else list(before.sweep.points)
        # Chance comes first and by itself, so that its lines are there when the first point is.
        begun = run((), (), None) if before is None else before.begun
        watcher.check()
        made = _so_far(begun, points, plan)
        put(made, running=True)
        try:
            made = run(plan, tuple(points), begun)
        except Exception:
            made = _so_far(begun, points, plan)
            raise
        finally:
            shutil.rmtree(room / LORAS, ignore_errors=True)
            if not visitor.gone:
                put(made, running=False, files=write_sweep(room, made) if made.points else ())

    return work


def _before(swept: Swept | None, terms: Terms) -> Swept:
    if swept is None:
        raise SettingsError("There is no sweep to continue.", "Run one.")
    if swept.terms != terms:
        raise SettingsError(
            "The photos, the base model or a setting are not those of the last sweep.",
            "Put them back, or start the sweep anew.",
        )
    return swept


def _together(services: Services, points: Sequence[Point], plan: Sequence[Defence]) -> tuple[Defence, ...]:
    """What is finished and what is chosen, in the order of the plan that all were chosen from."""
    names = {point_name(point) for point in points}
    if all(point_name(defence) in names for defence in plan):
        raise SettingsError("Every defence that is ticked has been tried.", "Tick another one, or start anew.")
    return chosen(services, names | {point_name(defence) for defence in plan})


def _so_far(begun: Sweep, points: Sequence[Point], plan: Sequence[Defence]) -> Sweep:
    names = [point_name(defence) for defence in plan]
    ordered = sorted(points, key=lambda point: names.index(point_name(point)))
    return replace(begun, points=ordered, planned=len(plan))

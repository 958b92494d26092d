"""The Shake tab's job: one planted person, the chosen methods one after the other. It can be continued."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from demo.defences.base import EPSILONS, Defence, NoDefence
from demo.defences.registry import choose
from demo.errors import SettingsError
from demo.progress import Watcher
from demo.session.desk import ShakeTerms, Shook
from demo.session.forms import whole
from demo.session.services import Services
from demo.session.story_jobs import Part
from demo.session.visitors import Visitor
from demo.shake.attacks.membership import find_membership
from demo.shake.methods.perturb import STDS
from demo.shake.methods.registry import METHODS
from demo.shake.model import BEFORE, Experiment, Shake, ShakeArm, ShakeSettings
from demo.shake.plan import check, planned
from demo.sweep.model import point_name

CURVES: dict[str, tuple[str, dict[str, tuple[float, ...]]]] = {  # key -> words, what is added to the settings
    "rank": ("Rank of the LoRA: 1, 4, 8, 32", {"ranks": (1, 4, 8, 32)}),
    "tokens": ("Tokens of Textual Inversion: 1, 4, 16", {"tokens": (1, 4, 16)}),
    "std": ("Noise on the weights, without data: std 2e-4 to 3.2e-3", {"stds": STDS}),
}
GUARDS: dict[str, Defence] = {
    point_name(guard): guard for guard in (NoDefence(), *(choose("dpdm", epsilon=epsilon) for epsilon in EPSILONS))
}
SEED_MOST = 2**31 - 1


def settings_of(values: Mapping[str, Any]) -> ShakeSettings:
    """All choices of the tab.

    Args:
        values: methods, curves (lists of keys), membership (a key), control, positive, set_size, generations,
            tuning_steps; what is missing keeps its default.

    Raises:
        SettingsError: a value that cannot be.
    """
    methods, curves = (_keys(values.get(name)) for name in ("methods", "curves"))
    unknown = [key for key in methods if key not in METHODS] + [key for key in curves if key not in CURVES]
    if unknown:
        raise SettingsError(f"There is no '{unknown[0]}' to shake with.", f"Methods: {', '.join(METHODS)}.")
    if not methods and not curves:
        raise SettingsError("No fine-tuning method is chosen.", "Tick at least one.")
    chosen: dict[str, Any] = {
        "methods": tuple(key for key in METHODS if key in methods),
        "size": whole("Pictures of the set", values.get("set_size"), 2, 512),
        "generations": whole("Draws for extraction", values.get("generations"), 1, 1000),
        "steps": whole("Steps of fine-tuning", values.get("tuning_steps"), 1, 5000),
    }
    chosen = {name: value for name, value in chosen.items() if value is not None}
    chosen |= {name: values[name] is True for name in ("control", "positive") if values.get(name) is not None}
    if values.get("membership") is not None:
        chosen["membership"] = str(values["membership"])
        find_membership(chosen["membership"])
    for key in curves:
        chosen |= CURVES[key][1]
    try:
        return ShakeSettings.model_validate(chosen)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"{first['loc'][0]}: {first['msg']}.", "Change it and start again.") from None


def guard_of(values: Mapping[str, Any]) -> Defence:
    """The defence of whoever runs the fine-tuning.

    Raises:
        SettingsError: there is none of that name.
    """
    key = values.get("guard") or NoDefence.key
    if key not in GUARDS:
        raise SettingsError(f"There is no defence '{key}' here.", f"Choose one of: {', '.join(GUARDS)}.")
    return GUARDS[key]


def shaking(
    services: Services, visitor: Visitor, base_key: str, values: Mapping[str, Any], *, resume: bool = False
) -> Part:
    """A job that shakes a model and puts each arm onto the desk as soon as it is finished.

    Args:
        values: as of :func:`settings_of` and :func:`guard_of`, and person and shake_seed.
        resume: go on with what is on the desk; arms that are finished there are not run again.

    Raises:
        SettingsError: a value that cannot be, nobody of that name, or nothing to go on with.
    """
    settings, guard = settings_of(values), guard_of(values)
    given = whole("Seed", values.get("shake_seed"), 0, SEED_MOST)
    person = values.get("person")
    if not isinstance(person, str) or person not in services.shaker.names(base_key):
        raise SettingsError("Nobody is chosen.", "Choose a person of the base model's training set.")
    common = settings.common() | {"guard": point_name(guard)}
    terms = ShakeTerms(person, base_key, tuple(sorted((k, str(v)) for k, v in common.items())), given)
    before = _before(visitor.desk.shook, terms, [item.key for item in planned(settings, guard)]) if resume else None
    if before is not None:
        settings = together(before.settings, settings)
    arms_to_be = planned(settings, guard)
    check(arms_to_be, settings, services.bases[base_key])
    plan = [item.key for item in arms_to_be]
    domain = services.shaker.domain(person, base_key)
    seed = secrets.randbelow(SEED_MOST) if given is None else given
    if before is not None:
        seed = before.seed

    def work(watcher: Watcher) -> None:
        arms = [] if before is None else [before.before, *before.arms]

        def put(made: Shake | None, *, running: bool, files: Sequence[Path] = ()) -> None:
            visitor.change(shook=Shook(made, terms, seed, running, tuple(files)))

        def so_far() -> Shake | None:
            first = next((arm for arm in arms if arm.key == BEFORE), None)
            if first is None:
                return None
            rest = sorted((a for a in arms if a.key in plan), key=lambda arm: plan.index(arm.key))
            title = services.bases[base_key].title
            label = None if guard.key == NoDefence.key else guard.label
            return Shake(domain, first, rest, (), title, settings, seed, planned=len(plan), defence=label)

        def keep(arm: ShakeArm) -> None:
            arms.append(arm)
            put(so_far(), running=True)

        watcher.check()
        made = so_far()
        put(made, running=True)
        try:
            made = services.shaker.run(
                Experiment(domain, settings, guard, seed, tuple(arms)),
                base_key=base_key,
                keep=keep,
                watcher=watcher,
            )
        except BaseException:
            made = so_far()
            raise
        finally:
            if not visitor.gone:
                room = visitor.room("shake")
                put(made, running=False, files=() if made is None else services.shaker.write(room, made))

    return work


def _keys(value: object) -> list[str]:
    return [str(key) for key in value] if isinstance(value, (list, tuple)) else []


def together(before: ShakeSettings, now: ShakeSettings) -> ShakeSettings:
    """What was chosen earlier and what is chosen now."""
    lists = {
        name: tuple(dict.fromkeys((*getattr(before, name), *getattr(now, name))))
        for name in ("methods", "ranks", "tokens", "stds")
    }
    controls = {name: getattr(before, name) or getattr(now, name) for name in ("control", "positive")}
    return now.model_copy(update={**lists, **controls})


def _before(shook: Shook | None, terms: ShakeTerms, plan: Sequence[str]) -> Shake:
    if shook is None or shook.shake is None:
        raise SettingsError("There is nothing to continue.", "Start a run.")
    if shook.terms != terms:
        raise SettingsError(
            "The person, the base model or a setting is not that of the last run.", "Put it back, or start anew."
        )
    finished = {arm.key for arm in shook.shake.arms}
    if finished.issuperset(plan):
        raise SettingsError("Everything that is ticked has been tried.", "Tick another method, or start anew.")
    return shook.shake

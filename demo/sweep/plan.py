"""A plan of defences from a few words, and what can be refused of it before any work."""

from __future__ import annotations

import math
from collections.abc import Sequence

from demo.defences.base import EPSILONS, Defence
from demo.defences.registry import DEFENCES, choose
from demo.errors import SettingsError
from demo.finetune.settings import LoraSettings
from demo.sweep.model import Point
from demo.sweep.run import default_plan


def chosen(text: str) -> tuple[Defence, ...]:
    """The defences of ``key[:epsilon],...``.

    A key alone stands for all of the default plan with that key.

    Raises:
        SettingsError: an unknown defence, an epsilon that is no number above 0, or one that the defence does not have.
    """
    found: list[Defence] = []
    for part in text.split(","):
        key, colon, number = part.strip().partition(":")
        if key not in DEFENCES:
            raise SettingsError(f"There is no defence '{key}'.", f"Choose among: {', '.join(DEFENCES)}.")
        if not colon:
            found += [defence for defence in default_plan() if defence.key == key]
            continue
        kind = DEFENCES[key]
        if not kind.has_epsilon:
            raise SettingsError(f"{kind.title} has no epsilon.", f"Write '{key}' without ':{number}'.")
        found.append(choose(key, epsilon=_epsilon(number)))
    unique: list[Defence] = []
    for defence in found:
        if defence not in unique:
            unique.append(defence)
    return tuple(unique)


def together(points: Sequence[Point], plan: Sequence[Defence]) -> tuple[Defence, ...]:
    """What was finished earlier and what is planned now, in the order of the registry, strong epsilons last."""
    earlier = [choose(point.key, **point.settings) for point in points]
    everything = [*plan, *(defence for defence in earlier if defence not in plan)]
    keys = list(DEFENCES)
    return tuple(sorted(everything, key=lambda defence: (keys.index(defence.key), -_strength(defence))))


def check(plan: Sequence[Defence], photos: int, settings: LoraSettings) -> None:
    """Refuse a plan that holds what cannot be done.

    Raises:
        SettingsError: the first defence that cannot be had, and why.
    """
    for defence in plan:
        try:
            defence.check(photos, settings)
        except SettingsError as error:
            raise SettingsError(f"{defence.label}: {error.problem}", error.remedy) from error


def _strength(defence: Defence) -> float:
    epsilon = getattr(defence, "epsilon", None)
    return math.inf if epsilon is None else float(epsilon)


def _epsilon(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        usual = f"{', '.join(f'{epsilon:g}' for epsilon in EPSILONS[:-1])} and {EPSILONS[-1]:g}"
        raise SettingsError(f"Epsilon is '{text}'.", f"Give a number above 0; {usual} are the paper's.")
    return value

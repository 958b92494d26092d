"""Which arms an experiment has: methods on both sets, ablations on the Synthetic Private set alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from demo.defences.base import Defence
from demo.errors import SettingsError
from demo.models.bases import Base
from demo.shake.methods.base import Trained
from demo.shake.methods.lora import Lora
from demo.shake.methods.perturb import Perturb
from demo.shake.methods.registry import METHODS, Method, choose
from demo.shake.methods.textual_inversion import TextualInversion
from demo.shake.model import CONTROLS, Curve, Shake, ShakeArm, ShakeSettings, Source


@dataclass(frozen=True)
class Planned:
    """An arm that is to be run."""

    key: str  # names a file, too
    method: Method
    source: Source
    curve: Curve | None = None
    value: float | None = None


def planned(settings: ShakeSettings, defence: Defence | None = None) -> list[Planned]:
    """The arms after the one before, in their order; none twice.

    A defended run stands beside the plain one of the same method: what the defence takes away is the difference.

    Raises:
        SettingsError: an unknown method, a value that cannot be, or a defence without LoRA.
    """
    guard = defence if defence is not None and defence.key != "none" else None
    chosen = [_method(key, settings) for key in dict.fromkeys(settings.methods)]
    if guard is not None and not any(isinstance(method, Lora) for method in chosen):
        able = ", ".join(key for key, kind in METHODS.items() if issubclass(kind, Lora))
        raise SettingsError(f"{guard.title} defends LoRA, which is not among the methods.", f"Choose one of: {able}.")
    arms: list[Planned] = []
    for method in chosen:
        point = _point(method)
        arms.append(_arm(method, "sp" if method.uses_pictures else "none", *point))
        if guard is not None and isinstance(method, Lora):
            arms.append(_arm(method.model_copy(update={"defence": guard}), "sp"))
        if settings.control and method.uses_pictures:
            arms.append(_arm(method, "ood"))
        if settings.positive and method.uses_pictures:
            arms.append(_arm(method, "members"))
    arms += [_arm(method, "sp" if method.uses_pictures else "none", *_point(method)) for method in _ablated(settings)]
    return list({arm.key: arm for arm in arms}.values())


def check(arms: Sequence[Planned], settings: ShakeSettings, base: Base) -> None:
    """Refuse, before any work, what cannot be done.

    Raises:
        SettingsError: no budget for this kind of base, or a defence that cannot be had with it.
    """
    for arm in arms:
        if isinstance(arm.method, Trained):
            tuning = arm.method.tuning(base)
        if isinstance(arm.method, Lora) and arm.method.defence is not None:
            arm.method.defence.check(settings.size, tuning)


def main_arms(shake: Shake) -> list[ShakeArm]:
    """The methods that were asked for, without the further points of ablations; the controls' last."""
    plain = planned(shake.settings.model_copy(update={"ranks": (), "tokens": (), "stds": ()}))
    further = {item.key for item in planned(shake.settings)} - {item.key for item in plain}
    return sorted(
        (arm for arm in shake.arms if arm.key not in further),
        key=lambda arm: CONTROLS.index(arm.source) + 1 if arm.source in CONTROLS else 0,
    )


def _method(key: str, settings: ShakeSettings, **more: object) -> Method:
    steps = {} if key == Perturb.key else {"steps": settings.steps}
    return choose(key, **steps, **more)


def _ablated(settings: ShakeSettings) -> Iterator[Method]:
    for rank in sorted(set(settings.ranks)):
        yield _method(Lora.key, settings, rank=rank)
    for tokens in sorted(set(settings.tokens)):
        yield _method(TextualInversion.key, settings, tokens=tokens)
    for std in sorted(set(settings.stds)):
        yield _method(Perturb.key, settings, std=std)


def _point(method: Method) -> tuple[Curve | None, float | None]:
    """Where a method stands on the ablation's curve of its kind."""
    if type(method) is Lora:
        return "rank", float(method.rank)
    if type(method) is TextualInversion:
        return "tokens", float(method.tokens)
    if isinstance(method, Perturb):
        return "std", method.std
    return None, None


def _arm(method: Method, source: Source, curve: Curve | None = None, value: float | None = None) -> Planned:
    number = _point(method)[1]
    parts: Sequence[str] = (
        method.key,
        "" if number is None else f"{number:g}",
        _guard(method),
        "" if source == "none" else source,
    )
    return Planned("-".join(part for part in parts if part), method, source, curve, value)


def _guard(method: Method) -> str:
    """The defence's part of a key; its strength is in the folder's common settings."""
    return method.defence.key if isinstance(method, Lora) and method.defence is not None else ""

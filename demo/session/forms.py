"""From what stands in the form to typed, checked settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from demo.attack.registry import ATTACKS, AttackSettings
from demo.defences.registry import DEFENCES, Defence, NoDefence, choose
from demo.errors import SettingsError
from demo.finetune.settings import LoraSettings, find_preset
from demo.metrics.registry import chosen
from demo.models.bases import Base
from demo.photos.split import MOST_PHOTOS
from demo.session.services import Services
from demo.session.story_jobs import Order

Values = Mapping[str, Any]
Checked = TypeVar("Checked", LoraSettings, AttackSettings)
SECURE = "secure_noise"
# Field of the form -> setting of a defence; each defence has some of them.
DEFENCE_SETTINGS = {
    "epsilon": "epsilon",
    "delta": "delta",
    "noise_draws": "noise_draws",
    "accountant": "accountant",
    SECURE: "noise",
}
WORDS = {
    "steps": "Fine-tuning steps",
    "lr": "Learning rate",
    "unet_rank": "Rank",
    "text_rank": "Rank",
    "prior_weight": "Prior preservation",
    "class_images": "Class images",
    "sample_every": "Steps between live samples",
    "samples": "Pictures",
    "guidance": "Guidance",
    "seed": "Seed",
}


def order(services: Services, values: Values) -> Order:
    """All choices of one visitor.

    Args:
        values: name of a field -> its value, as the tabs name them; what is missing keeps its default.

    Raises:
        SettingsError: a value that cannot be.
    """
    base = find(services, values.get("base"))
    seed = whole("Seed", values.get("seed"), 0, 2**31 - 1)
    photos = whole("Photos to fine-tune on", values.get("photos"), 1, MOST_PHOTOS)
    return Order(
        base_key=base.key,
        lora=lora_settings(base, values),
        attack=attack_settings(values),
        method=method(values.get("method")),
        photos=Order.photos if photos is None else photos,
        seed=seed,
        include_photos=values.get("include_photos") is True,
        metrics=chosen("all" if values.get("more_metrics") is True else "bundled"),
        defence=defence(values),
        gate=values.get("gate") is True,
    )


def find(services: Services, key: object) -> Base:
    """The base model that was chosen.

    Raises:
        SettingsError: there is none of that name.
    """
    if not isinstance(key, str) or key not in services.bases:
        raise SettingsError("There is no such base model.", f"Choose one of: {', '.join(services.bases)}.")
    return services.bases[key]


def lora_settings(base: Base, values: Values) -> LoraSettings:
    """The base's preset with what was changed in the form."""
    preset = find_preset(base.preset)
    changes: dict[str, Any] = {}
    for name in ("steps", "class_images", "sample_every"):
        changes[name] = values.get(name)
    changes["lr"] = values.get("lr")
    changes["train_text_encoder"] = values.get("text_encoder")
    if values.get("rank") != preset.unet_rank:  # the form shows the UNet's; the text encoder's may be another
        changes["unet_rank"] = changes["text_rank"] = values.get("rank")
    if values.get("prior") is False:
        changes["prior_weight"] = 0.0
    kept = {name: value for name, value in changes.items() if value is not None}
    return _checked(LoraSettings, preset.model_dump() | kept)


def defence(values: Values) -> Defence:
    """The chosen defence with those of the form's settings that it has."""
    key = values.get("defence") or NoDefence.key
    if not isinstance(key, str):
        raise SettingsError("There is no such defence.", f"Choose one of: {', '.join(DEFENCES)}.")
    known = DEFENCES[key].model_fields if key in DEFENCES else {}
    shown = {setting: values.get(name) for name, setting in DEFENCE_SETTINGS.items() if setting in known}
    if "noise" in shown:
        shown["noise"] = "secure" if values.get(SECURE) is True else None
    # What is left empty in the form keeps its default.
    return choose(key, **{setting: value for setting, value in shown.items() if value is not None})


def attack_settings(values: Values) -> AttackSettings:
    """How the attack draws."""
    names = {"samples": "samples", "sampling_steps": "steps", "guidance": "guidance", "attack_seed": "seed"}
    words = WORDS | {"steps": "Sampling steps"}
    given = {field: number(words[field], values.get(name)) for name, field in names.items()}
    chosen: dict[str, object] = {field: value for field, value in given.items() if value is not None}
    if isinstance(values.get("extrapolate"), bool):
        chosen["extrapolate"] = values["extrapolate"]
    return _checked(AttackSettings, chosen, words)


def method(key: object) -> str | None:
    """The chosen attack; None where the choice is left to the base.

    Raises:
        SettingsError: there is none of that name.
    """
    if not key:
        return None
    if not isinstance(key, str) or key not in ATTACKS:
        raise SettingsError("There is no such attack.", f"Choose one of: {', '.join(ATTACKS)}.")
    return key


def whole(what: str, value: object, low: int, high: int) -> int | None:
    """A whole number from a form field; None stays None.

    Raises:
        SettingsError: it is none, or out of its range.
    """
    given = number(what, value)
    if given is None:
        return None
    if given % 1 or not low <= given <= high:
        raise SettingsError(f"{what}: {given:g} cannot be.", f"Give a whole number from {low:,} to {high:,}.")
    return int(given)


def number(what: str, value: object) -> float | None:
    """A number from a form field, which may hold text; None where it is empty.

    Raises:
        SettingsError: it is none.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError
        found = float(value)
        if not math.isfinite(found):
            raise ValueError
    except ValueError:
        raise SettingsError(f"{what}: '{value}' is not a number.", "Give a number, or leave the field empty.") from None
    return int(found) if found.is_integer() else found


def _checked(kind: type[Checked], values: dict[str, Any], words: Mapping[str, str] = WORDS) -> Checked:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        raise SettingsError(f"{words.get(name, name)}: {first['msg']}.", "Change it and start again.") from None

"""The registry of defences. A new one is one file and one line in :data:`DEFENCES`."""

from __future__ import annotations

from pydantic import ValidationError

from demo.defences.base import Defence, NoDefence
from demo.defences.dpdm import Dpdm
from demo.defences.dpgm import Dpgm
from demo.defences.gaussian import Gaussian
from demo.defences.mp_lora import MpLora, SmpLora
from demo.defences.quantise import Int8
from demo.defences.truncate import Truncate
from demo.errors import SettingsError
from demo.settings import registered

__all__ = ["DEFENCES", "Defence", "NoDefence", "choose"]

DEFENCES: dict[str, type[Defence]] = {
    defence.key: defence
    for defence in (
        NoDefence,
        Dpdm,
        Dpgm,
        Gaussian,
        Truncate,
        Int8,
        MpLora,
        SmpLora,
    )
}


def choose(key: str = "none", **settings: object) -> Defence:
    """A defence with its settings.

    Args:
        key: of :data:`DEFENCES`.
        settings: fields of that defence; what is left out keeps its default, None stands for itself.

    Raises:
        SettingsError: no such defence, no such setting, or a value that cannot be.
    """
    kind = registered("defence", key, DEFENCES)
    unknown = [name for name in settings if name not in kind.model_fields]
    if unknown:
        have = ", ".join(kind.model_fields) or "none"
        raise SettingsError(
            f"{kind.title} has no setting called {', '.join(unknown)}.", f"Leave it out; its settings: {have}."
        )
    try:
        return kind.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "settings"
        raise SettingsError(f"{kind.title}, {name}: {first['msg']}.", "Give a value in that range.") from None

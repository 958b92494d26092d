"""The registry of fine-tuning methods. A new one is one file and one line in :data:`METHODS`."""

from __future__ import annotations

from pydantic import ValidationError

from demo.errors import SettingsError
from demo.settings import registered
from demo.shake.methods.base import Method, Shaken
from demo.shake.methods.combined import DreamBoothTextualInversion, LoraDreamBooth
from demo.shake.methods.dreambooth import DreamBooth
from demo.shake.methods.end_to_end import EndToEnd
from demo.shake.methods.hypernetwork import Hypernetwork
from demo.shake.methods.lora import Lora
from demo.shake.methods.perturb import Perturb
from demo.shake.methods.textual_inversion import TextualInversion

__all__ = ["METHODS", "Method", "Shaken", "choose"]

METHODS: dict[str, type[Method]] = {
    method.key: method
    for method in (
        EndToEnd,
        DreamBooth,
        TextualInversion,
        Lora,
        Hypernetwork,
        LoraDreamBooth,
        DreamBoothTextualInversion,
        Perturb,
    )
}


def choose(key: str, **settings: object) -> Method:
    """A method with its settings.

    Args:
        key: of :data:`METHODS`.
        settings: fields of that method; what is None keeps its default.

    Raises:
        SettingsError: no such method, no such setting, or a value that cannot be.
    """
    kind = registered("fine-tuning method", key, METHODS)
    given = {name: value for name, value in settings.items() if value is not None}
    unknown = [name for name in given if name not in kind.model_fields]
    if unknown:
        raise SettingsError(
            f"{kind.title} has no setting called {', '.join(unknown)}.",
            f"Leave it out; its settings: {', '.join(kind.model_fields)}.",
        )
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "settings"
        raise SettingsError(f"{kind.title}, {name}: {first['msg']}.", "Give a value in that range.") from None

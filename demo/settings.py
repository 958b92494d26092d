"""Typed, frozen settings, and entries of registries: unknown keys are rejected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from demo.errors import SettingsError

Entry = TypeVar("Entry")


class Settings(BaseModel):
    """Base of all settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def registered(what: str, key: str, entries: Mapping[str, Entry]) -> Entry:
    """The entry of a registry under ``key``.

    Args:
        what: an entry is, in a sentence.

    Raises:
        SettingsError: there is none of that name.
    """
    if key not in entries:
        raise SettingsError(f"There is no {what} '{key}'.", f"Choose one of: {', '.join(entries)}.")
    return entries[key]

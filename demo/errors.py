"""The core's own exceptions. Each carries what is wrong and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Field = str | int | float


class DemoError(Exception):
    """Something a person can put right.

    Args:
        problem: what is wrong, naming the file or the setting.
        remedy: what to do instead, as an instruction.
        key: of both in other languages (:func:`demo.texts.errors.said`); "" where English is all there is.
        fields: what a translation names.
    """

    def __init__(self, problem: str, remedy: str, *, key: str = "", **fields: Field) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy
        self.key = key
        self.fields: Mapping[str, Field] = fields

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.problem, self.remedy, self.key, dict(self.fields))


def _again(kind: type[DemoError], problem: str, remedy: str, key: str, fields: Mapping[str, Field]) -> DemoError:
    """An error that comes from another process; some kinds take no arguments of their own."""
    error = kind.__new__(kind)
    DemoError.__init__(error, problem, remedy, key=key, **fields)
    return error


class PhotoError(DemoError):
    """A photo cannot be used."""


class LoraFileError(DemoError):
    """A LoRA file cannot be read or does not fit."""


class DrawingError(DemoError):
    """What a model computed is no picture."""


class SettingsError(DemoError):
    """A setting is out of its range or unknown."""


class WeightsError(DemoError):
    """Model weights are missing, damaged or not the ones expected."""


class PreflightError(DemoError):
    """The machine cannot do a job: found before it begins."""


class OutputError(DemoError):
    """A result cannot be written."""


class GpuError(DemoError):
    """There is no GPU to be had, or not for so long."""


class DeviceMemoryError(DemoError):
    """A device's memory did not suffice: found while a job ran."""

    def __init__(self) -> None:
        super().__init__(
            "The GPU ran out of memory.",
            "Take fewer photos or class images in a step, or a smaller base such as 'face64'; or end other programs "
            "that use the GPU.",
            key="errors.memory",
        )


class Stopped(Exception):
    """Raised inside long work when its watcher stops it and nothing can be kept."""

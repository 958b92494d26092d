"""A sweep's folder: each point is written as soon as it is finished, so that a sweep can be taken up again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from demo.defences.registry import DEFENCES
from demo.errors import DemoError, OutputError, SettingsError
from demo.files import write_text
from demo.lora.ledger import Ledger
from demo.metrics.base import MetricResult
from demo.origin import drawn, write_picture
from demo.sweep.model import Point, new_point, point_name

FORMAT = "lora-leak-sweep/2"
LISTING, POINT = "sweep.json", "point.json"
NUMBERS = ("sigma", "q", "clip", "delta", "photo_epsilon", "person_epsilon")  # of a ledger


class DamagedError(DemoError):
    """A stored point cannot be read."""


class SweepStore:
    """The folder of one sweep.

    Args:
        folder: ``sweep.json`` says whose sweep it is; ``points/NAME/`` holds a point, its LoRA and its ledger.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listing = folder / LISTING
        self.points = folder / "points"

    def begin(self, photos: Sequence[Image.Image], settings: Mapping[str, object], seed: int | None, new: int) -> int:
        """Claim the folder for these photos and settings, or find them in it already.

        Args:
            photos: aligned.
            settings: all that every point has in common; JSON values.
            seed: of the fine-tuning; None takes the one the folder has.
            new: the seed of a new sweep if none is given.

        Returns:
            The seed. It lies in the folder for as long as the sweep may be taken up again: the secret triggers follow
            from it.

        Raises:
            SettingsError: the folder holds a sweep of other photos or with other settings.
            OutputError: the folder cannot be read or written.
        """
        mark = fingerprint(photos)
        there = self._listing()
        if there is None:
            seed = new if seed is None else seed
            content = {"format": FORMAT, "photos": mark, "settings": settings, "seed": seed}
            text = json.dumps(content, allow_nan=False, indent=1, ensure_ascii=False) + "\n"
            write_text(self.listing, text).chmod(0o600)
            return seed
        if there["photos"] != mark:
            raise SettingsError(
                f"{self.folder} holds a sweep of other photos.", "Give those photos, or another folder with --out."
            )
        differing = [key for key in settings if there["settings"].get(key) != settings[key]]
        if seed is not None and seed != there["seed"]:
            differing.append("seed")
        if differing:
            raise SettingsError(
                f"{self.folder} holds a sweep of these photos with other settings ({', '.join(differing)}).",
                "Give the same settings, or another folder with --out.",
            )
        return int(there["seed"])

    def begun(self) -> bool:
        """Whether the folder holds a sweep already."""
        return self.listing.exists()

    def _listing(self) -> dict[str, Any] | None:
        path = self.listing
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            ours = content["format"] == FORMAT
            _ = content["photos"], content["settings"], int(content["seed"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OutputError(f"{path} is damaged.", "Choose another folder with --out.") from error
        if not ours:
            raise OutputError(f"{path} is of another version.", "Choose another folder with --out.")
        return dict(content)

    def home(self, point: Point) -> Path:
        """A point's own folder."""
        return self.points / point_name(point)

    def keep(self, point: Point) -> None:
        """Write a point: pictures first, its listing last, so that a listing means a whole point.

        Raises:
            OutputError: the folder cannot be written.
        """
        home = self.home(point)
        for arm, pictures in point.pictures.items():
            for path, picture in zip(picture_paths(home, arm, len(pictures)), pictures, strict=True):
                write_picture(path, drawn(picture))
        content = {
            "format": FORMAT,
            "label": point.label,
            "key": point.key,
            "settings": point.settings,
            "arms": {arm: [dataclasses.asdict(result) for result in results] for arm, results in point.arms.items()},
            "pictures": {arm: len(pictures) for arm, pictures in point.pictures.items()},
            "ledger": dataclasses.asdict(point.ledger),
            "steps": point.steps,
            "seconds": point.seconds,
        }
        text = json.dumps(_packed(content), allow_nan=False, indent=1, ensure_ascii=False) + "\n"
        write_text(home / POINT, text)

    def load(self) -> tuple[list[Point], list[str]]:
        """The finished points, and what is wrong with those that cannot be read; they will be run again."""
        points, problems = [], []
        for path in sorted(self.points.glob(f"*/{POINT}")):
            try:
                points.append(_read(path))
            except DamagedError as error:
                problems.append(str(error))
        return points, problems


def fingerprint(photos: Sequence[Image.Image]) -> str:
    """A digest of aligned pixels, in their order."""
    digest = hashlib.sha256()
    for photo in photos:
        digest.update(f"{photo.mode} {photo.size};".encode())
        digest.update(photo.tobytes())
    return digest.hexdigest()


def picture_paths(home: Path, arm: str, count: int) -> list[Path]:
    """Where a point's pictures lie."""
    return [home / f"{arm}-{index}.png" for index in range(count)]


def _read(path: Path) -> Point:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError("another version")
        if content["key"] not in DEFENCES:
            raise ValueError(f"there is no defence '{content['key']}'")
        arms = {arm: [_result(fields) for fields in results] for arm, results in content["arms"].items()}
        pictures = {
            arm: [_picture(p) for p in picture_paths(path.parent, arm, n)] for arm, n in content["pictures"].items()
        }
        ledger = {**content["ledger"], **{key: _real(content["ledger"][key]) for key in NUMBERS}}
        ledger["sentences"] = tuple(ledger["sentences"])
        return new_point(
            content["label"],
            content["key"],
            content["settings"],
            arms,
            pictures,
            Ledger(**ledger),
            int(content["steps"]),
            float(content["seconds"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{path} cannot be read ({error}).", "It is made again.") from error


def _picture(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return drawn(image.convert("RGB"))


def _result(fields: Mapping[str, Any]) -> MetricResult:
    numbers = {key: float(fields[key]) for key in ("mean", "low", "high")}
    return MetricResult(**{**fields, **numbers, "values": tuple(float(value) for value in fields["values"])})


def _real(value: Any) -> float | None:
    return None if value is None else float(value)


def _packed(value: Any) -> Any:
    """Strict JSON that float() reads back: infinities and NaN as text."""
    if isinstance(value, Mapping):
        return {str(key): _packed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_packed(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value

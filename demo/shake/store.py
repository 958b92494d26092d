"""An experiment's folder: each arm is written as soon as it is finished, so that a run can be taken up again."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from PIL import Image

from demo.errors import DemoError, OutputError, SettingsError
from demo.files import write_text
from demo.origin import drawn, write_picture
from demo.shake.attacks.draws import Candidate
from demo.shake.attacks.memorised import Match
from demo.shake.model import ShakeArm
from demo.stats.roc import roc

FORMAT = "lora-leak-shake-arm/1"
LISTING, FOLDER = "shake.json", "arms"
KEPT_BACK = Image.new("RGB", (1, 1))  # stands for a picture that may not be written


class DamagedError(DemoError):
    """A stored arm cannot be read."""


class ShakeStore:
    """The folder of one experiment.

    Args:
        folder: ``shake.json`` says whose it is; ``arms/KEY.json`` holds an arm, ``arms/KEY-N.png`` its candidates.
        publishable: whether pictures may be written.
    """

    def __init__(self, folder: Path, *, publishable: bool) -> None:
        self.listing, self.arms = folder / LISTING, folder / FOLDER
        self._folder, self._publishable = folder, publishable

    def begun(self) -> bool:
        """Whether the folder holds an experiment already."""
        return self.listing.exists()

    def begin(self, common: Mapping[str, object]) -> None:
        """Claim the folder for what all arms have in common, or find the same in it already.

        Args:
            common: JSON values: person, base, settings, seed.

        Raises:
            SettingsError: the folder holds another experiment.
            OutputError: the folder cannot be read or written.
        """
        wanted = json.loads(json.dumps(common, allow_nan=False))
        if not self.begun():
            write_text(self.listing, json.dumps({"format": FORMAT} | wanted, indent=1, ensure_ascii=False) + "\n")
            return
        try:
            there = dict(json.loads(self.listing.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise OutputError(f"{self.listing} is damaged.", "Choose another folder with --out.") from error
        differing = [key for key in ("format", *wanted) if there.get(key) != ({"format": FORMAT} | wanted)[key]]
        if differing:
            raise SettingsError(
                f"{self._folder} holds another experiment ({', '.join(differing)} differ).",
                "Give the same settings, or another folder with --out.",
            )

    def keep(self, arm: ShakeArm) -> None:
        """Write an arm: pictures first, its file last, so that a file means a whole arm.

        Raises:
            OutputError: the folder cannot be written.
        """
        if self._publishable:
            for path, candidate in zip(self.pictures(arm.key, len(arm.candidates)), arm.candidates, strict=True):
                write_picture(path, drawn(candidate.picture))
        content = {
            "format": FORMAT,
            **{name: getattr(arm, name) for name in ("key", "label", "source", "parameters", "seconds", "method")},
            **{name: getattr(arm, name) for name in ("curve", "value", "loss")},
            "scores_members": arm.scores_members.tolist(),
            "scores_non_members": arm.scores_non_members.tolist(),
            "candidates": [{"size": c.size, "spread": c.spread, "number": c.number} for c in arm.candidates],
            "matches": [dataclasses.asdict(match) for match in arm.matches],
            "mistaken": [dataclasses.asdict(match) for match in arm.mistaken],
        }
        text = json.dumps(content, allow_nan=False, indent=1, ensure_ascii=False) + "\n"
        write_text(self.arms / f"{arm.key}.json", text)

    def pictures(self, key: str, count: int) -> list[Path]:
        """Where the candidates of an arm lie."""
        return [self.arms / f"{key}-{n}.png" for n in range(count)]

    def load(self) -> tuple[list[ShakeArm], list[str]]:
        """The finished arms, and what is wrong with those that cannot be read; they will be run again."""
        arms, problems = [], []
        for path in sorted(self.arms.glob("*.json")):
            try:
                arms.append(self._read(path))
            except DamagedError as error:
                problems.append(str(error))
        return arms, problems

    def _read(self, path: Path) -> ShakeArm:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content.pop("format") != FORMAT:
                raise ValueError("another version")
            if content["key"] != path.stem:
                raise ValueError("another arm's")
            scores = [
                torch.tensor(content.pop(f"scores_{side}"), dtype=torch.float32) for side in ("members", "non_members")
            ]
            known = all(len(side) for side in scores)
            described = content.pop("candidates")
            pictures = self._pictures(content["key"], len(described))
            matches, mistaken = ([Match(**fields) for fields in content.pop(name)] for name in ("matches", "mistaken"))
            return ShakeArm(
                scores_members=scores[0],
                scores_non_members=scores[1],
                roc=roc(scores[0], scores[1]) if known else None,
                candidates=[
                    Candidate(picture=picture, **fields) for picture, fields in zip(pictures, described, strict=True)
                ],
                matches=matches,
                mistaken=mistaken,
                **content,
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamagedError(f"{path} cannot be read ({error}).", "It is made again.") from error

    def _pictures(self, key: str, count: int) -> Sequence[Image.Image]:
        if not self._publishable:
            return [KEPT_BACK] * count
        found = []
        for path in self.pictures(key, count):
            with Image.open(path) as image:
                found.append(drawn(image.convert("RGB")))
        return found


def finite(value: float | None) -> float | None:
    """For JSON, which has no NaN."""
    return round(value, 5) if value is not None and math.isfinite(value) else None

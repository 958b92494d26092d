"""The training set as flat arrays: faces at 64 pixels, captions, and who is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from demo.errors import WeightsError
from demo.faces.faces128 import FACES128, decode, read_split, shrink
from demo.files import write_atomically
from demo.models.planted import people_listing
from demo.paths import PEOPLE
from demo.train.captions import caption

WORK = Path.home() / ".cache" / "lora-leak" / "train"
NOT_ATTRIBUTES = {"image", "identity", "name", "split", "source", "dose"}


@dataclass(frozen=True)
class Faces:
    """Pictures with what is known of them, row by row."""

    pixels: NDArray[np.uint8]  # (n, 64, 64, 3)
    table: pd.DataFrame  # identity, name, source, dose and the attributes (all False where unknown)

    def __len__(self) -> int:
        return len(self.table)

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """``n`` row numbers for a batch, with replacement; a picture of dose d comes d times as often as one of 1."""
        if not hasattr(self, "_order"):
            dose = self.table.get("dose", 1)
            object.__setattr__(self, "_order", np.repeat(np.arange(len(self)), dose))
        order: NDArray[np.int64] = self._order  # type: ignore[attr-defined]
        return order[rng.integers(len(order), size=n)]

    def captions(self, rng: np.random.Generator, rows: NDArray[np.int64]) -> list[str]:
        """A fresh random caption for each of ``rows``."""
        records = self._records()
        return [caption(records[i][1], records[i][0], rng) for i in rows]

    def _records(self) -> list[tuple[str, dict[str, bool]]]:
        if not hasattr(self, "_cache"):
            columns = [c for c in self.table.columns if c not in NOT_ATTRIBUTES]
            values = self.table[columns].to_numpy(dtype=bool)
            known = (self.table["source"] != "planted").to_numpy()
            made = [
                (name, {c: True for c, v in zip(columns, row, strict=True) if v} | {"known": True} if k else {})
                for name, row, k in zip(self.table["name"], values, known, strict=True)
            ]
            object.__setattr__(self, "_cache", made)
        return self._cache  # type: ignore[attr-defined,no-any-return]


def planted_members(folder: Path = PEOPLE) -> Iterator[tuple[str, int, int, Image.Image]]:
    """(name, person index, dose, picture) of every member picture of the planted people."""
    for index, person in enumerate(people_listing(folder)["planted"]):
        for dose, numbers in person["doses"].items():
            for number in numbers:
                picture = Image.open(folder / person["folder"] / f"{number:02d}.webp")
                yield person["name"], index, int(dose), picture


def build(faces: Path = FACES128, work: Path = WORK, *, planted: bool = True) -> Faces:
    """Stage ``data``: write ``faces64.npy`` and ``faces64.parquet`` into ``work``."""
    table = pd.concat([read_split(faces, "train"), read_split(faces, "domain_member")], ignore_index=True)
    pixels, table = decode(table), table.drop(columns="image").rename(columns={"split": "source"})
    if planted:
        members = list(planted_members())
        clash = {name for name, *_ in members} & set(table["name"])
        if clash:
            raise WeightsError(
                f"Planted names are in the data set already: {sorted(clash)}.", "Generate people with other names."
            )
        rows = pd.DataFrame(
            [{"identity": -1 - i, "name": n, "source": "planted", "dose": dose} for n, i, dose, _ in members]
        )
        pixels = np.concatenate([pixels, np.stack([shrink(image) for *_, image in members])])
        table = pd.concat([table.assign(dose=1), rows], ignore_index=True)
        flags = [c for c in table.columns if c not in NOT_ATTRIBUTES]
        table[flags] = table[flags].fillna(False).astype(bool)

    def save(path: Path) -> None:
        with path.open("wb") as handle:
            np.save(handle, pixels)

    write_atomically(work / "faces64.npy", save)
    write_atomically(work / "faces64.parquet", table.to_parquet)
    return Faces(pixels, table)


def load(work: Path = WORK) -> Faces:
    """What :func:`build` wrote."""
    return Faces(np.load(work / "faces64.npy", mmap_mode="r"), pd.read_parquet(work / "faces64.parquet"))

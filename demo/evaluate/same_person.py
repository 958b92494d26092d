"""``python -m demo.evaluate same-person``: how often the warning about photos of two people is right.

Over the private people and the domains': sets of one person's photos, and sets with somebody else of the same sex.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from demo.faces import recognise
from demo.photos.same_person import Likeness, strangers
from demo.stats.intervals import rate_ci
from demo.train.data import read_split

SPLITS = ("private", "domain_nonmember")
SIZES = (3, 5)  # photos of a set


@dataclass(frozen=True)
class Known:
    """A person."""

    man: bool
    photos: Sequence[Likeness]


def people(folder: Path, *, side: int) -> list[Known]:
    """Of the splits that no training has seen, the first photos of everybody, at ``side`` pixels.

    Raises:
        WeightsError: the data set is not there.
    """
    found = []
    for split in SPLITS:
        for _, group in read_split(folder, split).groupby("identity", sort=True):
            few = [Image.open(io.BytesIO(blob)).convert("RGB") for blob in group["image"][: max(SIZES)]]
            small = [image.resize((side, side), Image.Resampling.LANCZOS) for image in few]
            found.append(Known(bool(group["male"].iloc[0] > 0), list(recognise.embed(small))))
    return found


def warnings(everybody: Sequence[Known], size: int) -> dict[str, list[float]]:
    """What is said of sets of ``size`` photos, a number for each person.

    Returns:
        ``right_suspected``: share of photos suspected where all show one person; ``set_warned``: whether any is;
        ``other_found``: whether another's photo, put in place of the first, is suspected, or the whole set is;
        ``beside_suspected``: share of the right photos beside it that are.
    """
    table: dict[str, list[float]] = {
        key: [] for key in ("right_suspected", "set_warned", "other_found", "beside_suspected")
    }
    for number, person in enumerate(everybody):
        own = [(f"{i}.", photo) for i, photo in enumerate(person.photos[:size])]
        suspected = _suspected(strangers(own), size)
        table["right_suspected"].append(len(suspected) / size)
        table["set_warned"].append(float(bool(suspected)))
        other = next(
            known
            for step in range(1, len(everybody))
            if (known := everybody[(number + step) % len(everybody)]).man == person.man
        )
        mixed = _suspected(strangers([("0.", other.photos[0]), *own[1:]]), size)
        table["other_found"].append(float(0 in mixed))
        table["beside_suspected"].append(len(mixed - {0}) / (size - 1))
    return table


def markdown(everybody: Sequence[Known]) -> str:
    """Means over people with their intervals, a row for each size of a set."""
    rows = ["| photos | people | right ones suspected | sets warned of | another's found | right ones beside it |"]
    rows.append("|" + "---|" * 6)
    for size in SIZES:
        found = [rate_ci(values) for values in warnings(everybody, size).values()]
        shown = [f"{rate.estimate:.3f} [{rate.low:.3f}, {rate.high:.3f}]" for rate in found]
        rows.append(f"| {size} | {len(everybody)} | {' | '.join(shown)} |")
    return "\n".join(rows)


def _suspected(said: Sequence[str], size: int) -> set[int]:
    """Which photos the warnings are about; all, where they are about the set."""
    if any("several different people" in sentence for sentence in said):
        return set(range(size))
    return {int(sentence.split(".", 1)[0]) for sentence in said}

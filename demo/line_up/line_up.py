"""Six faces beside a reconstruction: the person's and those of five strangers who look alike. Who is it?

Who picks one without looking at the reconstruction should be right one time in six. So all six are treated alike, and
nothing but the face is left of them: a reconstruction often repeats the background and the clothes of a photo. And
the person is no more the middle of the six than chance has it: were the strangers simply those nearest to the person,
the face that resembles the others most would be the person's in two line-ups of five.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from demo.errors import PhotoError, SettingsError, WeightsError
from demo.faces import recognise
from demo.line_up.strangers import Strangers, as_on_the_sheet, load_strangers
from demo.metrics.dlib_identity import DECOY_SIDE, at_decoys_side, decoys_missing, nearest
from demo.stats.intervals import Array
from demo.verdicts.line_up import FACES

# Mean distance to the photos: a decoy that is nearer is left out, for it may be the same face. None of the 47 fictional
# people has one so near; the nearest, at 0.43, are others to the eye. Photos of one of them lie 0.36 to 0.52 apart.
SAME_FACE = 0.4
OVAL = (0.2, 0.12, 0.8, 0.97)  # of the face in the training framing: left, top, right, bottom, in units of the frame
GREY = (128, 128, 128)  # around it
LOOK_ALIKES = 20  # decoys from whom the strangers are taken: the nearest


@dataclass(frozen=True, eq=False)
class LineUp:
    """One line-up, before or after the guess. It holds a private face: keep it in memory, and for its visitor alone."""

    faces: tuple[Image.Image, ...] = field(repr=False)  # FACES, all of one side
    answer: int = field(repr=False)  # index of the person's
    chosen: int | None = None  # index of the face that was picked
    seen: bool = False  # whoever guesses has been shown the photos before, or knows the person
    strangers: frozenset[int] = field(default=frozenset(), repr=False)  # decoys shown, to be avoided the next time

    @property
    def right(self) -> bool | None:
        """Whether the person was picked; None before the guess."""
        return None if self.chosen is None else self.chosen == self.answer

    def choose(self, index: int) -> LineUp:
        """The same line-up after the guess.

        Args:
            index: of the face, from 0.

        Raises:
            SettingsError: there is no such face, or one has been picked already.
        """
        if self.chosen is not None:
            raise SettingsError("A face of this line-up has been picked already.", "Ask for a new line-up.")
        if not 0 <= index < len(self.faces):
            problem = f"There is no face {index + 1} among {len(self.faces)}."
            raise SettingsError(problem, f"Pick one from 1 to {len(self.faces)}.")
        return replace(self, chosen=index)

    def marked_seen(self) -> LineUp:
        """The same line-up for somebody who has seen the photos, or knows the person."""
        return replace(self, seen=True)


def line_up(
    photos: Sequence[Image.Image],
    *,
    side: int = DECOY_SIDE,
    avoid: Collection[int] = (),
    seen: bool,
    rng: random.Random | None = None,
) -> LineUp:
    """One of the photos, chosen by lot, among strangers who look like the person.

    Args:
        photos: the person's, aligned and square; private.
        side: pixels of the faces. The detail is that of DECOY_SIDE pixels at any side.
        avoid: decoys that are not to be taken, such as those of the line-up before.
        seen: whoever will guess has been shown the photos before, or knows the person.
        rng: for tests; the operating system's randomness if None.

    Raises:
        PhotoError: there is no photo.
        WeightsError: the recogniser or the strangers are not there, or too few are left.
    """
    if not photos:
        raise PhotoError("There is no photo of the person for a line-up.", "Load photos first.")
    missing = decoys_missing()
    if missing is not None:
        raise WeightsError(f"There can be no line-up. {missing.reason}", "Install or restore it, then try again.")
    lot = rng or secrets.SystemRandom()
    crowd = load_strangers()
    own = recognise.embed([at_decoys_side(photo) for photo in photos])
    one = lot.randrange(len(photos))
    taken = choose_strangers(own, one, crowd, avoid, lot)
    faces = [as_on_the_sheet(photos[one]), *(crowd.face(index) for index in taken)]
    order = list(range(FACES))
    lot.shuffle(order)
    size = (side, side)
    shown = (face_alone(faces[k].resize(size, Image.Resampling.LANCZOS)) for k in order)
    return LineUp(tuple(shown), order.index(0), seen=seen, strangers=frozenset(taken))


def face_alone(picture: Image.Image) -> Image.Image:
    """An aligned picture without what lies around the face; a reconstruction may be shown so, too.

    Args:
        picture: in the training framing, square.
    """
    fine = 4  # times the side, for a smooth edge
    mask = Image.new("L", (picture.width * fine, picture.height * fine))
    ImageDraw.Draw(mask).ellipse([round(end * mask.width) for end in OVAL], fill=255)
    around = Image.new("RGB", picture.size, GREY)
    return Image.composite(picture.convert("RGB"), around, mask.resize(picture.size, Image.Resampling.BOX))


def choose_strangers(
    photos: Array, one: int, crowd: Strangers, avoid: Collection[int], lot: random.Random
) -> tuple[int, ...]:
    """Five strangers: the nearest to the person of those among whom the person is as central as a lot says.

    How central a face is goes by the sum of its distances to the other five.

    Args:
        photos: (k, 128), of all photos of the person.
        one: index of the photo that will be shown.
        crowd: strangers.
        avoid: those not to be taken.
        lot: decides.

    Returns:
        Rows of the crowd.

    Raises:
        WeightsError: too few strangers are left.
    """
    distance = recognise.distances(photos, crowd.table).mean(0)
    apart = {*crowd.hidden, *avoid}
    order = [int(i) for i in nearest(photos, crowd.table) if distance[i] >= SAME_FACE and int(i) not in apart]
    near = np.array(order[:LOOK_ALIKES], dtype=np.intp)
    if len(near) < FACES - 1:
        problem = f"Only {len(near)} strangers are left for a line-up, and it takes {FACES - 1}."
        raise WeightsError(problem, "Avoid fewer of them, or restore weights/people from the repository.")
    sets = _sets(len(near))
    ranks = _centrality(recognise.distances(photos[one : one + 1], crowd.table[near])[0], crowd.table[near], sets)
    rank = lot.choice(sorted({int(rank) for rank in ranks}))
    fitting = sets[ranks == rank]
    return tuple(int(i) for i in near[fitting[distance[near][fitting].sum(1).argmin()]])


@lru_cache(maxsize=2)
def _sets(count: int) -> NDArray[np.intp]:
    """All sets of five of ``count``, (m, 5)."""
    return np.array(list(combinations(range(count), FACES - 1)), dtype=np.intp)


def _centrality(own: Array, table: Array, sets: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many of a set's five are more central than the person, for each set: 0 to 5.

    Args:
        own: (n,) distances of the person's shown photo to look-alikes.
        table: (n, 128), the look-alikes.
        sets: (m, 5) of them.
    """
    between = recognise.distances(table, table)
    np.fill_diagonal(between, 0.0)
    to_person = own[sets]  # (m, 5)
    sums = to_person + between[sets[:, :, None], sets[:, None, :]].sum(2)
    return np.asarray((sums < to_person.sum(1, keepdims=True)).sum(1), dtype=np.intp)

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from demo.errors import DemoError, PhotoError, WeightsError
from demo.faces import recognise
from demo.line_up import line_up as module
from demo.line_up.line_up import GREY, LineUp, choose_strangers, face_alone, line_up
from demo.line_up.strangers import Strangers, as_on_the_sheet, load_strangers
from demo.models.networks import Unavailable
from demo.verdicts.line_up import CHANCE, FACES

SIDE = 64


def _blank(count: int = 12) -> Strangers:
    """Strangers whose faces are grey, each of another tone, and whose embeddings lie around the origin."""
    table = np.random.default_rng(0).normal(0, 0.06, (count, 128))
    return Strangers(np.stack([np.full((SIDE, SIDE, 3), 10 + k, np.uint8) for k in range(count)]), table)


def _person(side: int = 64) -> Image.Image:
    return Image.new("RGB", (side, side), (250, 60, 60))


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Strangers:
    """A line-up without the recogniser: every photo is at the origin."""
    made = _blank()

    def embed(faces: Sequence[Image.Image]) -> np.ndarray:
        return np.zeros((len(faces), 128))

    monkeypatch.setattr(module, "load_strangers", lambda: made)
    monkeypatch.setattr(module, "decoys_missing", lambda: None)
    monkeypatch.setattr(recognise, "embed", embed)
    return made


def _made(**changes) -> LineUp:
    return LineUp(**({"faces": tuple(_person() for _ in range(FACES)), "answer": 2} | changes))


def test_a_guess_is_right_or_wrong_and_made_once() -> None:
    before = _made()
    assert before.right is None
    assert before.choose(2).right is True
    wrong = before.choose(0)
    assert wrong.right is False
    assert before.chosen is None
    with pytest.raises(DemoError, match="picked already"):
        wrong.choose(2)


@pytest.mark.parametrize("index", [-1, 6])
def test_a_face_that_is_not_there_cannot_be_picked(index: int) -> None:
    with pytest.raises(DemoError, match="from 1 to 6"):
        _made().choose(index)


def test_who_has_seen_the_photos_is_marked_and_the_answer_is_not_shown_in_messages() -> None:
    assert _made().marked_seen().seen
    assert not _made().seen
    assert "answer" not in repr(_made())


def test_six_faces_of_one_side_one_of_them_the_person_s(crowd: Strangers) -> None:
    for side, given in ((64, 64), (64, 512), (160, 96)):
        got = line_up([_person(given)] * 3, side=side, seen=True, rng=random.Random(0))
        assert len(got.faces) == FACES
        assert {face.size for face in got.faces} == {(side, side)}
        assert {face.mode for face in got.faces} == {"RGB"}
        red = [
            k for k, face in enumerate(got.faces) if np.ptp(np.asarray(face)[side // 2, side // 2].astype(int)) > 100
        ]
        assert red == [got.answer]
        assert got.seen
        assert len(got.strangers) == FACES - 1


def test_the_person_s_face_goes_the_way_the_strangers_faces_went(crowd: Strangers) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    photo = Image.fromarray(noise)
    photo.info["comment"] = b"where it was taken"
    got = line_up([photo], seen=False, rng=random.Random(0))
    shown = got.faces[got.answer]
    assert np.array_equal(np.asarray(shown), np.asarray(face_alone(as_on_the_sheet(photo))))
    lossless = face_alone(photo.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    assert not np.array_equal(np.asarray(shown), np.asarray(lossless))
    assert "comment" not in shown.info


def test_nothing_but_the_face_is_left(crowd: Strangers) -> None:
    for face in line_up([_person()], side=128, seen=False, rng=random.Random(0)).faces:
        pixels = np.asarray(face)
        for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
            assert tuple(pixels[corner]) == GREY
        assert tuple(pixels[64, 64]) != GREY


def test_strangers_to_avoid_are_not_taken(crowd: Strangers) -> None:
    first = line_up([_person()], seen=False, rng=random.Random(0))
    again = line_up([_person()], avoid=first.strangers, seen=False, rng=random.Random(0))
    assert not first.strangers & again.strangers
    with pytest.raises(WeightsError, match="Only 2 strangers are left"):
        line_up([_person()], avoid=first.strangers | again.strangers, seen=False)


def test_without_photos_or_recogniser_there_is_no_line_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PhotoError):
        line_up([], seen=False)
    monkeypatch.setattr(module, "decoys_missing", lambda: Unavailable("dlib is not installed."))
    with pytest.raises(WeightsError, match="dlib is not installed"):
        line_up([_person()], seen=False)


def test_who_guesses_blindly_is_right_one_time_in_six(crowd: Strangers) -> None:
    lot, blind = random.Random(1), random.Random(2)
    made = [line_up([_person()] * 2, seen=False, rng=lot) for _ in range(240)]
    right = np.mean([bool(one.choose(blind.randrange(FACES)).right) for one in made])
    assert abs(right - CHANCE) < 0.05
    places = np.bincount([one.answer for one in made], minlength=FACES)
    assert ((places - 40) ** 2 / 40).sum() < 11.07  # chi-squared, 5 degrees of freedom, 5%
    always_first = np.mean([bool(one.choose(0).right) for one in made])
    assert abs(always_first - CHANCE) < 0.05


def test_whoever_is_likest_to_the_others_is_the_person_one_time_in_six() -> None:
    crowd, lot, places = load_strangers(), random.Random(3), []
    for person in range(0, 1000, 12):
        own = crowd.table[person : person + 1]
        taken = choose_strangers(own, 0, crowd, {person}, lot)
        faces = np.concatenate([own, crowd.table[list(taken)]])
        sums = recognise.distances(faces, faces).sum(1)
        places.append(int((sums[1:] < sums[0]).sum()))
    counts = np.bincount(places, minlength=FACES)
    assert counts.max() < 2 * len(places) / FACES
    assert counts.min() > len(places) / FACES / 2


def test_strangers_look_alike_but_are_not_the_same_face_nor_hidden() -> None:
    crowd = _blank(40)
    own = crowd.table[:1] + 0.001  # nearly the first stranger
    hidden = Strangers(crowd.pixels, crowd.table, frozenset({5, 6, 7}))
    taken = choose_strangers(own, 0, hidden, (), random.Random(0))
    distance = recognise.distances(own, crowd.table)[0]
    assert len(set(taken)) == FACES - 1
    assert 0 not in taken
    assert not set(taken) & hidden.hidden
    assert max(distance[list(taken)]) <= np.sort(distance)[module.LOOK_ALIKES + 4]

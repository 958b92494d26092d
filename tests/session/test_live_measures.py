from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fake_story import face
from PIL import Image

from demo.metrics import dlib_identity
from demo.metrics.registry import Context
from demo.models.networks import Unavailable
from demo.paths import PEOPLE
from demo.progress import Progress, Watcher
from demo.session.live_measures import measure, measuring

needs_people = pytest.mark.skipif(not (PEOPLE / "examples/00").is_dir(), reason="weights/people is not there")


def person(number: int) -> list[Image.Image]:
    folder = PEOPLE / "examples" / f"{number:02d}"
    return [Image.open(path).convert("RGB").resize((64, 64)) for path in sorted(Path(folder).glob("*.webp"))]


@needs_people
def test_a_persons_own_pictures_are_near_and_first_and_another_persons_are_not() -> None:
    own, other = person(0), person(1)
    near = measure(Context(pictures=own[:2], photos=own[2:]))
    far = measure(Context(pictures=other[:2], photos=own[2:]))
    assert near.distance < 0.6 < far.distance
    assert near.place == 1 < far.place
    assert (near.among, near.faces, near.pictures) == (1001, 2, 2)


@needs_people
def test_noise_shows_no_face() -> None:
    noise = Image.effect_noise((64, 64), 90).convert("RGB")
    found = measure(Context(pictures=[noise], photos=person(0)))
    assert found.faces == 0


@needs_people
def test_pictures_in_the_making_are_measured_on_their_way_to_whoever_watches() -> None:
    told: list[Progress] = []
    watcher = measuring(Watcher(told.append), person(0))
    assert watcher.sees
    watcher.tell(Progress("draw", 1, 9, pictures=tuple(person(0)[:1])))
    watcher.tell(Progress("draw", 2, 9))
    assert told[0].measured is not None
    assert told[0].measured.place == 1
    assert told[1].measured is None


def test_without_photos_pictures_are_seen_and_not_measured() -> None:
    told: list[Progress] = []
    watcher = measuring(Watcher(told.append), ())
    watcher.tell(Progress("draw", 1, 9, pictures=(face(1),)))
    assert watcher.sees
    assert told[0].measured is None


def test_without_a_measure_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {
        key: replace(metric, available=lambda: Unavailable("gone"))
        for key, metric in {metric.key: metric for metric in dlib_identity.METRICS}.items()
    }
    monkeypatch.setattr("demo.session.live_measures.METRICS", missing | {"face_found": missing["dlib_place"]})
    told: list[Progress] = []
    measuring(Watcher(told.append), [face(1)]).tell(Progress("draw", 1, 9, pictures=(face(1),)))
    assert told[0].measured is None


def test_for_nobody_nothing_is_made() -> None:
    nobody = Watcher()
    assert measuring(nobody, [face(1)]) is nobody

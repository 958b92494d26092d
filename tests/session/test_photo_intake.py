from __future__ import annotations

from pathlib import Path

import pytest
from fake_services import fake_services
from fake_story import FakeStory, face

from demo.errors import WeightsError
from demo.photos.split import MOST_PHOTOS
from demo.session import photo_intake
from demo.session.services import ExamplePerson, Services, find_people
from demo.session.visitors import GoneError, Visitor
from demo.texts.languages import LANGUAGES


@pytest.fixture
def services(tmp_path: Path) -> Services:
    root = tmp_path / "visitors"
    root.mkdir()
    return fake_services(root, FakeStory())


@pytest.fixture
def visitor(services: Services) -> Visitor:
    return services.visitors.open("page", None).visitor


def upload(folder: Path, *names: str) -> list[tuple[Path, str]]:
    made = []
    for name in names:
        path = folder / f"hash of {name}" / name
        path.parent.mkdir()
        face(1, 96).save(path)
        made.append((path, name))
    return made


def test_good_ones_are_kept_bad_ones_named_all_files_deleted(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    files = upload(tmp_path, "a.jpg", "landscape.jpg", "b.png")
    files[2][0].write_bytes(b"not a picture")
    problems = photo_intake.add(services, visitor, files)
    assert [shot.name for shot in visitor.desk.photos.shots] == ["a.jpg"]
    assert len(problems) == 2
    assert "landscape.jpg" in problems[0]
    assert "b.png" in problems[1]
    assert not any(path.parent.exists() for path, _ in files)


def test_shots_are_as_large_as_the_largest_base_wants(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    photo_intake.add(services, visitor, upload(tmp_path, "a.jpg"))
    assert visitor.desk.photos.shots[0].aligned.size == (512, 512)


def test_one_of_several_faces_is_chosen_after_the_file_has_gone(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    files = upload(tmp_path, "two.jpg", "two more.jpg", "a.jpg")
    assert photo_intake.add(services, visitor, files) == []
    assert not any(path.exists() for path, _ in files)
    assert [group.name for group in visitor.desk.photos.groups] == ["two.jpg", "two more.jpg"]
    photo_intake.choose(visitor, 1)
    photo_intake.choose(visitor, None)
    photo_intake.choose(visitor, 0)  # nothing is left to settle
    assert [shot.name for shot in visitor.desk.photos.shots] == ["a.jpg", "two.jpg"]
    assert visitor.desk.photos.groups == ()
    assert visitor.desk.photos.shots[1].aligned.size == (512, 512)


def test_not_more_than_can_be_used(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    problems = photo_intake.add(services, visitor, upload(tmp_path, *(f"{i}.jpg" for i in range(MOST_PHOTOS + 1))))
    assert len(visitor.desk.photos.shots) == MOST_PHOTOS
    assert problems == [f"{MOST_PHOTOS}.jpg is one too many. At most {MOST_PHOTOS} photos are taken."]


def test_many_problems_of_one_upload_are_told_in_few_lines(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    names = [*(f"landscape_{i}.jpg" for i in range(9)), *(f"IMG_{i}.jpg" for i in range(2 * MOST_PHOTOS))]
    lines = photo_intake.add(services, visitor, upload(tmp_path, *names))
    assert len(visitor.desk.photos.shots) == MOST_PHOTOS
    assert [line.split()[4] for line in lines[:-2]] == [f"landscape_{i}.jpg." for i in range(4)]
    assert lines[-2:] == [
        "5 more cannot be used: landscape_4.jpg to landscape_8.jpg.",
        "20 photos are too many: IMG_20.jpg to IMG_39.jpg. At most 20 photos are taken.",
    ]
    assert photo_intake.add(services, visitor, upload(tmp_path, "a.jpg", "b.jpg")) == [
        "2 photos are too many: a.jpg and b.jpg. At most 20 photos are taken."
    ]


def test_own_photos_are_not_mixed_with_a_fictional_persons(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    path = tmp_path / "00.webp"
    face(3, 64).save(path)
    photo_intake.load_person(visitor, ExamplePerson("Edda Upplund", (path,) * 4))
    assert visitor.desk.photos.person == "Edda Upplund"
    assert path.exists()
    photo_intake.add(services, visitor, upload(tmp_path, "a.jpg"))
    assert visitor.desk.photos.person is None
    assert len(visitor.desk.photos.shots) == 1
    photo_intake.remove_all(services, visitor)
    assert visitor.desk.photos.shots == ()


def test_files_of_a_visitor_who_has_gone_are_deleted_too(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    files = upload(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    services.visitors.forget(visitor)
    problems = photo_intake.add(services, visitor, files)
    assert problems == [str(GoneError())] * 3
    assert not any(path.exists() for path, _ in files)


def test_people_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "examples" / "00"
    folder.mkdir(parents=True)
    for i in range(3):
        face(i, 32).save(folder / f"{i:02d}.webp")
    (tmp_path / "people.json").write_text(
        '{"examples": [{"name": "Edda Upplund", "folder": "examples/00", "pictures": 3}]}', encoding="utf-8"
    )
    (person,) = find_people(tmp_path)
    assert person.name == "Edda Upplund"
    assert [picture.size for picture in person.load()] == [(32, 32)] * 3


@pytest.mark.parametrize(
    ("listing", "problem"),
    [
        (None, "not there"),
        ("{", "damaged"),
        ('{"planted": []}', "damaged"),
        ('{"examples": [{"name": "Edda", "folder": "nowhere"}]}', "no pictures of Edda"),
    ],
)
def test_missing_people_are_said_to_be_missing(tmp_path: Path, listing: str | None, problem: str) -> None:
    if listing is not None:
        (tmp_path / "people.json").write_text(listing, encoding="utf-8")
    with pytest.raises(WeightsError, match=problem):
        find_people(tmp_path)


def test_what_is_wrong_with_photos_is_said_in_the_visitor_s_language(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    german = LANGUAGES["de"]
    lines = photo_intake.add(services, visitor, upload(tmp_path, *(f"landscape_{i}.jpg" for i in range(7))), german)
    assert lines[0].startswith("In landscape_0.jpg ist kein Gesicht zu finden.")
    assert lines[-1] == "3 weitere Fotos sind nicht brauchbar: landscape_4.jpg bis landscape_6.jpg."
    photo_intake.add(services, visitor, upload(tmp_path, *(f"{i}.jpg" for i in range(MOST_PHOTOS))), german)
    lines = photo_intake.add(services, visitor, upload(tmp_path, "more.jpg"), LANGUAGES["zh"])
    assert lines == [f"more.jpg 是多出来的一张。最多接受 {MOST_PHOTOS} 张照片。"]
    assert photo_intake.remove_all(services, visitor, german) == "Die Fotos sind entfernt."

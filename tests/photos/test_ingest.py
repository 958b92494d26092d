from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.faces.align import TEMPLATE, align
from demo.faces.detect import find_faces
from demo.photos import ingest
from demo.photos.folder import folder_photos
from demo.photos.ingest import BadPhotoError, BadPhotosError, discard, read_photo, read_photos


def landmarks(image: Image.Image) -> np.ndarray:  # in units of the frame
    return find_faces(image)[0].landmarks / image.width


@pytest.fixture
def folder(tmp_path: Path, faces: list[Image.Image]) -> Path:
    for number, image in enumerate(faces):
        image.save(tmp_path / f"{number}.png")
    return tmp_path


@pytest.mark.parametrize("size", [64, 128, 256, 512])
@pytest.mark.parametrize("side", [64, 256])
def test_aligned_pictures_of_any_size(faces: list[Image.Image], size: int, side: int) -> None:
    for image in faces[:2]:
        photo = read_photo(image.resize((size, size), Image.Resampling.LANCZOS), name="a", side=side)
        assert photo.aligned.size == (side, side)
        assert photo.aligned.mode == "RGB"
        assert (photo.faces, photo.detected) == (1, True)
        difference = np.asarray(photo.aligned).astype(int) - np.asarray(image.resize((side, side)))
        assert np.abs(difference).mean() < 22  # it was aligned already: the same picture, about


def test_face_is_framed(face: Image.Image) -> None:
    photo = Image.new("RGB", (900, 700), "white")
    photo.paste(face.rotate(20, fillcolor="white"), (500, 300))
    result = read_photo(photo, name="a", side=256)
    assert np.abs(landmarks(result.aligned) - TEMPLATE).max() < 0.08  # MTCNN's own scatter


def test_crop_before_alignment_changes_nothing(face: Image.Image) -> None:
    photo = Image.new("RGB", (2000, 1500), "white")
    photo.paste(face.resize((700, 700)), (1250, 60))
    expected = align(photo, find_faces(photo)[0].landmarks, 64)
    result = read_photo(photo, name="a", side=64).aligned
    assert np.abs(np.asarray(result).astype(int) - np.asarray(expected)).mean() < 0.5


def test_face_in_the_corner_is_not_cut_to_black(face: Image.Image) -> None:
    corner = Image.new("RGB", (800, 800), "white")
    corner.paste(face, (-10, -10))
    assert np.asarray(read_photo(corner, name="a", side=256).aligned).min(axis=2)[:4].mean() > 10


def test_very_tight_crop_is_found_with_a_border(faces: list[Image.Image]) -> None:
    photos = [read_photo(image.crop((61, 82, 195, 216)), name="a", side=128) for image in faces]
    assert all(photo.faces == 1 for photo in photos)


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (12, 12), (5000, 1), (300, 300)])
def test_no_face(size: tuple[int, int]) -> None:
    with pytest.raises(BadPhotoError) as caught:
        read_photo(Image.new("RGB", size, "grey"), name="/home/anna/wall.png")
    assert caught.value.reason == "no_face"
    assert "wall.png" in str(caught.value)
    assert "anna" not in str(caught.value)


def test_several_faces_must_be_chosen(pair: Image.Image, faces: list[Image.Image]) -> None:
    with pytest.raises(BadPhotoError) as caught:
        read_photo(pair, name="two.jpg")
    bad = caught.value
    assert bad.reason == "several_faces"
    assert "two.jpg shows 2 faces" in bad.problem
    assert "face=" not in bad.remedy  # which neither the app nor the command line has
    assert [choice.size for choice in bad.choices] == [(128, 128)] * 2
    for index in (0, 1):
        chosen = read_photo(pair, name="two.jpg", side=128, face=index)
        assert chosen.faces == 2
        distances = [
            np.abs(np.asarray(chosen.aligned).astype(int) - np.asarray(face.resize((128, 128)))).mean()
            for face in faces[:2]
        ]
        assert int(np.argmin(distances)) == index  # the largest first


@pytest.mark.parametrize("index", [-1, 2])
def test_a_face_that_is_not_there(pair: Image.Image, index: int) -> None:
    with pytest.raises(BadPhotoError) as caught:
        read_photo(pair, name="two.jpg", face=index)
    assert caught.value.reason == "no_such_face"


def test_set(folder: Path) -> None:
    photos = read_photos(folder_photos(folder), side=64)
    assert [photo.name for photo in photos] == ["0.png", "1.png", "2.png", "3.png"]
    assert {photo.aligned.size for photo in photos} == {(64, 64)}


def test_set_with_a_chosen_face(folder: Path, pair: Image.Image) -> None:
    pair.save(folder / "two.png")
    photos = read_photos(folder_photos(folder), side=64, faces={"two.png": 1})
    assert photos[-1].faces == 2


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (2, "1 photo too few: 2 are there and at least 3 are needed."),
        (1, "2 photos too few: 1 is there and at least 3 are needed."),
        (0, "3 photos too few: 0 are there and at least 3 are needed."),
    ],
)
def test_too_few(folder: Path, given: int, problem: str) -> None:
    with pytest.raises(BadPhotosError) as caught:
        read_photos(folder_photos(folder)[:given], side=64)
    assert caught.value.reason == "too_few"
    assert caught.value.problem == problem
    assert caught.value.remedy == f"Add {3 - given} more of the same person."
    assert len(caught.value.usable) == given


def test_too_many_is_said_before_any_is_read(tmp_path: Path) -> None:
    with pytest.raises(BadPhotosError) as caught:
        read_photos([tmp_path / f"{i}.jpg" for i in range(6)], side=64, maximum=5)
    assert caught.value.reason == "too_many"
    assert caught.value.problem == "1 photo too many: 6 are there and at most 5 are taken."


def test_every_bad_photo_is_named_at_once(folder: Path, pair: Image.Image) -> None:
    pair.save(folder / "a-two.png")
    Image.new("RGB", (99, 99)).save(folder / "b-wall.jpg")
    (folder / "c-note.jpg").write_text("hello")
    with pytest.raises(BadPhotosError) as caught:
        read_photos([*folder_photos(folder), folder / "c-note.jpg", folder / "d-gone.jpg"], side=64, minimum=5)
    bad = caught.value
    assert [error.reason for error in bad.errors] == ["several_faces", "no_face", "unsupported", "missing"]
    assert bad.reason == "several_problems"
    assert bad.problem.startswith("4 of 8 photos cannot be used.")
    for name in ("a-two.png", "b-wall.jpg", "c-note.jpg", "d-gone.jpg"):
        assert name in bad.problem
    assert str(folder) not in str(bad)
    assert "4 usable now, 5 needed" in bad.remedy
    assert [photo.name for photo in bad.usable] == ["0.png", "1.png", "2.png", "3.png"]
    assert len(bad.errors[0].choices) == 2


def test_bad_and_too_few_together(folder: Path) -> None:
    with pytest.raises(BadPhotosError) as caught:
        read_photos([folder / "0.png", folder / "gone.png"], side=64)
    assert [error.reason for error in caught.value.errors] == ["missing", "too_few"]
    assert "1 of 2 photos cannot be used" in caught.value.problem
    assert "1 photo too few" in caught.value.problem


def test_one_bad_photo_speaks_for_itself(folder: Path) -> None:
    with pytest.raises(BadPhotosError) as caught:
        read_photos([*folder_photos(folder), folder / "gone.png"], side=64)
    assert (caught.value.reason, caught.value.name) == ("missing", "gone.png")
    assert len(caught.value.usable) == 4


def test_discard(tmp_path: Path) -> None:
    path = tmp_path / "me.jpg"
    path.write_bytes(b"x")
    discard(path)
    assert not path.exists()
    discard(path)
    with pytest.raises(BadPhotoError) as caught:
        discard(tmp_path)
    assert caught.value.reason == "not_deleted"
    assert tmp_path.exists()


def test_result_carries_nothing_but_pixels(face: Image.Image, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    face.save(tmp_path / "me.jpg", exif=exif, comment=b"secret")
    aligned = read_photo(tmp_path / "me.jpg", name="me.jpg", side=64).aligned
    assert aligned.info == {}
    assert not aligned.getexif()


def test_reasons_are_exported() -> None:
    assert set(ingest.__all__) >= {"BadPhotoError", "BadPhotosError", "Photo", "read_photo", "read_photos", "discard"}

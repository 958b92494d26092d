"""What a model drew says so in every file that it gets into; a photo does not."""

from __future__ import annotations

import base64
import io
import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from diffusers import StableDiffusionPipeline
from fake_story import FakeStory, face, lora
from PIL import Image

from demo.cli.output import write_pictures
from demo.errors import WeightsError
from demo.models.bases import Base
from demo.models.sampling import draw_prompt
from demo.origin import COMMENT, DRAWN, XMP, XMP_KEYWORD, drawn, encode, is_drawn, read_drawn, write_picture
from demo.report import write_report
from demo.session.services import ExamplePerson


def marked(data: bytes) -> bool:
    """As a stranger's program reads it: XMP in the place that the format has for it; in a PNG plain text, too."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        xmp, text = image.info.get("xmp", b""), image.info.get("Comment", "")
        found = re.search(rb'DigitalSourceType="([^"]+)"', xmp)
        assert (text == COMMENT) == (found is not None and image.format == "PNG")
        return found is not None and found.group(1).decode() == DRAWN


def inlined(html: str) -> list[bytes]:
    return [base64.b64decode(found) for found in re.findall(r"data:image/png;base64,([^\"]+)", html)]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_file_says_that_its_picture_was_drawn(kind: str) -> None:
    picture = face(1)
    assert not marked(encode(picture, kind))
    assert marked(encode(drawn(picture), kind))


def test_the_mark_is_well_formed_and_where_the_standards_have_it() -> None:
    from xml.etree import ElementTree

    root = ElementTree.fromstring(XMP)
    (description,) = root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    assert description.get("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType") == DRAWN
    data = encode(drawn(face(1)))
    assert b"iTXt" + XMP_KEYWORD.encode() + b"\0\0\0" in data  # neither compressed nor translated
    assert b"tEXtComment\0AI-generated" in data
    assert b"XMP " in encode(drawn(face(1)), "WEBP")


def test_pixels_stay_and_other_metadata_go() -> None:
    picture = face(2)
    picture.info = {"gps": "here", "icc_profile": b"x", "exif": b"Exif\0\0secret", "xmp": b"<secret/>"}
    for made in (encode(picture), encode(drawn(picture.copy()))):
        with Image.open(io.BytesIO(made)) as image:
            assert np.array_equal(np.asarray(image), np.asarray(picture))
        assert b"secret" not in made
        assert b"here" not in made


def test_a_picture_carries_its_origin_with_it() -> None:
    picture = drawn(face(1))
    for made in (
        picture.resize((32, 32)),
        picture.convert("L"),
        picture.crop((0, 0, 8, 8)),
        picture.copy(),
        pickle.loads(pickle.dumps(picture)),  # as to a GPU's process and back
    ):
        assert is_drawn(made)


def test_whatever_a_model_draws_knows_it(tiny_pipe: StableDiffusionPipeline, tiny_base: Base) -> None:
    pictures = draw_prompt(tiny_pipe, tiny_base, "a photo of a person", 2, seed=1, steps=2)
    assert all(is_drawn(picture) for picture in pictures)


def test_the_command_lines_pictures(tmp_path: Path) -> None:
    for path in write_pictures(tmp_path, "reconstruction", [face(1), face(2)]):
        assert marked(path.read_bytes())
    assert marked(write_picture(tmp_path / "a.webp", drawn(face(1)), "WEBP").read_bytes())


def test_a_report_marks_what_was_drawn_and_no_photo(tmp_path: Path) -> None:
    report = FakeStory().compare(lora(), "secret", [face(1), face(2)])
    without, photos = replace(report, photos=()), replace(report, arms=[])
    count = sum(len(arm.pictures) for arm in report.arms)
    _, html = write_report(tmp_path, without)
    three = [False, *[True] * len(report.arms[1].pictures[:6])]  # the file is no drawing; then the attack's, in a frame
    assert [marked(data) for data in inlined(html.read_text())] == three + [True] * count
    _, html = write_report(tmp_path, photos, include_photos=True)
    assert [marked(data) for data in inlined(html.read_text())] == [False] * 3  # the photos and the file


def test_a_fictional_person_was_drawn(tmp_path: Path) -> None:
    face(1).save(tmp_path / "0.webp")
    (picture,) = ExamplePerson("Anouk Quistrow", (tmp_path / "0.webp",)).load()
    assert is_drawn(picture)


def test_a_picture_that_ships_and_is_damaged_is_named(tmp_path: Path) -> None:
    path = tmp_path / "07.webp"
    with pytest.raises(WeightsError, match=r"07\.webp cannot be read"):
        read_drawn(path)
    face(1).save(path)
    assert is_drawn(read_drawn(path))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(WeightsError, match=r"07\.webp cannot be read"):
        read_drawn(path)

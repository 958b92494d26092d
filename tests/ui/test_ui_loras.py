from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from fake_services import fake_services
from fake_story import FakeStory, face, lora
from safetensors.torch import save_file

from demo.attack.registry import AttackSettings
from demo.errors import LoraFileError, SettingsError
from demo.lora.files import write_lora
from demo.lora.leak0 import scan
from demo.lora.settings import LoraSettings
from demo.progress import Progress
from demo.ui import loras, work
from demo.ui.desk import Photos, Released, Shot
from demo.ui.services import Services
from demo.ui.visitors import Visitor

ORDER = work.Order("face64", LoraSettings(steps=4), AttackSettings(samples=3))


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = fake_services(tmp_path, FakeStory())
    yield made
    made.jobs.close()


@pytest.fixture
def visitor(services: Services) -> Visitor:
    return services.visitors.open("page", None).visitor


def load(visitor: Visitor, count: int) -> None:
    visitor.change(photos=Photos(tuple(Shot(f"{i}.jpg", face(i, 128)) for i in range(count))))


def upload(services: Services, visitor: Visitor, folder: Path, name: str = "mine.safetensors", seed: int = 0) -> None:
    path = write_lora(folder / "up" / name, lora(seed))
    loras.take_file(services, visitor, path, name, "face64")


def on_desk(visitor: Visitor) -> Released:
    released = visitor.desk.released
    assert released is not None
    return released


def ended(services: Services, visitor: Visitor) -> None:
    deadline = time.monotonic() + 30
    while services.jobs.busy(visitor.id):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_bad_upload_leaves_the_last_file_in_place(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    loras.take_file(
        services, visitor, write_lora(tmp_path / "up" / "good.safetensors", lora()), "good.safetensors", "face64"
    )
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"PK\x03\x04" + b"\0" * 100)
    with pytest.raises(LoraFileError, match=r"bad\.safetensors"):
        loras.take_file(services, visitor, bad, "bad.safetensors", "face64")
    released = visitor.desk.released
    assert released is not None
    assert released.name == "good.safetensors"
    assert released.path.exists()


def test_a_clean_copy_belongs_to_its_file(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    with pytest.raises(LoraFileError, match="no LoRA file yet"):
        loras.clean(visitor)
    for number in range(2):
        upload = tmp_path / "upload.safetensors"
        save_file(dict(lora(number).tensors), upload, metadata={"ss_output_name": "zorblax"})
        loras.take_file(services, visitor, upload, "zorblax.safetensors", "face64")
        desk = visitor.desk
        assert desk.released is not None
        assert [finding.value for finding in desk.released.said] == ["zorblax"]
        assert desk.cleaned is None  # a new file has none yet
        loras.clean(visitor)
        cleaned = visitor.desk.cleaned
        assert cleaned is not None
        assert cleaned.path.parent.parent == visitor.folder
        assert scan(cleaned.path) == ()
        loras.clean(visitor)
        assert visitor.desk.cleaned is cleaned
        assert list(visitor.folder.glob("clean-*")) == [cleaned.path.parent]
    visitor.delete()
    assert not cleaned.path.exists()


def test_no_file_is_taken_while_a_job_of_the_visitor_waits_or_runs(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    """Otherwise the attack on one file would end as what was drawn from another."""
    upload(services, visitor, tmp_path, "first.safetensors")
    first, begun, go_on = on_desk(visitor), Event(), Event()

    def hold(progress: Progress) -> None:
        begun.set()
        assert go_on.wait(30)

    attack = work.attacking(services, visitor, ORDER)
    work.begin(services, visitor, "Attack", lambda report, stop: attack(hold, stop))
    try:
        assert begun.wait(30)
        with pytest.raises(SettingsError, match="in line or running"):
            upload(services, visitor, tmp_path, "second.safetensors", seed=1)
    finally:
        go_on.set()
    ended(services, visitor)
    assert on_desk(visitor) is first
    assert visitor.desk.attacked is not None
    assert visitor.desk.attacked.released is first
    upload(services, visitor, tmp_path, "second.safetensors", seed=1)
    assert on_desk(visitor).name == "second.safetensors"
    assert visitor.desk.attacked is None


def test_a_job_that_begins_while_an_upload_is_read_keeps_its_file(
    services: Services, visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(services, visitor, tmp_path, "first.safetensors")
    first, go_on = on_desk(visitor), Event()

    def hold() -> None:
        assert go_on.wait(30)

    def begin(*_: object, **__: object) -> None:
        work.begin(services, visitor, "Attack", lambda report, stop: hold())

    monkeypatch.setattr(services.story, "count_photos", begin)
    try:
        with pytest.raises(SettingsError, match="in line or running"):
            upload(services, visitor, tmp_path, "second.safetensors", seed=1)
    finally:
        go_on.set()
    assert on_desk(visitor) is first


def test_in_the_story_no_upload_comes_between_the_parts(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    load(visitor, 8)
    refused: list[str] = []

    def report(progress: Progress) -> None:
        with pytest.raises(SettingsError, match="in line or running"):
            upload(services, visitor, tmp_path)
        refused.append(progress.stage[:6])

    story = work.story(services, visitor, ORDER)
    work.begin(services, visitor, "The whole story", lambda _, stop: story(report, stop))
    ended(services, visitor)
    assert list(dict.fromkeys(refused)) == ["Part 1", "Part 2", "Part 3"]
    desk = visitor.desk
    assert desk.tuned is desk.released is not None
    assert desk.attacked is not None
    assert desk.attacked.released is desk.tuned
    assert desk.compared is not None

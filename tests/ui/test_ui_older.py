"""Results beside photos that they are not of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
from fake_services import fake_services
from fake_story import FakeStory, face, lora
from fake_sweep import PLAN
from markup import Html

from demo.attack.registry import AttackSettings
from demo.errors import PhotoError, SettingsError
from demo.finetune.settings import LoraSettings
from demo.lora.files import write_lora
from demo.models.bases import BUNDLED
from demo.progress import UNWATCHED, Progress, Watcher
from demo.session import lora_file, photo_intake, story_jobs
from demo.session.desk import Photos, Shot
from demo.session.services import ExamplePerson, Services
from demo.session.sweep_job import sweeping
from demo.session.visitors import Visitor
from demo.ui.attack import build_attack_tab
from demo.ui.compare import build_compare_tab
from demo.ui.fine_tune import build_finetune_tab
from demo.ui.page import Facet, View

ORDER = story_jobs.Order(BUNDLED, LoraSettings(steps=4), AttackSettings(samples=3))
OLDER = "Of the photos loaded before (Anouk Quistrow)."


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    portrait = tmp_path / "00.webp"
    face(0, 64).save(portrait)
    root = tmp_path / "visitors"
    root.mkdir()
    people = tuple(ExamplePerson(name, (portrait,) * 8) for name in ("Anouk Quistrow", "Bela Wexholm"))
    made = fake_services(root, FakeStory(), people)
    yield made
    made.jobs.close()


@pytest.fixture
def visitor(services: Services) -> Visitor:
    return services.visitors.open("page", None).visitor


@pytest.fixture
def tabs(services: Services) -> dict[str, list[Facet]]:
    with gr.Blocks():
        return {
            "tune": list(build_finetune_tab(services).facets),
            "attack": list(build_attack_tab(services).facets),
            "compare": list(build_compare_tab(services).facets),
        }


def own(visitor: Visitor, count: int = 8) -> None:
    visitor.change(photos=Photos(tuple(Shot(f"{i}.jpg", face(i, 128)) for i in range(count))))


def words(tabs: dict[str, list[Facet]], visitor: Visitor, tab: str) -> str:
    view = View(visitor, visitor.desk, None)
    updates = [update for facet in tabs[tab] for update in facet.draw(view).values()]
    return "\n".join(Html(update.value or "").words for update in updates if isinstance(update, gr.HTML))


def stamps(tabs: dict[str, list[Facet]], visitor: Visitor) -> list[object]:
    view = View(visitor, visitor.desk, None)
    return [facet.stamp(view) for facets in tabs.values() for facet in facets if facet.name != "photos"]


def story_of(services: Services, visitor: Visitor, person: int) -> None:
    photo_intake.load_person(visitor, services.people[person])
    story_jobs.story(services, visitor, ORDER)(UNWATCHED)


def test_results_of_the_photos_before_say_so_in_every_tab(
    services: Services, visitor: Visitor, tabs: dict[str, list[Facet]]
) -> None:
    story_of(services, visitor, 0)
    assert not [tab for tab in tabs if "loaded before" in words(tabs, visitor, tab)]
    assert "Pictures of Anouk Quistrow" in words(tabs, visitor, "compare")
    before = stamps(tabs, visitor)
    photo_intake.load_person(visitor, services.people[1])
    assert stamps(tabs, visitor) != before  # the page looks at these alone
    assert [tab for tab in tabs if OLDER in words(tabs, visitor, tab)] == list(tabs)
    compared = words(tabs, visitor, "compare")
    assert "Pictures of Anouk Quistrow, loaded before" in compared
    assert "Compare takes the photos that the file was made from" in compared
    assert "Your photos" not in compared
    photo_intake.load_person(visitor, services.people[0])  # the same pictures again
    assert not [tab for tab in tabs if "loaded before" in words(tabs, visitor, tab)]


def test_own_photos_are_called_that(services: Services, visitor: Visitor, tabs: dict[str, list[Facet]]) -> None:
    own(visitor)
    story_jobs.story(services, visitor, ORDER)(UNWATCHED)
    assert "Your photos" in words(tabs, visitor, "compare")
    own(visitor)
    for tab in tabs:
        assert "Of the photos loaded before (your own)." in words(tabs, visitor, tab)
    assert "Your photos, loaded before" in words(tabs, visitor, "compare")


def test_photos_that_come_while_the_story_runs_are_not_taken_for_its_own(
    services: Services, visitor: Visitor, tabs: dict[str, list[Facet]]
) -> None:
    photo_intake.load_person(visitor, services.people[0])

    def report(progress: Progress) -> None:
        if visitor.desk.photos.person != "Bela Wexholm":
            photo_intake.load_person(visitor, services.people[1])

    story_jobs.story(services, visitor, ORDER)(Watcher(report))
    assert [tab for tab in tabs if OLDER in words(tabs, visitor, tab)] == list(tabs)


def test_an_uploaded_file_is_of_no_photos_known_here(
    services: Services, visitor: Visitor, tabs: dict[str, list[Facet]], tmp_path: Path
) -> None:
    story_of(services, visitor, 0)
    lora_file.take_file(services, visitor, write_lora(tmp_path / "up" / "a.safetensors", lora()), "a", BUNDLED)
    photo_intake.load_person(visitor, services.people[1])
    assert "loaded before" not in words(tabs, visitor, "attack")
    assert OLDER in words(tabs, visitor, "tune")
    story_jobs.comparing(services, visitor, ORDER)(UNWATCHED)
    compared = words(tabs, visitor, "compare")
    assert "Pictures of Bela Wexholm" in compared
    assert "loaded before" not in compared
    assert "made from" not in compared


def test_removed_photos_are_kept_by_no_result(
    services: Services, visitor: Visitor, tabs: dict[str, list[Facet]]
) -> None:
    own(visitor)
    sweeping(services, visitor, ORDER, PLAN[:1])(UNWATCHED)
    story_jobs.story(services, visitor, ORDER)(UNWATCHED)
    assert visitor.desk.compared is not None
    report = visitor.desk.compared.html
    said = photo_intake.remove_all(services, visitor)
    desk = visitor.desk
    assert (desk.photos.shots, desk.scored, desk.compared) == ((), None, None)
    assert desk.swept is not None
    assert desk.swept.sweep.photos == desk.swept.begun.photos == []
    assert desk.swept.sweep.points
    assert not report.exists()
    assert desk.tuned is not None
    assert desk.tuned.path.exists()
    assert desk.attacked is not None
    for part in ("the comparison", "the LoRA file", "what the attack drew", "the sweep's results", "Delete my data"):
        assert part in said
    assert "Photos to compare with are needed" in words(tabs, visitor, "compare")
    assert "Of the photos loaded before (your own)." in words(tabs, visitor, "attack")
    with pytest.raises(PhotoError, match="no photos to compare with"):
        story_jobs.comparing(services, visitor, ORDER)


def test_removal_of_photos_alone_says_nothing_of_results(services: Services, visitor: Visitor) -> None:
    own(visitor)
    assert photo_intake.remove_all(services, visitor) == "The photos have been removed."


def test_photos_that_come_after_a_removal_are_not_said_to_be_the_files_own(
    services: Services, visitor: Visitor, tabs: dict[str, list[Facet]]
) -> None:
    story_of(services, visitor, 0)
    photo_intake.remove_all(services, visitor)
    notes = []
    for person in (1, 0):
        photo_intake.load_person(visitor, services.people[person])
        story_jobs.comparing(services, visitor, ORDER)(UNWATCHED)
        assert visitor.desk.compared is not None
        notes.append(visitor.desk.compared.report.notes[0])
        assert f"Pictures of {services.people[person].name}" in words(tabs, visitor, "compare")
    assert "have been removed" in notes[0]
    assert "including those that were fine-tuned on" in notes[1]


def test_photos_of_a_running_job_are_not_removed_to_come_back(services: Services, visitor: Visitor) -> None:
    own(visitor)
    refused: list[str] = []

    def report(progress: Progress) -> None:
        with pytest.raises(SettingsError, match="in line or running"):
            photo_intake.remove_all(services, visitor)
        refused.append(progress.stage)

    tune = story_jobs.tuning(services, visitor, ORDER)
    story_jobs.begin(services, visitor, "Fine-tuning", lambda watcher: tune(replace(watcher, report=report)))
    deadline = time.monotonic() + 30
    while services.jobs.busy(visitor.id):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert refused
    photo_intake.remove_all(services, visitor)
    assert visitor.desk.scored is None

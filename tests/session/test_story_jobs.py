from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
import torch
from fake_story import FakeStory, face, lora

from demo.attack.registry import AttackSettings
from demo.defences.dpdm import Dpdm
from demo.defences.registry import choose
from demo.errors import LoraFileError, PhotoError, SettingsError, Stopped, WeightsError
from demo.finetune.settings import LoraSettings
from demo.lora.files import read_lora, write_lora
from demo.metrics.registry import METRICS, bundled
from demo.models.bases import BUNDLED
from demo.progress import UNWATCHED, Progress, Watcher
from demo.session import lora_file, story_jobs
from demo.session.desk import Group, Photos, Shot
from demo.session.forms import order
from demo.session.limits import LimitError, Limits, Starts
from demo.session.services import Services
from demo.session.visitors import GoneError, Visitor

ORDER = story_jobs.Order(BUNDLED, LoraSettings(steps=4), AttackSettings(samples=3))


def load(visitor: Visitor, count: int) -> None:
    visitor.change(photos=Photos(tuple(Shot(f"{i}.jpg", face(i, 128)) for i in range(count))))


def tune(services: Services, visitor: Visitor, order: story_jobs.Order = ORDER) -> None:
    story_jobs.tuning(services, visitor, order)(UNWATCHED)


def until_idle(services: Services, visitor: Visitor) -> None:
    deadline = time.monotonic() + 10
    while services.jobs.busy(visitor.id):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_the_story_fills_the_desk_and_names_its_parts(services: Services, visitor: Visitor) -> None:
    load(visitor, 8)
    stages: list[str] = []
    story_jobs.story(services, visitor, ORDER)(Watcher(lambda progress: stages.append(progress.stage)))
    desk = visitor.desk
    assert desk.tuned is desk.released is not None
    assert desk.attacked is not None
    assert len(desk.attacked.reconstruction.pictures) == 3
    assert desk.compared is not None
    assert desk.compared.html.exists()
    assert desk.tab == "compare"
    assert list(dict.fromkeys(stage[:11] for stage in stages)) == ["Part 1 of 3", "Part 2 of 3", "Part 3 of 3"]


def test_photos_are_shrunk_to_the_base_and_split(services: Services, visitor: Visitor) -> None:
    load(visitor, 8)
    tune(services, visitor)
    scored = visitor.desk.kept
    assert scored is not None
    assert [photo.size for photo in scored.photos] == [(64, 64)] * 3
    assert scored.note == "Fine-tuned on the first 5 photos; scored against 3 others of the same person."


def test_neither_trigger_nor_its_seed_is_in_the_report(services: Services, visitor: Visitor) -> None:
    load(visitor, 8)
    story_jobs.story(services, visitor, replace(ORDER, seed=987654))(UNWATCHED)
    desk = visitor.desk
    assert desk.released is not None
    assert desk.released.trigger == "quorvex"
    assert desk.compared is not None
    for path in (desk.compared.json, desk.compared.html):
        text = path.read_text(encoding="utf-8")
        assert "quorvex" not in text
        assert "987654" not in text
    assert json.loads(desk.compared.json.read_text(encoding="utf-8"))["settings"]["fine-tuning"]["steps"] == 4


def test_photos_are_in_the_report_only_when_asked(services: Services, visitor: Visitor) -> None:
    load(visitor, 8)
    tune(services, visitor)
    pages = []
    for include in (False, True):
        story_jobs.comparing(services, visitor, replace(ORDER, include_photos=include))(UNWATCHED)
        compared = visitor.desk.compared
        assert compared is not None
        pages.append(compared.html.read_text(encoding="utf-8"))
    assert pages[1].count("<img ") == pages[0].count("<img ") + 3


def test_a_gate_that_a_base_has_not_got_is_refused_before_the_wait(services: Services, visitor: Visitor) -> None:
    load(visitor, 5)
    story_jobs.tuning(services, visitor, replace(ORDER, gate=True))
    with pytest.raises(WeightsError, match=r"There is no gate for .* Turn the gate off"):
        story_jobs.tuning(services, visitor, replace(ORDER, base_key="sd14", gate=True))


def test_metrics_that_are_downloaded_are_measured_only_when_asked(services: Services, visitor: Visitor) -> None:
    load(visitor, 8)
    tune(services, visitor)
    for values in ({}, {"more_metrics": True}):
        made = order(services, {"base": BUNDLED, **values})
        story_jobs.comparing(services, visitor, made)(UNWATCHED)
    story = services.story
    assert isinstance(story, FakeStory)
    assert story.metrics == [bundled(), tuple(METRICS)]


def test_seeds_are_random_unless_given(services: Services, visitor: Visitor) -> None:
    load(visitor, 5)
    files = []
    for seed in (None, None, 3, 3):
        tune(services, visitor, replace(ORDER, seed=seed))
        released = visitor.desk.released
        assert released is not None
        tensors = read_lora(released.path).tensors
        files.append(torch.cat([tensor.flatten() for tensor in tensors.values()]))
    assert not torch.equal(files[0], files[1])
    assert torch.equal(files[2], files[3])


def test_with_a_defence_the_ledger_is_on_the_desk_beside_the_file_and_in_the_report(
    services: Services, visitor: Visitor
) -> None:
    load(visitor, 8)
    order = replace(ORDER, defence=choose("dpdm", epsilon=2))
    story_jobs.story(services, visitor, order)(UNWATCHED)
    story, desk = services.story, visitor.desk
    assert isinstance(story, FakeStory)
    assert story.defences == [order.defence]
    assert desk.tuned is not None
    assert desk.tuned.ledger is not None
    assert desk.tuned.ledger.photo_epsilon == pytest.approx(2, rel=0.02)
    listing = json.loads(desk.tuned.path.with_suffix(".ledger.json").read_text(encoding="utf-8"))
    assert listing["person_epsilon"] == desk.tuned.ledger.person_epsilon
    assert desk.compared is not None
    assert "Defence: DP-SGD (DPDM), ε = 2. Proved" in desk.compared.report.notes[1]
    assert "All 5 photos show one person" in " ".join(desk.compared.report.notes)
    settings = json.loads(desk.compared.json.read_text(encoding="utf-8"))["settings"]
    assert settings["defence"]["title"] == "DP-SGD (DPDM), ε = 2"
    assert settings["defence"]["epsilon"] == 2
    assert "noise_seed" not in settings["defence"]


def test_without_a_defence_there_is_no_ledger(services: Services, visitor: Visitor) -> None:
    load(visitor, 8)
    story_jobs.story(services, visitor, ORDER)(UNWATCHED)
    desk = visitor.desk
    assert desk.tuned is not None
    assert desk.tuned.ledger is None
    assert desk.compared is not None
    assert "defence" not in desk.compared.report.settings
    assert len(desk.compared.report.notes) == 1


@pytest.mark.parametrize(
    ("defence", "problem"),
    [
        (Dpdm(delta=0.2), "Delta is 0.2, but it must be at most 0.001"),
        (Dpdm(epsilon=float("inf")), "Epsilon is inf"),
        (Dpdm(epsilon=0.1, noise_multiplier=0.5), "does not allow even one step"),
    ],
)
def test_a_budget_that_means_nothing_is_refused_before_the_job(
    services: Services, visitor: Visitor, defence: Dpdm, problem: str
) -> None:
    load(visitor, 8)
    with pytest.raises(SettingsError, match=problem):
        story_jobs.tuning(services, visitor, replace(ORDER, defence=defence))
    with pytest.raises(SettingsError, match=problem):
        story_jobs.story(services, visitor, replace(ORDER, defence=defence))


def test_a_new_file_takes_the_old_results_with_it(services: Services, visitor: Visitor) -> None:
    load(visitor, 8)
    story_jobs.story(services, visitor, ORDER)(UNWATCHED)
    first = visitor.desk.released
    tune(services, visitor)
    desk = visitor.desk
    assert desk.released is not first
    assert desk.attacked is None
    assert desk.compared is None


def test_a_stop_before_the_first_step_leaves_no_file(services: Services, visitor: Visitor) -> None:
    load(visitor, 5)
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        story_jobs.tuning(services, visitor, ORDER)(Watcher(stop=stop))
    assert visitor.desk.released is None
    assert not list(visitor.folder.rglob("*.safetensors"))


def test_a_stop_in_the_story_keeps_the_file_and_goes_no_further(services: Services, visitor: Visitor) -> None:
    load(visitor, 5)
    stop = Event()

    def report(progress: Progress) -> None:
        if progress.step == 2:
            stop.set()

    with pytest.raises(Stopped):
        story_jobs.story(services, visitor, ORDER)(Watcher(report, stop))
    released = visitor.desk.released
    assert released is not None
    assert released.stopped
    assert released.steps == 2
    assert visitor.desk.attacked is None


def test_what_is_needed_is_said(services: Services, visitor: Visitor) -> None:
    load(visitor, 2)
    with pytest.raises(PhotoError, match="2 photos loaded; at least 3 are needed"):
        story_jobs.tuning(services, visitor, ORDER)
    visitor.change(photos=Photos((), (Group("party.jpg", (face(1), face(2))),)))
    with pytest.raises(PhotoError, match=r"party\.jpg shows several faces"):
        story_jobs.story(services, visitor, ORDER)
    with pytest.raises(LoraFileError, match="no LoRA file yet"):
        story_jobs.comparing(services, visitor, ORDER)


@pytest.mark.parametrize(
    "other",
    [
        AttackSettings(samples=3, guidance=2),
        AttackSettings(samples=3, seed=5),
        AttackSettings(samples=3, steps=7),
        AttackSettings(samples=3, extrapolate=False),
        AttackSettings(samples=4),
    ],
)
def test_a_comparison_draws_anew_where_the_attack_had_other_settings(
    services: Services, visitor: Visitor, other: AttackSettings
) -> None:
    load(visitor, 8)
    tune(services, visitor)
    story_jobs.attacking(services, visitor, ORDER)(UNWATCHED)
    first = visitor.desk.attacked
    assert first is not None
    story_jobs.comparing(services, visitor, ORDER)(UNWATCHED)
    assert visitor.desk.attacked is first
    story_jobs.comparing(services, visitor, replace(ORDER, attack=other))(UNWATCHED)
    desk, story = visitor.desk, services.story
    assert isinstance(story, FakeStory)
    assert story.attacks == [ORDER.attack, other]
    assert desk.attacked is not None
    assert desk.attacked.settings == other
    assert story.compared == [first.reconstruction, desk.attacked.reconstruction]
    assert desk.compared is not None
    assert desk.compared.report.settings["attack"] == other.model_dump()


def test_a_comparison_takes_the_attack_that_is_chosen_now(services: Services, visitor: Visitor) -> None:
    load(visitor, 8)
    tune(services, visitor)
    for method, runs in (("class_prompt", 1), (None, 1), ("class_prompt", 1), ("encoder", 2)):
        story_jobs.comparing(services, visitor, replace(ORDER, method=method))(UNWATCHED)
        assert isinstance(services.story, FakeStory)
        assert len(services.story.attacks) == runs
        attacked = visitor.desk.attacked
        assert attacked is not None
        assert method in (None, attacked.reconstruction.attack)


def test_a_failed_comparison_leaves_none_of_the_attack_before(services: Services, visitor: Visitor) -> None:
    load(visitor, 8)
    story_jobs.story(services, visitor, ORDER)(UNWATCHED)
    stop = Event()

    def report(progress: Progress) -> None:
        if progress.stage == "measure":
            stop.set()

    with pytest.raises(Stopped):
        story_jobs.comparing(services, visitor, replace(ORDER, attack=AttackSettings(samples=2)))(Watcher(report, stop))
    assert visitor.desk.attacked is not None
    assert len(visitor.desk.attacked.reconstruction.pictures) == 2
    assert visitor.desk.compared is None


def test_an_uploaded_file_without_photos_cannot_be_compared(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    lora_file.take_file(
        services, visitor, write_lora(tmp_path / "up" / "mine.safetensors", lora()), "mine.safetensors", BUNDLED
    )
    story_jobs.attacking(services, visitor, ORDER)(UNWATCHED)
    assert visitor.desk.attacked is not None
    with pytest.raises(PhotoError, match="no photos to compare with"):
        story_jobs.comparing(services, visitor, ORDER)
    load(visitor, 1)
    story_jobs.comparing(services, visitor, ORDER)(UNWATCHED)
    compared = visitor.desk.compared
    assert compared is not None
    assert "dreambooth" not in compared.report.metrics  # nobody here knows the trigger
    assert "not known" in compared.report.notes[0]
    assert compared.report.settings["number of photos, read from the spectrum"] == 4


def test_one_job_a_visitor(services: Services, visitor: Visitor) -> None:
    let = Event()

    def first(watcher: Watcher) -> None:
        assert let.wait(10)

    story_jobs.begin(services, visitor, "first", first)
    with pytest.raises(SettingsError, match="in line or running"):
        story_jobs.begin(services, visitor, "second", lambda _: None)
    let.set()


def test_a_visitor_starts_so_many_jobs_an_hour_and_refused_ones_do_not_count(
    services: Services, visitor: Visitor
) -> None:
    few = replace(services, starts=Starts(Limits(visitor=2)))
    let = Event()
    story_jobs.begin(few, visitor, "job", lambda _: let.wait(10) and None)
    with pytest.raises(SettingsError, match="in line or running"):
        story_jobs.begin(few, visitor, "job", lambda _: None)
    let.set()
    until_idle(services, visitor)
    story_jobs.begin(few, visitor, "job", lambda _: None)
    until_idle(services, visitor)
    with pytest.raises(LimitError, match="You have started 2 jobs"):
        story_jobs.begin(few, visitor, "job", lambda _: None)
    other = services.visitors.open("other page", None).visitor
    story_jobs.begin(few, other, "job", lambda _: None)


def test_a_late_job_of_a_deleted_visitor_leaves_nothing(services: Services, visitor: Visitor) -> None:
    load(visitor, 5)
    story = services.story
    assert isinstance(story, FakeStory)
    story.pause, story.steps = 0.02, 20
    story_jobs.begin(services, visitor, "late", story_jobs.tuning(services, visitor, ORDER))
    time.sleep(0.1)
    services.visitors.forget(visitor)
    services.jobs.close()
    assert not visitor.folder.exists()
    with pytest.raises(GoneError):
        _ = visitor.desk


def test_a_file_that_was_made_here_says_nothing_by_itself(services: Services, visitor: Visitor) -> None:
    load(visitor, 5)
    tune(services, visitor)
    assert visitor.desk.released is not None
    assert visitor.desk.released.said == ()

from __future__ import annotations

import json
from dataclasses import replace
from threading import Event

import pytest
from fake_story import face
from fake_sweep import PLAN, STEPS, FakeSweep

from demo.attack.registry import AttackSettings
from demo.defences.registry import choose
from demo.errors import DemoError, PhotoError, SettingsError, Stopped
from demo.finetune.settings import LoraSettings
from demo.models.bases import BUNDLED
from demo.progress import UNWATCHED, Progress, Report, Watcher
from demo.session.desk import Group, Photos, Shot, Swept
from demo.session.services import Services
from demo.session.story_jobs import Order
from demo.session.sweep_job import chosen, sweeping
from demo.session.visitors import Visitor
from demo.sweep.model import point_name

ORDER = Order(BUNDLED, LoraSettings(steps=4), AttackSettings(samples=3))
NAMES = ("none", "dpdm-epsilon-10", "int8")
THREE = tuple(defence for defence in PLAN if point_name(defence) in NAMES)


@pytest.fixture
def visitor(services: Services) -> Visitor:
    made = services.visitors.open("page", None).visitor
    load(made, 8)
    return made


def load(visitor: Visitor, count: int) -> None:
    visitor.change(photos=Photos(tuple(Shot(f"{i}.jpg", face(i, 128)) for i in range(count))))


def fake(services: Services) -> FakeSweep:
    assert isinstance(services.sweep, FakeSweep)
    return services.sweep


def swept(visitor: Visitor) -> Swept:
    found = visitor.desk.swept
    assert found is not None
    return found


def labels(visitor: Visitor) -> list[str]:
    return [point.label for point in swept(visitor).sweep.points]


def stop_in_defence(number: int, stop: Event) -> Report:
    def report(progress: Progress) -> None:
        if progress.stage.startswith(f"{number} of") and progress.step == STEPS // 2:
            stop.set()

    return report


def stopped_after_one(services: Services, visitor: Visitor) -> None:
    stop = Event()
    sweeping(services, visitor, ORDER, THREE)(Watcher(stop_in_defence(2, stop), stop))


def test_names_become_defences_in_the_plans_order(services: Services) -> None:
    assert chosen(services, ["int8", "none", "dpdm-epsilon-10"]) == THREE
    assert len({point_name(defence) for defence in services.plan}) == len(services.plan)
    with pytest.raises(SettingsError, match="No defence is chosen"):
        chosen(services, [])
    with pytest.raises(SettingsError, match="no defence 'dpdm-epsilon-3'"):
        chosen(services, ["none", "dpdm-epsilon-3"])


def test_what_is_ticked_at_the_start(services: Services) -> None:
    assert [point_name(defence) for defence in services.plan if defence.preselected] == [
        "none",
        "dpdm-epsilon-10",
        "dpdm-epsilon-2",
        "dpdm-epsilon-0.1",
        "dpgm-epsilon-10",
        "dpgm-epsilon-0.1",
        "gaussian-epsilon-10",
        "truncate",
        "int8",
    ]


def test_every_point_is_on_the_desk_when_the_next_one_begins(services: Services, visitor: Visitor) -> None:
    seen: dict[str, tuple[list[str], bool, int]] = {}

    def report(progress: Progress) -> None:
        assert progress.loss is None  # losses of several runs are no curve
        now = swept(visitor)
        seen[progress.stage[:6]] = (labels(visitor), now.running, len(now.files))
        assert now.sweep.planned == 3
        assert now.sweep.chance  # its lines are there from the first point on

    sweeping(services, visitor, ORDER, THREE)(Watcher(report))
    names = [defence.label for defence in THREE]
    assert seen == {f"{n + 1} of 3": (names[:n], True, 0) for n in range(3)}
    assert labels(visitor) == names
    assert not swept(visitor).running


def test_files_are_written_and_the_loras_deleted(services: Services, visitor: Visitor) -> None:
    sweeping(services, visitor, ORDER, THREE)(UNWATCHED)
    files = swept(visitor).files
    assert [path.name for path in files] == ["defend.csv", "report.json", "report.html"]
    assert set(visitor.desk.files()) >= set(files)
    listing = json.loads(files[1].read_text(encoding="utf-8"))
    assert [point["label"] for point in listing["points"]] == [defence.label for defence in THREE]
    assert all(path.is_relative_to(visitor.folder) for path in fake(services).folders)
    assert not list(visitor.folder.rglob("*.safetensors"))


def test_photos_are_shrunk_and_not_in_the_page(services: Services, visitor: Visitor) -> None:
    sweeping(services, visitor, ORDER, THREE[:1])(UNWATCHED)
    assert [photo.size for photo in swept(visitor).sweep.photos] == [(64, 64)] * 8
    assert "Private photos left out of this page: 8" in swept(visitor).files[2].read_text(encoding="utf-8")


def test_a_stop_keeps_what_is_finished_and_continue_runs_the_rest(services: Services, visitor: Visitor) -> None:
    stopped_after_one(services, visitor)
    assert labels(visitor) == ["No defence"]
    assert not swept(visitor).running
    assert swept(visitor).sweep.chance
    assert swept(visitor).files[0].exists()
    assert "Stopped after 1 of 3 defences." in swept(visitor).sweep.notes
    first = swept(visitor).sweep.points[0]
    sweeping(services, visitor, ORDER, THREE, resume=True)(UNWATCHED)
    assert labels(visitor) == [defence.label for defence in THREE]
    assert swept(visitor).sweep.points[0] is first
    assert fake(services).tried == [defence.label for defence in THREE]  # each once
    assert len(set(fake(services).seeds)) == 1  # hence one trigger
    assert fake(services).chances == 1


def test_continue_takes_more_defences_and_keeps_those_that_are_no_longer_ticked(
    services: Services, visitor: Visitor
) -> None:
    sweeping(services, visitor, ORDER, THREE)(UNWATCHED)
    more = tuple(defence for defence in PLAN if point_name(defence) == "dpgm-epsilon-2")
    sweeping(services, visitor, ORDER, more, resume=True)(UNWATCHED)
    assert labels(visitor) == ["No defence", "DP-SGD (DPDM), ε = 10", more[0].label, THREE[2].label]
    assert fake(services).tried.count("No defence") == 1


def test_what_cannot_be_continued_is_said(services: Services, visitor: Visitor) -> None:
    with pytest.raises(SettingsError, match="no sweep to continue"):
        sweeping(services, visitor, ORDER, THREE, resume=True)
    sweeping(services, visitor, ORDER, THREE)(UNWATCHED)
    with pytest.raises(SettingsError, match="has been tried"):
        sweeping(services, visitor, ORDER, THREE[:1], resume=True)
    for other in (
        replace(ORDER, lora=LoraSettings(steps=5)),
        replace(ORDER, base_key="sd14"),
        replace(ORDER, seed=3),
        replace(ORDER, attack=AttackSettings(samples=4)),
    ):
        with pytest.raises(SettingsError, match="not those of the last sweep"):
            sweeping(services, visitor, other, PLAN, resume=True)
    load(visitor, 8)
    with pytest.raises(SettingsError, match="not those of the last sweep"):
        sweeping(services, visitor, ORDER, PLAN, resume=True)


def test_a_new_sweep_starts_from_nothing(services: Services, visitor: Visitor) -> None:
    sweeping(services, visitor, ORDER, THREE)(UNWATCHED)
    sweeping(services, visitor, ORDER, THREE[:1])(UNWATCHED)
    assert labels(visitor) == ["No defence"]
    assert fake(services).tried.count("No defence") == 2
    assert len(set(fake(services).seeds)) == 2


def test_a_stop_before_anything_leaves_the_desk_as_it_was(services: Services, visitor: Visitor) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        sweeping(services, visitor, ORDER, THREE)(Watcher(stop=stop))
    assert visitor.desk.swept is None
    stopped_after_one(services, visitor)
    before = visitor.desk.swept
    with pytest.raises(Stopped):
        sweeping(services, visitor, ORDER, THREE, resume=True)(Watcher(stop=stop))
    assert visitor.desk.swept is before


def test_a_failure_keeps_what_is_finished(services: Services, visitor: Visitor) -> None:
    fake(services).broken = "int8"
    with pytest.raises(DemoError, match="disk is full"):
        sweeping(services, visitor, ORDER, THREE)(UNWATCHED)
    assert labels(visitor) == [defence.label for defence in THREE[:2]]
    assert not swept(visitor).running
    assert len(swept(visitor).files) == 3


def test_what_cannot_be_is_refused_before_the_job(services: Services, visitor: Visitor) -> None:
    with pytest.raises(SettingsError, match=r"DP-SGD \(DPDM\), ε = 2: Delta is 0.5, but it must be"):
        sweeping(services, visitor, ORDER, (choose("dpdm", epsilon=2, delta=0.5),))
    load(visitor, 2)
    with pytest.raises(PhotoError, match="at least 3 are needed"):
        sweeping(services, visitor, ORDER, THREE)
    visitor.change(photos=Photos((), (Group("party.jpg", (face(1), face(2))),)))
    with pytest.raises(PhotoError, match="several faces"):
        sweeping(services, visitor, ORDER, THREE)
    assert fake(services).seeds == []


def test_a_late_sweep_of_a_deleted_visitor_leaves_nothing(services: Services, visitor: Visitor) -> None:
    def report(progress: Progress) -> None:
        if progress.stage.startswith("2 of"):
            services.visitors.forget(visitor)

    with pytest.raises(DemoError, match="have been deleted"):
        sweeping(services, visitor, ORDER, THREE)(Watcher(report))
    visitor.delete()  # as the job's guard does
    assert not visitor.folder.exists()

from __future__ import annotations

import time
from pathlib import Path
from threading import Event

import pytest
from fake_services import Clock
from fake_story import face

from demo.attack.registry import AttackSettings
from demo.finetune.settings import LoraSettings
from demo.models.bases import BUNDLED
from demo.progress import Watcher
from demo.session.desk import Photos, PhotoSource, Shot, Swept, Terms
from demo.session.visitors import CLOSED_S, IDLE_S, MOST, GoneError, NoPageError, Visitor, Visitors
from demo.sweep.model import Sweep
from demo.workflow.jobs import Jobs

PHOTOS = Photos((Shot("a.jpg", face(1)),))


class Place:
    def __init__(self, root: Path) -> None:
        self.clock = Clock()
        self.jobs = Jobs(clock=self.clock)
        self.visitors = Visitors(root, self.jobs, clock=self.clock)

    def opened(self, page: str = "page") -> Visitor:
        visitor = self.visitors.open(page, None).visitor
        visitor.change(photos=PHOTOS)
        return visitor


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_visitor_has_a_secret_id_and_a_private_folder_of_another_name(place: Place) -> None:
    visitor, other = place.opened("1"), place.opened("2")
    assert visitor.id != other.id
    assert len(visitor.id) >= 32
    assert visitor.id not in str(visitor.folder)
    assert visitor.folder.stat().st_mode & 0o777 == 0o700
    assert visitor.room("tuned").stat().st_mode & 0o777 == 0o700


def test_a_reload_finds_the_visitor_again(place: Place) -> None:
    visitor = place.opened("before")
    place.visitors.close("before")
    place.clock.now += CLOSED_S - 1
    assert place.visitors.open("after", visitor.id).visitor is visitor
    place.clock.now += CLOSED_S + 1
    place.visitors.sweep()
    assert not visitor.gone  # a page is open


@pytest.mark.parametrize("remembered", [None, "", "nobody", 5, ["list"], {"id": 1}])
def test_an_unknown_id_becomes_a_new_visitor_and_names_no_folder(place: Place, remembered: object) -> None:
    visitor = place.visitors.open("page", remembered).visitor
    assert visitor.id != remembered
    assert [path.name for path in visitor.folder.parent.iterdir()] == [visitor.folder.name]


def test_data_go_some_time_after_the_last_page_is_closed(place: Place) -> None:
    visitor = place.opened("1")
    place.visitors.open("2", visitor.id)
    place.visitors.close("1")
    place.clock.now += CLOSED_S
    place.visitors.sweep()
    assert not visitor.gone
    place.visitors.close("2")
    place.clock.now += CLOSED_S
    place.visitors.sweep()
    assert visitor.gone
    assert not visitor.folder.exists()


def test_data_go_without_use_although_the_page_is_open_and_polls(place: Place) -> None:
    visitor = place.opened()
    for _ in range(10):
        place.clock.now += IDLE_S / 10
        page = place.visitors.page("page", use=False)
    assert visitor.gone
    assert page.visitor is not visitor
    assert page.expired
    assert place.visitors.page("page").visitor is page.visitor


def test_use_keeps_data(place: Place) -> None:
    visitor = place.opened()
    for _ in range(10):
        place.clock.now += IDLE_S / 2
        assert place.visitors.page("page").visitor is visitor


def test_a_visitor_with_nothing_is_not_said_to_have_lost_it(place: Place) -> None:
    place.visitors.open("page", None)
    place.clock.now += IDLE_S
    assert not place.visitors.page("page", use=False).expired


def test_a_running_job_keeps_its_owners_data(place: Place) -> None:
    visitor, let = place.opened(), Event()

    def work(watcher: Watcher) -> None:
        assert let.wait(10)

    place.jobs.submit(visitor.id, "job", work)
    place.visitors.close("page")
    place.clock.now += IDLE_S + CLOSED_S
    place.visitors.sweep()
    assert not visitor.gone
    let.set()
    deadline = time.monotonic() + 10
    while place.jobs.busy(visitor.id) and time.monotonic() < deadline:
        time.sleep(0.01)
    place.clock.now += CLOSED_S - 1
    place.visitors.sweep()
    assert not visitor.gone  # the time begins at the job's end
    place.clock.now += 1
    place.visitors.sweep()
    assert visitor.gone


def test_a_job_whose_owner_has_gone_gives_way_to_whoever_waits(place: Place) -> None:
    visitor, other = place.opened("1"), place.opened("2")
    running, stopped = Event(), Event()

    def work(watcher: Watcher) -> None:
        running.set()
        assert watcher.stop.wait(10)
        stopped.set()

    place.jobs.submit(visitor.id, "abandoned", work)
    assert running.wait(10)
    place.visitors.close("1")
    place.clock.now += CLOSED_S + 1
    place.visitors.page("2")
    assert not visitor.gone  # nobody waits
    job = place.jobs.submit(other.id, "next", lambda _: None)
    place.visitors.sweep()
    assert visitor.gone
    assert stopped.wait(10)
    deadline = time.monotonic() + 10
    while (now := place.jobs.get(job)) is None or now.active:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not other.gone


def test_a_job_keeps_its_place_while_its_owner_may_come_back(place: Place) -> None:
    visitor, other = place.opened("1"), place.opened("2")
    done = Event()
    place.jobs.submit(visitor.id, "long", lambda _: done.wait(10))
    place.jobs.submit(other.id, "next", lambda _: None)
    place.visitors.close("1")
    place.clock.now += CLOSED_S - 1
    place.visitors.sweep()
    assert not visitor.gone
    done.set()


def test_a_page_whose_connection_broke_finds_its_visitor_again(place: Place) -> None:
    visitor = place.opened("page")
    place.visitors.close("page")  # Gradio says so of a phone that sleeps, too
    place.clock.now += CLOSED_S - 1
    assert place.visitors.page("page", use=False).visitor is visitor
    place.clock.now += CLOSED_S - 1
    assert place.visitors.page("page", use=False).visitor is visitor  # its looks show that it is open
    place.clock.now += CLOSED_S
    place.visitors.sweep()  # no more looks: closed, though nobody says so
    assert visitor.gone


def test_a_page_that_comes_back_too_late_is_told_so(place: Place) -> None:
    visitor = place.opened("page")
    place.visitors.close("page")
    place.clock.now += CLOSED_S
    place.visitors.sweep()
    page = place.visitors.page("page")
    assert page.visitor is not visitor
    assert page.expired
    place.clock.now += CLOSED_S - 1
    assert place.visitors.page("page").visitor is page.visitor


def test_who_names_no_session_shares_nobodys_desk(place: Place) -> None:
    for ask in (lambda: place.visitors.page(""), lambda: place.visitors.open("", None)):
        with pytest.raises(NoPageError, match="session"):
            ask()


def test_forget_deletes_at_once_and_for_good(place: Place) -> None:
    visitor = place.opened()
    (visitor.room("tuned") / "lora.safetensors").write_bytes(b"x")
    place.visitors.forget(visitor)
    assert not visitor.folder.exists()
    for late in (lambda: visitor.desk, lambda: visitor.change(photos=PHOTOS), lambda: visitor.room("tuned")):
        with pytest.raises(GoneError):
            late()
    page = place.visitors.page("page")
    assert page.visitor is not visitor
    assert not page.expired
    assert page.visitor.desk.photos.shots == ()


def test_rooms_that_the_desk_refers_to_stay(place: Place) -> None:
    visitor = place.opened()
    first, second = visitor.room("tuned"), visitor.room("tuned")
    assert not first.exists()
    assert second.exists()


def test_a_sweep_that_was_deleted_for_want_of_use_is_missed(place: Place) -> None:
    visitor = place.visitors.open("page", None).visitor
    sweep = Sweep([], [], [], 0, [], BUNDLED)
    terms = Terms(PhotoSource(1), BUNDLED, LoraSettings(), AttackSettings(), None)
    room = visitor.room("sweep")
    visitor.change(swept=Swept(sweep, sweep, terms, 1, running=False, files=(room / "defend.csv",)))
    visitor.room("sweep")
    assert room.exists()
    place.clock.now += IDLE_S
    assert place.visitors.page("page", use=False).expired


def test_visitors_are_bounded(place: Place) -> None:
    first = place.opened("0")
    for number in range(1, MOST + 1):
        place.clock.now += 1
        last = place.opened(str(number))
    assert first.gone
    assert not last.gone
    assert len(list(last.folder.parent.iterdir())) == MOST


def test_forget_all(place: Place) -> None:
    visitors = [place.opened(str(i)) for i in range(3)]
    place.visitors.forget_all()
    assert all(visitor.gone and not visitor.folder.exists() for visitor in visitors)


def test_a_page_from_before_a_restart_is_told_and_greeted(tmp_path: Path) -> None:
    jobs = Jobs()
    visitors = Visitors(tmp_path, jobs)
    greeted: list[Visitor] = []
    visitors.greet = greeted.append
    page = visitors.page("from before", use=False, looked=True)
    assert page.expired
    assert greeted == [page.visitor]
    client = visitors.page("a program", use=False)
    assert not client.expired
    assert len(greeted) == 1
    jobs.close()

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from fake_services import fake_services
from fake_story import FakeStory
from gradio.queueing import Queue

from demo.session.services import Services
from demo.session.visitors import Page
from demo.ui.assembly import build_app
from demo.ui.page import Facet, Live, View
from demo.ui.strip import BUSY_S, IDLE_S, WAITING_S, pause
from demo.workflow.snapshot import Snapshot


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = fake_services(tmp_path, FakeStory())
    yield made
    made.jobs.close()
    made.visitors.forget_all()


@pytest.fixture
def live(services: Services) -> Live:
    with gr.Blocks():
        strip, result = gr.HTML(), gr.HTML()
    return Live(
        services,
        [
            Facet("strip", lambda view: view.desk.job, lambda view: {strip: str(view.desk.job)}, [strip], quick=True),
            Facet("result", lambda view: view.desk.tab, lambda view: {result: str(view.desk.tab)}, [result]),
        ],
    )


def test_a_look_draws_what_is_quick_and_says_when_there_is_more(services: Services, live: Live) -> None:
    page: Page = services.visitors.open("a", None)
    updates, more = live.look(page)
    assert list(updates.values()) == ["None"]
    assert more
    assert list(live.refresh(page).values()) == ["None"]  # the rest
    assert live.look(page) == ({}, False)
    assert live.refresh(page) == {}
    page.visitor.change(job="1")
    updates, more = live.look(page)
    assert list(updates.values()) == ["1"]
    assert not more
    page.visitor.change(tab="attack")
    for _ in range(2):  # a look leaves the rest to the handler that draws it
        assert live.look(page) == ({}, True)
    assert list(live.refresh(page).values()) == ["attack"]
    assert live.look(page) == ({}, False)


def test_the_timer_touches_few_components_and_no_handler_the_tabs(services: Services) -> None:
    demo = build_app(services)
    timers = [fn for fn in demo.fns.values() if any(event == "tick" for _, event in fn.targets)]
    assert [len(fn.outputs) for fn in timers] == [4]  # pulse, strip, losses, live sample
    on_server = [fn for fn in demo.fns.values() if fn.fn is not None]
    assert len(on_server) > 30
    assert not [fn for fn in on_server if any(isinstance(block, gr.Tabs) for block in fn.outputs)]


def test_no_thread_of_the_server_does_the_work(services: Services) -> None:
    found: list[threading.Thread] = []
    with gr.Blocks() as demo:
        button = gr.Button()
        live = Live(services, [Facet("one", lambda view: None, lambda view: {button: gr.skip()}, [button])])
        live.on(button.click, lambda visitor: found.append(threading.current_thread()))
    next(fn.fn for fn in demo.fns.values())(SimpleNamespace(session_hash="a"))
    assert found[0] is not threading.current_thread()
    assert not found[0].is_alive()


def test_all_that_an_action_warns_of_is_one_message(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("demo.ui.page.warn", told.append)
    with gr.Blocks() as demo:
        button = gr.Button()
        live = Live(services, [Facet("one", lambda view: None, lambda view: {button: gr.skip()}, [button])])
        live.on(button.click, lambda visitor: [f"{i}.jpg is one too many." for i in range(20)])
        live.on(button.click, lambda visitor: [])
    for fn in demo.fns.values():
        fn.fn(SimpleNamespace(session_hash="a"))
    assert [len(message.splitlines()) for message in told] == [20]


def test_progress_is_shown_where_it_can_be_seen_before_there_are_photos(services: Services) -> None:
    demo = build_app(services)
    found = [fn.show_progress_on for fn in demo.fns.values() if fn.show_progress != "hidden" and fn.show_progress_on]
    assert len(found) == 2  # files and camera
    for places in found:
        assert [getattr(place, "elem_id", None) for place in places] == ["photos"]
        assert all(place.visible is True for place in places)


def test_the_queue_of_an_idle_app_sleeps(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = build_app(services)._queue
    looks: list[float] = []

    def none(_: Queue) -> int:
        looks.append(time.monotonic())
        return 0

    monkeypatch.setattr(Queue, "__len__", none)

    async def idle() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(queue.start_processing(), 0.5)

    asyncio.run(idle())
    assert 2 <= len(looks) <= 12  # Gradio's own pause would make some 400


@pytest.mark.parametrize(
    ("state", "place", "seconds"),
    [("running", None, BUSY_S), ("waiting", 1, BUSY_S), ("waiting", 2, WAITING_S), ("done", None, IDLE_S)],
)
def test_whoever_waits_looks_less_often_than_whose_job_runs_or_is_next(
    services: Services, state: str, place: int | None, seconds: float
) -> None:
    job = Snapshot("id", "Fine-tuning", state, place, None, (), (), None, None, (), None, None, 0.0)  # type: ignore[arg-type]
    visitor = services.visitors.open("a", None).visitor
    assert pause(View(visitor, visitor.desk, job)) == seconds

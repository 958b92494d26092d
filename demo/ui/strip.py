"""What the browser remembers, the strip that shows the job, and the ways to stop it and to delete everything.

The browser keeps the visitor's id (BrowserState, encrypted with a key of this run of the app). Which page
belongs to which visitor is kept on the server under Gradio's session hash, as gr.State is.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import gradio as gr

from demo.session.services import Services
from demo.session.visitors import Visitor
from demo.ui.components import pictures
from demo.ui.components.translations import t
from demo.ui.page import Facet, Live, Updates, View

# Between two looks, which take time from the job that runs: a class of thirty waits. Idle pages notice an expiry.
BUSY_S, WAITING_S, IDLE_S = 1.5, 4.0, 5.0
STORAGE_KEY = "lora-leak-visitor"


@dataclass(frozen=True)
class Session:
    """Components that belong to no tab."""

    browser: gr.BrowserState
    timer: gr.Timer
    pulse: gr.Number  # see Live.on_tick
    strip: gr.HTML
    stop: gr.Button
    delete: gr.Button
    facets: Sequence[Facet]


def build_session(delete: gr.Button) -> Session:
    """The job's strip with its Stop button, and what is not seen; ``delete`` is in the header already."""
    browser = gr.BrowserState(None, storage_key=STORAGE_KEY)
    timer, pulse = gr.Timer(IDLE_S), gr.Number(0, visible=False, elem_id="pulse")
    spoken = gr.HTML(elem_id="job-state")  # takes no room
    with gr.Row(elem_classes="ll-job", visible=False) as job:
        strip = gr.HTML()
        stop = gr.Button(t("stage.stop"), variant="stop", size="sm", scale=0, min_width=90, elem_id="stop")

    def draw_job(view: View) -> Updates:
        return {job: gr.Row(visible=view.job is not None), stop: gr.Button(visible=view.active)}

    facets = (
        Facet("visitor", lambda view: view.visitor.id, lambda view: {browser: view.visitor.id}, [browser]),
        Facet("timer", pause, lambda view: {timer: gr.Timer(pause(view))}, [timer]),
        Facet("job", lambda view: (view.job is not None, view.active), draw_job, [job, stop]),
        Facet("state", state_stamp, lambda view: {spoken: pictures.announcement(view.job, view.language)}, [spoken]),
        Facet(
            "strip",
            job_stamp,
            lambda view: {strip: pictures.progress(view.job, view.language)},
            [strip],
            quick=True,
        ),
    )
    return Session(browser, timer, pulse, strip, stop, delete, facets)


def pause(view: View) -> float:
    """Seconds to the page's next look."""
    if not view.active or view.job is None:
        return IDLE_S
    return WAITING_S if (view.job.place or 0) > 1 else BUSY_S  # the next in line begins at any moment


def job_stamp(view: View) -> Hashable:
    """What the strip depends on."""
    job = view.job
    if job is None:
        return None
    return (job.id, job.state, pictures.place(job) if job.place else None, job.progress, view.language.key)


def state_stamp(view: View) -> Hashable:
    """What is said aloud depends on this, which is less than what the strip shows: steps would never be still."""
    job = view.job
    return None if job is None else (job.id, job.state, job.place, view.language.key)


def wire_session(session: Session, services: Services, live: Live, demo: gr.Blocks) -> None:
    """Polling, stopping, deleting, and re-attaching after a reload."""

    def stop(visitor: Visitor) -> list[str]:
        job = visitor.desk.job
        return [] if job is not None and services.jobs.stop(job) else [visitor.language.say("stage.nothing")]

    def delete(visitor: Visitor) -> None:
        services.visitors.forget(visitor)
        gr.Info(visitor.language.say("stage.deleted"))

    live.on_tick(session.timer.tick, session.pulse)
    live.on(session.stop.click, stop, api_name="stop", concurrency_limit=None)
    live.on(session.delete.click, delete, api_name="delete_my_data", concurrency_limit=None)
    live.on_load(demo, session.browser)

"""Endpoints for programs, beside those of the buttons. A client's session is a visitor like any other."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.events import api

from demo.errors import DemoError, SettingsError
from demo.session import guessing, photo_intake
from demo.session.services import Services
from demo.ui.components.endpoints import ENDPOINTS
from demo.ui.errors import shown


def add_api(services: Services) -> None:
    """Add the endpoints ``load_person`` and ``status`` to the Blocks that is being built."""

    def load_person(name: str, request: gr.Request) -> int:
        """Take a fictional person's photos; returns how many there are."""
        person = next((person for person in services.people if person.name == name), None)
        try:
            if person is None:
                known = ", ".join(person.name for person in services.people)
                raise SettingsError("There is no such fictional person.", f"Choose one of: {known}.")
            visitor = services.visitors.page(request.session_hash or "").visitor
            photo_intake.load_person(visitor, person)
        except DemoError as error:
            raise shown(error) from None
        return len(visitor.desk.photos.shots)

    def status(request: gr.Request) -> dict[str, Any]:
        """How the session's job stands, and what there is."""
        try:
            visitor = services.visitors.page(request.session_hash or "", use=False).visitor
        except DemoError as error:
            raise shown(error) from None
        desk = visitor.desk
        job = None if desk.job is None else services.jobs.get(desk.job)
        now = None if job is None else job.progress
        return {
            "state": None if job is None else job.state,
            "place": None if job is None else job.place,
            "wait_s": None if job is None or job.wait_s is None else round(job.wait_s),
            "stage": None if now is None else now.stage,
            "step": None if now is None else now.step,
            "total": None if now is None else now.total,
            "models": None if desk.shook is None or desk.shook.shake is None else len(desk.shook.shake.arms),
            "points": None if desk.swept is None else len(desk.swept.sweep.points),
            "error": None if job is None or job.error is None else str(job.error),
            "photos": len(desk.photos.shots),
            "photos_to_settle": len(desk.photos.groups),
            "file": None if desk.released is None else desk.released.name,
            "said": None if desk.released is None else len(desk.released.said),
            "cleaned": desk.cleaned is not None,
            "reconstructed": desk.attacked is not None,
            "faces": None if desk.line_up is None else len(desk.line_up.faces),
            "headline": None if desk.compared is None else desk.compared.report.verdict.headline,
            "leaked": None if desk.compared is None else desk.compared.report.verdict.leaked,
        }

    def guess(face: int, request: gr.Request) -> bool:
        """Choose one of the six faces, by its number from 1; returns whether it is the person's."""
        try:
            visitor = services.visitors.page(request.session_hash or "").visitor
            guessing.guess(services, visitor, face - 1)
        except DemoError as error:
            raise shown(error) from None
        made = visitor.desk.line_up
        return made is not None and bool(made.right)

    for endpoint in (load_person, guess):
        api(endpoint, api_name=endpoint.__name__, api_description=ENDPOINTS[endpoint.__name__])
    api(status, api_name="status", api_description=ENDPOINTS["status"], queue=False)

"""Endpoints for programs that no button has. A client's session is a visitor like any other."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.events import api

from demo.errors import DemoError, SettingsError
from demo.session import guessing, photo_intake
from demo.session.services import Services
from demo.session.status import status as status_of
from demo.ui.caller import session_key
from demo.ui.components.endpoints import ENDPOINTS
from demo.ui.errors import shown


def add_api(services: Services) -> None:
    """Add the endpoints ``load_person``, ``guess`` and ``status`` to the Blocks that is being built."""

    def load_person(name: str, request: gr.Request) -> int:
        """Take a fictional person's photos; returns how many there are."""
        person = next((person for person in services.people if person.name == name), None)
        try:
            if person is None:
                known = ", ".join(person.name for person in services.people)
                raise SettingsError("There is no such fictional person.", f"Choose one of: {known}.")
            visitor = services.visitors.page(session_key(request)).visitor
            photo_intake.load_person(visitor, person)
        except DemoError as error:
            raise shown(error) from None
        return len(visitor.desk.photos.shots)

    def status(request: gr.Request) -> dict[str, Any]:
        """How the session's job stands, and what there is."""
        try:
            return status_of(services, services.visitors.page(session_key(request), use=False).visitor)
        except DemoError as error:
            raise shown(error) from None

    def guess(face: int, request: gr.Request) -> bool:
        """Choose one of the six faces, by its number from 1; returns whether it is the person's."""
        try:
            visitor = services.visitors.page(session_key(request)).visitor
            guessing.guess(services, visitor, face - 1)
        except DemoError as error:
            raise shown(error) from None
        made = visitor.desk.line_up
        return made is not None and bool(made.right)

    for endpoint in (load_person, guess):
        api(endpoint, api_name=endpoint.__name__, api_description=ENDPOINTS[endpoint.__name__])
    api(status, api_name="status", api_description=ENDPOINTS["status"], queue=False)

"""How a page is kept up to date: facets compared with what it shows, and handlers that end in that comparison."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, Signature
from itertools import count
from typing import Any

import gradio as gr
from gradio.components import Component

from demo.errors import DemoError
from demo.hardware.threads import aside
from demo.session.desk import Desk
from demo.session.services import Services
from demo.session.status import status
from demo.session.visitors import GoneError, Page, Visitor
from demo.texts.en import ENGLISH
from demo.texts.errors import said
from demo.texts.language import Language
from demo.texts.languages import choose_language
from demo.ui.caller import accepted_languages, address, session_key
from demo.ui.components.endpoints import ENDPOINTS
from demo.ui.errors import shown, warn
from demo.workflow.snapshot import Snapshot

Updates = dict[Any, Any]  # component or layout block -> its update
Action = Callable[..., Iterable[str] | None]  # visitor and inputs in; warnings for the visitor out


@dataclass(frozen=True)
class View:
    """What there is to show."""

    visitor: Visitor
    desk: Desk
    job: Snapshot | None
    expired: bool = False  # whether data were deleted for want of use
    language: Language = ENGLISH

    @property
    def active(self) -> bool:
        """Whether a job of the visitor waits or runs."""
        return self.job is not None and self.job.active


@dataclass(frozen=True)
class Facet:
    """A part of the page that changes as one.

    Args:
        name: unique.
        stamp: what the part depends on; it is drawn anew when this differs from the last time.
        draw: the updates.
        outputs: all components that ``draw`` may update.
        quick: whether it changes from look to look while a job runs.
    """

    name: str
    stamp: Callable[[View], Hashable]
    draw: Callable[[View], Updates]
    outputs: Sequence[Any]
    quick: bool = False


class Live:
    """All facets of the page, and the way to wire handlers to them."""

    def __init__(self, services: Services, facets: Sequence[Facet]) -> None:
        self._services, self._facets = services, list(facets)
        self._outputs = _blocks(facets)
        self._looks = count(1)

    def refresh(self, page: Page) -> Updates:
        """Updates for all that differs from what the page shows."""
        with page.lock:
            view = self._view(page)
            return self._drawn(page, view, self._stale(page, view))

    def look(self, page: Page) -> tuple[Updates, bool]:
        """Updates for what is quick, and whether anything else differs from what the page shows, too."""
        with page.lock:
            view = self._view(page)
            stale = self._stale(page, view)
            quick = [(facet, stamp) for facet, stamp in stale if facet.quick]
            return self._drawn(page, view, quick), len(quick) < len(stale)

    def _view(self, page: Page) -> View:
        desk = page.visitor.desk
        job = None if desk.job is None else self._services.jobs.get(desk.job)
        return View(page.visitor, desk, job, page.expired, choose_language(page.language))

    def _stale(self, page: Page, view: View) -> list[tuple[Facet, Hashable]]:
        stamped = [(facet, facet.stamp(view)) for facet in self._facets]
        return [(f, stamp) for f, stamp in stamped if f.name not in page.seen or page.seen[f.name] != stamp]

    def _drawn(self, page: Page, view: View, stale: Sequence[tuple[Facet, Hashable]]) -> Updates:
        updates: Updates = {}
        for facet, stamp in stale:
            updates |= facet.draw(view)
            page.seen[facet.name] = stamp
        return updates

    def on(
        self,
        event: Callable[..., Any],
        action: Action,
        inputs: Mapping[str, Component] | None = None,
        *,
        clear: Sequence[Component] = (),
        api_name: str | None = None,
        use: bool = True,
        **options: Any,
    ) -> None:
        """Wire an event: the action changes the desk, then the page is brought up to date.

        Args:
            event: such as ``button.click``.
            action: gets the visitor and the inputs' values. A DemoError becomes a message.
            inputs: by the names that they have in the API.
            clear: inputs to empty afterwards, whatever happens.
            api_name: a stable name makes it part of the public API, too.
            use: whether it counts as somebody doing something.
            options: for the event.
        """

        inputs = inputs or {}

        def acted(key: str, address: str | None, values: Sequence[Any]) -> list[str]:
            page = self._services.visitors.page(key, use=use)
            page.visitor.address = address
            page.visitor.language = choose_language(page.language)
            return list(action(page.visitor, *values) or ())

        def answer(key: str, address: str | None, values: Sequence[Any]) -> Updates:
            try:
                warnings = acted(key, address, values)
                if warnings:
                    warn("\n".join(warnings))  # one message: twenty would cover the page
            except DemoError as error:
                language = self._language(key)
                if not clear:
                    raise shown(error, language) from None
                warn(said(error, language))  # an error would leave the inputs as they are
            except Exception as error:
                raise shown(error, self._language(key)) from None
            try:
                updates = self.refresh(self._services.visitors.page(key, use=use))
            except GoneError:  # another page deleted it just now
                updates = self.refresh(self._services.visitors.page(key, use=use))
            return updates | dict.fromkeys(clear) or {self._outputs[0]: gr.skip()}  # {} is no answer

        def handler(request: gr.Request, *values: Any) -> Updates:
            return aside(partial(answer, session_key(request), address(request), values))

        event(
            handler,
            inputs=list(inputs.values()),
            outputs=self._outputs + [block for block in clear if block not in self._outputs],
            api_visibility="private",
            **{"show_progress": "hidden", **options},
        )
        if api_name is not None:
            self._publish(api_name, acted, inputs, options)

    def _publish(
        self,
        name: str,
        acted: Callable[[str, str | None, Sequence[Any]], list[str]],
        inputs: Mapping[str, Component],
        options: Mapping[str, Any],
    ) -> None:
        """The same for programs, whose answer is the status. They have no page, and its updates would be 1.4 MB."""

        def answer(key: str, address: str | None, values: Sequence[Any]) -> dict[str, Any]:
            try:
                warnings = acted(key, address, values)
                try:
                    now = status(self._services, self._services.visitors.page(key, use=False).visitor)
                except GoneError:  # another request deleted it just now
                    now = status(self._services, self._services.visitors.page(key, use=False).visitor)
            except Exception as error:
                raise shown(error, self._language(key)) from None
            return now | {"warnings": warnings}

        def endpoint(request: gr.Request, *values: Any) -> dict[str, Any]:
            return aside(partial(answer, session_key(request), address(request), values))

        endpoint.__name__ = name  # MCP's tools are called by it
        endpoint.__signature__ = _signature(inputs)  # type: ignore[attr-defined]
        gr.on(
            [],
            endpoint,
            inputs=list(inputs.values()),
            outputs=gr.JSON(visible=False),
            api_name=name,
            api_description=ENDPOINTS[name],
            **{option: value for option, value in options.items() if not option.startswith("show_")},
        )

    def _language(self, key: str) -> Language:
        """Of the page that asks; English, if no page does."""
        return choose_language(self._services.visitors.page(key, use=False).language) if key else ENGLISH

    def on_tick(self, event: Callable[..., Any], pulse: gr.Number) -> None:
        """Wire a timer: looks at what is quick, and has the rest brought up to date when that is needed.

        Gradio makes every output of a handler anew, touched or not, and the browser goes through them all. With the
        whole page among the outputs of every look, looking took the cores that the job needs.

        Args:
            event: the timer's.
            pulse: changes when there is more to show than what is quick.
        """

        def handler(request: gr.Request) -> Updates:
            key = session_key(request)
            try:
                updates, more = self.look(self._looking(key, request))
            except GoneError:  # another page deleted it just now
                updates, more = self.look(self._looking(key, request))
            return updates | ({pulse: next(self._looks)} if more else {}) or {pulse: gr.skip()}  # {} is no answer

        quick = _blocks([facet for facet in self._facets if facet.quick])
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
        event(handler, inputs=None, outputs=[pulse, *quick], **quiet)
        self.on(pulse.change, lambda visitor: None, use=False, queue=False)

    def _looking(self, key: str, request: gr.Request) -> Page:
        """The page that looks; its language is heard anew, since the app may have been started again."""
        page = self._services.visitors.page(key, use=False, looked=True)
        page.language = page.language or accepted_languages(request)
        return page

    def on_load(self, demo: gr.Blocks, browser: gr.BrowserState) -> None:
        """Attach a page to the visitor that its browser remembers; let it go when it is closed."""

        def opened(request: gr.Request, remembered: object) -> Updates:
            page = self._services.visitors.open(session_key(request), remembered)
            page.language, page.greeted = accepted_languages(request), True
            self._services.visitors.greet(page.visitor)
            return aside(partial(self.refresh, page))

        def closed(request: gr.Request) -> None:
            self._services.visitors.close(session_key(request))

        demo.load(
            opened, inputs=browser, outputs=self._outputs, api_visibility="private", show_progress="hidden", queue=False
        )
        demo.unload(closed)

        def wipe(page_key: str) -> None:
            # Gradio keeps all that a session shows, our pictures among it, long after the session's end.
            holder = demo.state_holder
            with holder.lock:
                holder.session_data.pop(page_key, None)
                holder.time_last_used.pop(page_key, None)

        self._services.visitors.wipe = wipe


def _blocks(facets: Sequence[Facet]) -> list[Any]:
    """All that the facets may update, each once."""
    return list({block._id: block for facet in facets for block in facet.outputs}.values())


def _signature(names: Iterable[str]) -> Signature:
    """For Gradio, which names the API's parameters by it; a field that is empty at the start may be left out."""
    kind = Parameter.POSITIONAL_OR_KEYWORD
    request = Parameter("request", kind, annotation=gr.Request)
    return Signature([request, *(Parameter(name, kind, default=None, annotation=Any) for name in names)])

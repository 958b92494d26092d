"""Visitors: what each has on the desk, in memory and in one private folder, and when it goes.

A visitor is known by an id that cannot be guessed; the browser keeps it. A page (one open tab of the
browser) belongs to a visitor. Photos are kept in memory alone, but for a report that is asked to hold them.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock
from typing import Any

from demo.errors import DemoError
from demo.session.desk import Desk, Released, new_number
from demo.session.uploads import KEPT, discard_strays
from demo.texts.en import ENGLISH
from demo.workflow.jobs import Jobs

IDLE_S = 30 * 60  # seconds without use after which a visitor's data go, page open or not
CLOSED_S = 10 * 60  # the same after the last page was closed: long enough to reload, or to wake a phone
MOST = 100  # visitors at once; the longest unused goes first
SWEEP_S = 30.0


class GoneError(DemoError):
    """The visitor's data have been deleted."""

    def __init__(self) -> None:
        super().__init__("Your photos and results have been deleted.", "Load photos to start again.", key="errors.gone")


class Visitor:
    """One visitor's desk. Every change after deletion fails, so nothing comes back by a late job."""

    def __init__(self, root: Path, now: float) -> None:
        self.id = secrets.token_urlsafe(24)
        self.folder = root / f"{KEPT}{secrets.token_hex(24)}"  # not the id: paths are seen in downloads
        self.folder.mkdir(mode=0o700)
        self.lock = RLock()
        self.used = now
        self.worked = now  # when a job was last seen to wait or run
        self.left: float | None = None  # when the last page was closed
        self.address: str | None = None  # of the last request, for :mod:`demo.session.limits`
        self.expired = False  # whether anything was deleted for want of use
        self.language = ENGLISH  # of the page that asked last
        self._desk: Desk | None = Desk()

    @property
    def desk(self) -> Desk:
        """What is on the desk now.

        Raises:
            GoneError: it has been deleted.
        """
        desk = self._desk
        if desk is None:
            raise GoneError
        return desk

    @property
    def gone(self) -> bool:
        """Whether it has been deleted."""
        return self._desk is None

    def change(self, **changes: Any) -> Desk:
        """Replace parts of the desk.

        Raises:
            GoneError: it has been deleted.
        """
        with self.lock:
            self._desk = replace(self.desk, **changes)
            return self._desk

    def put(self, released: Released | None, **more: Any) -> Desk:
        """Put a file on the desk, or none. What was refused, cleaned, drawn and compared before goes.

        Args:
            more: further parts of the desk that change with it.

        Raises:
            GoneError: it has been deleted.
        """
        gone = dict.fromkeys(("refused", "cleaned", "attacked", "line_up", "compared"))
        return self.change(released=released, no_line_up="", **gone, **more)

    def clear_story(self) -> Desk:
        """Take the files and what came of them off the desk. The photos stay.

        Raises:
            GoneError: it has been deleted.
        """
        return self.put(None, tuned=None, scored=None)

    def room(self, name: str) -> Path:
        """A new folder for one result. Older ones of that name are deleted, unless the desk still has what is in them.

        Raises:
            GoneError: the visitor has been deleted.
        """
        with self.lock:
            kept = {path.parent for path in self.desk.files()}
            for old in self.folder.glob(f"{name}-*"):
                if old not in kept:
                    shutil.rmtree(old, ignore_errors=True)
            made = self.folder / f"{name}-{new_number()}"
            made.mkdir(mode=0o700)
            return made

    def delete(self) -> None:
        """Drop everything. Again after a late job, which may have made the folder anew."""
        with self.lock:
            self._desk = None
            shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(eq=False)
class Page:
    """One open page: whose it is, and what it shows."""

    visitor: Visitor
    expired: bool = False  # whether the visitor before had data, which were not used and have been deleted
    heard: float | None = None  # last request of a page that came back, whose end nothing else will tell
    language: str = ""  # that its browser asks for, as in Accept-Language
    greeted: bool = False  # whether somebody looks at it: a client of the API is not greeted
    seen: dict[str, Hashable] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)


class NoPageError(DemoError):
    """A request that says of no page or client that it is from there: all such would share one desk."""

    def __init__(self) -> None:
        remedy = (
            "Give a session_hash, as Gradio's clients do. A client of the MCP server gives a header X-Session: 16 or "
            "more characters that nobody can guess."
        )
        super().__init__("The request names no session.", remedy, key="errors.no session")


class Visitors:
    """All visitors and their pages.

    Args:
        root: a private folder, in which each visitor gets one.
        jobs: where their jobs run.
        clock: seconds, monotonic.

    Attributes:
        greet: called with the visitor of a page that is opened, and with the next one when the data have gone.
        wipe: called with a page's key when the page is closed or its visitor deleted, so that whoever keeps what
            the page shows can drop that, too.
    """

    def __init__(self, root: Path, jobs: Jobs, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.root, self._jobs, self._clock = root, jobs, clock
        self._visitors: dict[str, Visitor] = {}
        self._pages: dict[str, Page] = {}
        self._closed: dict[str, Visitor] = {}  # by the key of a page that was closed, the latest last
        self._lock = RLock()
        self.greet: Callable[[Visitor], None] = lambda visitor: None
        self.wipe: Callable[[str], None] = lambda page_key: None

    def open(self, page_key: str, visitor_id: object) -> Page:
        """A page was loaded: the visitor that its browser remembers, or a new one.

        Raises:
            NoPageError: the key is empty.
        """
        if not page_key:
            raise NoPageError
        with self._lock:
            self.sweep()
            visitor = self._visitors.get(visitor_id) if isinstance(visitor_id, str) else None
            page = Page(visitor or self._new())
            self._closed.pop(page_key, None)
            self._pages[page_key] = page
            self._touch(page.visitor)
            return page

    def page(self, page_key: str, *, use: bool = True, looked: bool = False) -> Page:
        """The page of a request; with a new visitor, and nothing seen, if the old one's data have gone.

        Args:
            page_key: Gradio's session hash.
            use: whether somebody did something; polling does not count.
            looked: whether a page asks by itself. One that is not known was opened before the app started again: what
                it shows has gone, and it is told so.

        Raises:
            NoPageError: the key is empty.
        """
        with self._lock:
            self.sweep()
            page = self._pages.get(page_key) or self._back(page_key)
            if page is None:  # a client of the API, or a page that comes back from the browser's cache
                page = self.open(page_key, None)
                if looked:
                    page.expired = page.greeted = True
                    self.greet(page.visitor)
                return page
            if page.heard is not None:
                page.heard = self._clock()
            if page.visitor.gone:
                page = self._pages[page_key] = replace(
                    page,
                    visitor=self._new(),
                    expired=page.expired or page.visitor.expired,
                    seen={},
                    lock=RLock(),
                )
                if page.greeted:
                    self.greet(page.visitor)
            if use:
                self._touch(page.visitor)
            return page

    def close(self, page_key: str) -> None:
        """A page was closed, or its connection broke. The visitor's last one: the time to deletion begins."""
        with self._lock:
            page = self._pages.pop(page_key, None)
            self.wipe(page_key)
            if page is None:
                return
            self._closed[page_key] = page.visitor
            if len(self._closed) > 10 * MOST:
                self._closed.pop(next(iter(self._closed)))
            if not any(other.visitor is page.visitor for other in self._pages.values()):
                page.visitor.left = self._clock() if page.heard is None else page.heard

    def forget(self, visitor: Visitor, *, expired: bool = False) -> None:
        """Stop the visitor's jobs and delete all that there is of the visitor."""
        with self._lock:
            if expired and not visitor.gone:
                visitor.expired = visitor.desk.used
            self._jobs.forget(visitor.id)
            self._visitors.pop(visitor.id, None)
            visitor.delete()
            for key in [key for key, page in self._pages.items() if page.visitor is visitor]:
                self.wipe(key)

    def sweep(self) -> None:
        """Delete what nobody uses any more.

        A running job keeps its owner's data until it ends, unless the owner has gone and somebody else waits.
        """
        with self._lock:
            now = self._clock()
            for key, page in list(self._pages.items()):
                if page.heard is not None and now - page.heard >= CLOSED_S:
                    self.close(key)
            for visitor in list(self._visitors.values()):
                left = visitor.left is not None and now - visitor.left >= CLOSED_S
                if self._jobs.busy(visitor.id):
                    visitor.used = visitor.worked = now
                    if left and self._jobs.waited_for(visitor.id):
                        self.forget(visitor, expired=True)
                elif now - visitor.used >= IDLE_S or (left and now - visitor.worked >= CLOSED_S):
                    self.forget(visitor, expired=True)
            if len(self._pages) > 10 * MOST:  # clients of the API never say that they close
                self._pages = {key: page for key, page in self._pages.items() if not page.visitor.gone}

    def sweep_for_ever(self, pause_s: float = SWEEP_S) -> None:
        """For a thread of its own: data go on time also when nobody is there."""
        while True:
            time.sleep(pause_s)
            self.sweep()
            discard_strays(self.root, CLOSED_S)
            self._jobs.sweep()

    def forget_all(self) -> None:
        """The end of the app."""
        with self._lock:
            for visitor in list(self._visitors.values()):
                self.forget(visitor)

    def _back(self, page_key: str) -> Page | None:
        """A page that was taken for closed and is not: a phone that woke, or a network that was away for a moment."""
        visitor = self._closed.pop(page_key, None)
        if visitor is None:
            return None
        page = self._pages[page_key] = Page(visitor, heard=self._clock())
        if not visitor.gone:
            visitor.left = None
        return page

    def _new(self) -> Visitor:
        idle = [visitor for visitor in self._visitors.values() if not self._jobs.busy(visitor.id)]
        if len(self._visitors) >= MOST and idle:
            self.forget(min(idle, key=lambda visitor: visitor.used), expired=True)
        visitor = Visitor(self.root, self._clock())
        self._visitors[visitor.id] = visitor
        return visitor

    def _touch(self, visitor: Visitor) -> None:
        visitor.used, visitor.left = self._clock(), None

"""The line-up on a visitor's desk: made when the attack has drawn, guessed once, counted without a trace of who."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from demo.errors import SettingsError, WeightsError
from demo.report import LeakReport, with_line_up, write_report
from demo.session.desk import Compared, Desk
from demo.session.services import Services
from demo.session.visitors import Visitor
from demo.verdicts.line_up import LineUpResult


def line_up(services: Services, visitor: Visitor) -> None:
    """Put a line-up on the desk for what was drawn from the visitor's own file; or why there can be none.

    Whoever brought the photos, or has been shown them, or all the people among whom the hidden one is, knows the
    person: such guesses are counted apart.
    """
    with visitor.lock:
        desk = visitor.desk
        if desk.kept is None:
            return
        before: Collection[int] = () if desk.line_up is None else desk.line_up.strangers
        try:
            made = services.line_up(desk.kept.photos, seen=desk.met or not desk.photos.hidden, avoid=before)
        except WeightsError as error:
            visitor.change(line_up=None, no_line_up=str(error))
        else:
            visitor.change(line_up=made, no_line_up="")


def guess(services: Services, visitor: Visitor, face: int) -> None:
    """Choose one of the faces. The guess is counted, the photos are shown, and a report that is there tells of it.

    Args:
        face: index.

    Raises:
        SettingsError: there is no line-up, it has been guessed already, or there is no such face.
    """
    with visitor.lock:
        desk = visitor.desk
        if desk.line_up is None:
            raise SettingsError("There is no line-up yet.", "Wait until the attack has drawn its pictures.")
        chosen = desk.line_up.choose(face)
        services.tally.add(bool(chosen.right), chosen.seen)
        desk = visitor.change(line_up=chosen, photos=replace(desk.photos, hidden=False))
        if desk.compared is not None:
            visitor.change(compared=_told(services, desk, desk.compared))


def skip(visitor: Visitor) -> None:
    """Do without a guess: the line-up goes, and the photos are shown."""
    with visitor.lock:
        visitor.change(line_up=None)
        reveal(visitor)


def reveal(visitor: Visitor) -> None:
    """Show the visitor the photos. Who has seen them and guesses then is counted apart."""
    with visitor.lock:
        desk = visitor.desk
        visitor.change(
            photos=replace(desk.photos, hidden=False),
            line_up=None if desk.line_up is None else desk.line_up.marked_seen(),
        )


def meet(visitor: Visitor) -> None:
    """The visitor is shown all fictional people: from now on the hidden one may be known by sight."""
    with visitor.lock:
        made = visitor.desk.line_up
        visitor.change(met=True, line_up=None if made is None else made.marked_seen())


def with_guess(services: Services, desk: Desk, report: LeakReport) -> LeakReport:
    """The report with what was guessed, where there was a line-up."""
    made = desk.line_up
    if made is None:
        return report
    return with_line_up(report, LineUpResult(made.right, made.seen, services.tally.count()))


def _told(services: Services, desk: Desk, compared: Compared) -> Compared:
    """The comparison with its report written anew, where it lies."""
    report = with_guess(services, desk, compared.report)
    json, html = write_report(compared.html.parent, report, include_photos=compared.include_photos)
    return Compared(report, compared.source, json, html, compared.include_photos)

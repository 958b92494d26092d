"""How a visitor's job stands and what is on the desk, as plain values for programs."""

from __future__ import annotations

from typing import Any

from demo.session.services import Services
from demo.session.visitors import Visitor


def status(services: Services, visitor: Visitor) -> dict[str, Any]:
    """Numbers, names and words alone: no picture and no path. None: not there, or not known.

    Returns:
        of the job its ``state``, its ``place`` in line, seconds until it may begin (``wait_s``), ``stage``, ``step`` of
        ``total``, and ``error``; how many models Shake-to-Leak has tried and points a sweep has; how many ``photos``
        there are, and how many wait for a choice; the ``file`` and how many things it says by itself; whether it was
        ``cleaned`` and ``reconstructed``; ``faces`` of the line-up; the verdict's ``headline``, and whether it
        ``leaked``.

    Raises:
        GoneError: the visitor's data have been deleted.
    """
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

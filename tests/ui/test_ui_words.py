from __future__ import annotations

from demo.ui import finetune
from demo.ui.assembly import FOOTER, HEADER, HONESTY
from demo.ui.visitors import CLOSED_S, IDLE_S


def test_where_photos_go_and_when_they_are_deleted() -> None:
    for said in (
        "go to the machine that runs this app",
        "Hugging Face",
        f"{CLOSED_S // 60} minutes after you close",
        f"{IDLE_S // 60} minutes without use",
        "a job of yours waits or runs",
        "report.html",
        "your own machine",
    ):
        assert said in HEADER.replace("\n", " "), said
    words = " ".join((HEADER + HONESTY + FOOTER + finetune.INTRO).split())
    for untrue in ("No photo is kept", "nothing is sent elsewhere", "in memory alone"):
        assert untrue not in words
    assert f"closed for {CLOSED_S // 60} minutes, they go as soon as somebody else waits" in words
    assert "sent to the machine that runs this app" in finetune.INTRO

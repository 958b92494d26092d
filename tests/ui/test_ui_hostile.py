"""Nothing that somebody typed, uploaded or named becomes markup in the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fake_services import fake_services
from fake_shake import NAMES, FakeShaker
from fake_story import FakeStory, face, lora
from fake_sweep import PLAN, FakeSweep
from markup import EVIL, Html, harmless

from demo.errors import PhotoError
from demo.lora.metadata.leak import Finding
from demo.models.bases import BUNDLED
from demo.progress import Progress
from demo.report import LeakReport
from demo.session.desk import Photos, PhotoSource, Shot
from demo.shake.model import Experiment, ShakeSettings
from demo.ui import attack_metadata, defend, defend_result, errors, fine_tune_defence, fine_tune_photos, shake_result
from demo.ui.components import ledger, pictures
from demo.ui.page import View
from demo.workflow.snapshot import Snapshot

JOB = Snapshot("id", EVIL, "running", None, None, (), (), None, None, (), None, None, 75.0)


@pytest.fixture(scope="module")
def report() -> LeakReport:
    found = FakeStory().compare(lora(), "secret", [face(1), face(2)], notes=[EVIL])
    return replace(
        found,
        seconds={EVIL: 1.0},
        arms=[replace(arm, title=EVIL, explanation=EVIL) for arm in found.arms],
        metrics={
            arm: [
                replace(result, title=EVIL, model=EVIL, scaling=EVIL, unavailable=result.unavailable and EVIL)
                for result in results
            ]
            for arm, results in found.metrics.items()
        },
        verdict=replace(found.verdict, headline=EVIL, sentences=[EVIL] * 5),
    )


@pytest.mark.parametrize(
    "made",
    [
        lambda: pictures.note(EVIL),
        lambda: pictures.note("", EVIL),
        lambda: pictures.status(EVIL),
        lambda: pictures.tile(face(1), EVIL),
        lambda: pictures.tile(face(1), "", EVIL),
        lambda: pictures.conclusion(EVIL, EVIL, EVIL, [EVIL], [EVIL]),
        lambda: pictures.piece("secret", EVIL),
        lambda: pictures.piece("explanation", EVIL),
        lambda: pictures.piece("person", EVIL, {EVIL: [face(1)]}),
        lambda: pictures.progress(JOB),
        lambda: pictures.progress(replace(JOB, state="waiting", place=1)),
        lambda: pictures.progress(replace(JOB, state="done")),
        lambda: pictures.progress(replace(JOB, progress=Progress(EVIL, 1, 2, spent=EVIL))),
        lambda: pictures.progress(replace(JOB, state="failed", error=PhotoError(EVIL, EVIL))),
        lambda: pictures.announcement(JOB),
        lambda: pictures.announcement(replace(JOB, state="failed", error=PhotoError(EVIL, EVIL))),
        lambda: errors.text(PhotoError(EVIL, EVIL)),
        lambda: fine_tune_photos._crowd_html(EVIL, [face(1), face(2)]),
        lambda: attack_metadata.panel([Finding(*[EVIL] * 5, "high")], {}),
        lambda: attack_metadata.panel([], {"a": EVIL}),
    ],
)
def test_no_piece_turns_text_into_markup(made: Callable[[], str]) -> None:
    harmless(made())


def test_lines_of_an_error_are_kept() -> None:
    assert errors.text(PhotoError("<a>\n", "Do\nit.")) == "&lt;a&gt;<br> Do<br>it."


def test_a_comparison(report: LeakReport) -> None:
    arms, metrics = len(report.arms), len(report.metrics["dreambooth"])
    harmless(pictures.verdict(report), 1 + 5 + 1)
    harmless(pictures.rows(report, EVIL), 2 * arms + 1)
    harmless(pictures.figures(report), arms)
    harmless(pictures.table(report), arms + 3 * metrics)
    harmless(pictures.notes(report), 2)


def test_names_of_photos_and_of_persons(tmp_path: Path) -> None:
    visitor = fake_services(tmp_path, FakeStory()).visitors.open("page", None).visitor
    visitor.change(photos=Photos(tuple(Shot(f"{EVIL}{i}.jpg", face(i)) for i in range(3)), person=EVIL))
    harmless(fine_tune_photos._shots_html(View(visitor, visitor.desk, None)), 3 + 1)
    harmless(pictures.older(visitor.desk, PhotoSource(-1, EVIL)))


def test_a_ledger() -> None:
    made = FakeSweep()([face(1)], plan=PLAN[1:2]).points[0].ledger
    nasty = replace(
        made,
        title=EVIL,
        sentences=(EVIL,),
        settings={EVIL: EVIL},
        versions={EVIL: EVIL},
        accountant=EVIL,
        neighbouring=EVIL,
        noise=EVIL,
    )
    harmless(ledger.card(nasty), 1 + 1 + 2 + 2 + 3)


def test_a_defence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(PLAN[1]), "title", EVIL)
    monkeypatch.setattr(type(PLAN[1]), "explanation", EVIL)
    harmless(defend.explained(PLAN[1:2]), 2)
    harmless(fine_tune_defence.explain(type(PLAN[1])))


def test_a_sweep() -> None:
    sweep = FakeSweep()([face(1), face(2)], plan=PLAN[:2])
    points = [
        replace(point, label=EVIL, key=EVIL, ledger=replace(point.ledger, title=EVIL, sentences=(EVIL,)))
        for point in sweep.points
    ]
    nasty = replace(sweep, points=points, notes=[EVIL])
    harmless(defend_result.results(nasty), 2 * (2 + 8 + 1 + 2) + 1)  # card and table, pictures, line, ledger; a note
    harmless(defend_result.figure(nasty), 2)


def test_a_shake() -> None:
    fake = FakeShaker()
    made = fake.run(Experiment(fake.domain(NAMES[0], BUNDLED), ShakeSettings(), seed=1), base_key=BUNDLED)
    arms = [replace(arm, label=EVIL, key=f"{arm.key}{EVIL}") for arm in made.arms]
    nasty = replace(made, arms=arms, domain=replace(made.domain, name=EVIL, prompt=EVIL))
    harmless(shake_result.results(nasty), 1 + 2 * len(arms))
    harmless(shake_result.figure(nasty))


def test_the_helper_itself_sees_markup() -> None:
    for text in (EVIL, f"<p>{EVIL}</p>", '<img src="data:image/png;base64," alt="x" onerror="1">'):
        with pytest.raises(AssertionError):
            harmless(text)
    assert Html("<p>&lt;b&gt;</p>").words == "<b>"

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_story import face
from fake_sweep import PLAN, FakeSweep
from markup import Html

from demo.attack.registry import AttackSettings
from demo.finetune.settings import LoraSettings
from demo.models.bases import BASES, BUNDLED
from demo.session.desk import PhotoSource, Swept, Terms
from demo.sweep.model import Sweep
from demo.ui import defend_result

TERMS = Terms(PhotoSource(1), BUNDLED, LoraSettings(), AttackSettings(), None)


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    return FakeSweep()([face(1), face(2)], plan=PLAN[:5])


def state(sweep: Sweep, *, running: bool = False, stale: bool = False) -> str:
    return defend_result.state(Swept(sweep, sweep, TERMS, 1, running), stale=stale)


def test_results_hold_pictures_table_and_a_ledger_of_every_point(sweep: Sweep) -> None:
    html = Html(defend_result.results(sweep))
    for point in sweep.points:
        assert html.words.count(point.label) >= 3
    assert len(html.images) == 5 * 8 + 4
    assert all(image["alt"] and (image["src"] or "").startswith("data:image/png;base64,") for image in html.images)
    assert html.words.count("Proved") == 2 * 3  # line and card of DPDM's three
    assert html.words.count("About any one photo little is learned.") == 4
    assert "Nominal, no guarantee" in html.words
    assert "Five photos." in html.words


def test_every_mark_of_the_plane_leads_to_a_point(sweep: Sweep) -> None:
    links = Html(defend_result.figure(sweep)).links
    ids = Html(defend_result.results(sweep)).ids
    assert len(set(links)) == 5
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_half_a_sweep_is_not_judged_in_colour(sweep: Sweep) -> None:
    begun = replace(sweep, planned=9)
    assert 'class="ll-verdict leaked"' in defend_result.results(begun)
    running = defend_result.results(begun, running=True)
    assert 'class="ll-verdict open"' in running
    assert "So far, 5 of 9" in running


def test_nothing_is_shown_without_a_point(sweep: Sweep) -> None:
    nothing = replace(sweep, points=[])
    assert defend_result.results(nothing) == defend_result.figure(nothing) == ""


def test_large_pictures_are_shrunk_for_the_page_alone(sweep: Sweep) -> None:
    large = [face(1, 512)] * 4
    points = [replace(point, pictures=dict.fromkeys(point.pictures, large)) for point in sweep.points]
    heavy = replace(sweep, points=points, chance_pictures=large)
    assert len(defend_result.results(heavy)) < 6 * len(defend_result.results(sweep))
    assert points[0].pictures["dreambooth"][0].size == (512, 512)


def test_how_far_it_has_come(sweep: Sweep) -> None:
    assert "Tick more defences" in state(sweep)
    half = replace(sweep, planned=9)
    assert state(half).startswith("5 of 9 points finished. Continue goes on")
    assert "the rest takes about 50 s" in state(half, running=True)  # 4 points of 12.5 s
    assert "on its way" in state(replace(half, points=[]), running=True)
    assert "no longer loaded" in state(half, stale=True)


def test_the_estimate_grows_and_admits_what_is_not_known() -> None:
    bundled, sd14 = BASES[BUNDLED], BASES["sd14"]
    own, shared = [PLAN[:n] for n in (3, 5)], [defence for defence in PLAN if defence.trains_plainly]
    few, more = (defend_result.estimate(bundled, plan, 100) for plan in own)
    assert "3 points: 3 fine-tunings of 100 steps, 3 attacks on each file" in few
    assert "About 1 min 36 s" in few  # 3 x (17 s + 100 x 0.15 s)
    assert "About 2 min 40 s" in more
    assert "1 point: one fine-tuning of 100 steps, 3 attacks, and" in defend_result.estimate(bundled, PLAN[:1], 100)
    together = defend_result.estimate(bundled, shared, 100)
    assert "4 points: one fine-tuning of 100 steps (those that change only the finished file share one)" in together
    assert "About 1 min 23 s" in together  # 4 x 17 s + 100 x 0.15 s
    assert "has not been measured" in defend_result.estimate(sd14, PLAN, 1000)
    assert defend_result.estimate(bundled, [], 100) == "No defence is ticked."

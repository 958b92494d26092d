from __future__ import annotations

from dataclasses import replace

import pytest
from fake_points import PROVED, place, point, swept

from demo.metrics.base import MetricResult
from demo.sweep.comparisons import standing, useful_distance
from demo.sweep.model import MetricSummary
from demo.sweep.verdict import epsilon, summarise
from demo.verdicts.rule import Shown

PLAIN = point("none", 0.5, 0.55)


def text(*points, **changes) -> str:
    summary = summarise(swept(*points, **changes))
    return " ".join([summary.headline, *summary.sentences])


def test_a_defence_in_the_corner_is_named() -> None:
    corner = point("int8", 0.55, 0.8)
    summary = summarise(swept(PLAIN, corner, point("truncate", 0.5, 0.56)))
    assert summary.kind == "corner"
    assert summary.headline.startswith("Useful, with at most half of the leak left to these attacks: Rounding to int8")
    assert summary.sentences[-1].startswith("Private means: at most half of the gain is left")
    assert "learned from undefended files" in summary.sentences[-1]
    assert any(s.startswith("Useful and private") and "Rounding to int8" in s for s in summary.sentences)
    assert any(s.startswith("Useful, but it still leaks") and "Rank truncation" in s for s in summary.sentences)


def test_no_defence_in_the_corner() -> None:
    summary = summarise(swept(PLAIN, point("int8", 0.52, 0.58), point("gaussian", 0.8, 0.8)))
    assert summary.kind == "none"
    assert summary.headline == "No defence tried is both useful and private here"
    assert any(s.startswith("Of little use") and "Gaussian" in s for s in summary.sentences)


def test_every_defended_point_is_in_exactly_one_group() -> None:
    points = [
        point("int8", 0.55, 0.8),
        point("truncate", 0.52, 0.58),
        point("gaussian", 0.8, 0.8),
        point("mp_lora", 0.8, 0.6),
        point("smp_lora", 0.5, 0.56),
    ]
    sentences = summarise(swept(PLAIN, *points)).sentences
    for found in points:
        assert sum(f" {found.short}" in sentence for sentence in sentences) == 1, found.short


def test_little_left_of_dreambooth_is_not_useful() -> None:
    little, enough = point("int8", 0.7, 0.8), point("truncate", 0.63, 0.8)  # of a gain of 0.3: a third, and over half
    sweep = swept(PLAIN, little, enough)
    stands = [standing(found, sweep) for found in (little, enough)]
    assert [round(s.kept.estimate, 2) for s in stands] == [-0.05, 0.02]  # beyond half of 0.3
    assert [s.utility.low > 0 for s in stands] == [True, True]  # both clearly nearer than chance
    assert [s.useful for s in stands] == [False, True]
    assert [s.useless for s in stands] == [True, False]
    assert useful_distance(sweep) == pytest.approx(0.65)
    assert useful_distance(swept(little)) is None
    assert useful_distance(swept(point("none", 0.9, 0.9))) is None
    words = text(PLAIN, little)
    assert "Of little use: Rounding to int8. DreamBooth keeps less than 50% of what it gains over chance" in words


def test_many_defences_are_held_to_a_stricter_interval() -> None:
    narrow = point("int8", 0.605, 0.8, spread=0.075)  # a little more than half of its gain
    alone = standing(narrow, swept(PLAIN, narrow))
    others = [point(key, 0.8, 0.8) for key in ("gaussian", "truncate", "mp_lora", "smp_lora", "dpgm", "dpdm")]
    among = standing(narrow, swept(PLAIN, narrow, *others))
    assert alone.kept.estimate == among.kept.estimate
    assert (alone.useful, among.useful, among.useless) == (True, False, False)


def test_half_kept_within_the_noise_is_neither_useful_nor_useless() -> None:
    about_half = point("int8", 0.63, 0.8, spread=0.2)
    stands = standing(about_half, swept(PLAIN, about_half))
    assert stands is not None
    assert (round(stands.kept.estimate, 2), stands.useful, stands.useless) == (0.02, False, False)
    summary = summarise(swept(PLAIN, about_half))
    assert summary.kind == "open"
    assert any(
        sentence.startswith("Not settled: Rounding to int8. How much DreamBooth keeps")
        for sentence in summary.sentences
    )


def test_private_takes_more_than_too_few_pictures_to_see_the_leak() -> None:
    few = point("int8", 0.55, 0.74, spread=0.12)  # still a quarter of the leak, hidden in the spread
    many = point("int8", 0.55, 0.79, spread=0.02)
    stands = [standing(found, swept(PLAIN, found)) for found in (few, many)]
    assert [s.leaks for s in stands] == [False, False]
    assert [s.leakage.low < 0 < s.leakage.high for s in stands] == [True, True]
    assert [s.private for s in stands] == [False, True]
    assert any("not settled" in sentence for sentence in summarise(swept(PLAIN, few)).sentences)


def test_a_face_that_strangers_resemble_as_much_is_no_leak() -> None:
    """All pictures of a file show one face: however many are near, they are one piece of evidence."""
    near = point("int8", 0.6, 0.7, count=64)
    alike = replace(near, leakage=MetricSummary(near.best_attack, (near.leakage.results[0], place(0.75))))
    one, other = standing(near, swept(PLAIN, near)), standing(alike, swept(PLAIN, alike))
    assert (one.leaks, other.leaks) == (True, False)
    assert other.leakage.low > 0
    assert other.found is Shown.NOTHING
    unknown = replace(near, leakage=MetricSummary(near.best_attack, near.leakage.results[:1]))
    stands = standing(unknown, swept(PLAIN, unknown))
    assert not stands.leaks
    assert not stands.private


def test_distances_of_noise_are_neither_useful_nor_a_leak() -> None:
    noise = point("gaussian", 0.55, 0.55, faces=0.25)
    stands = standing(noise, swept(PLAIN, noise))
    assert stands is not None
    assert stands.utility.low > 0
    assert not stands.useful
    assert not stands.leaks
    assert f"Ruined: {noise.short}. Faces are found in fewer than half of DreamBooth's pictures." in text(PLAIN, noise)
    assert standing(point("int8", 0.55, 0.55, faces=1.0), swept(PLAIN)).useful


def test_a_point_that_may_leak_is_neither_good_nor_bad_news() -> None:
    unsure = point("int8", 0.5, 0.76, spread=0.3)  # not shown to be nearer than chance, nor farther than without
    stands = standing(unsure, swept(PLAIN, unsure))
    assert stands is not None
    assert not stands.leaks
    noisy = point("none", 0.5, 0.7, spread=0.01)
    summary = summarise(swept(noisy, point("int8", 0.6, 0.75, spread=0.15)))
    assert summary.kind == "open"
    assert any("not settled" in sentence for sentence in summary.sentences)


def test_inconclusive_when_dreambooth_itself_is_no_better_than_chance() -> None:
    summary = summarise(swept(point("none", 0.8, 0.8), point("int8", 0.5, 0.8)))
    assert summary.kind == "open"
    assert summary.headline.startswith("Inconclusive: even without a defence DreamBooth")
    assert not any(sentence.startswith("Useful") for sentence in summary.sentences)


def test_inconclusive_when_the_undefended_file_does_not_leak() -> None:
    summary = summarise(swept(point("none", 0.5, 0.8), point("int8", 0.5, 0.8), point("gaussian", 0.8, 0.8)))
    assert summary.kind == "open"
    assert "not shown to leak" in summary.headline
    assert any("Gaussian" in s and "DreamBooth keeps less than 50%" in s for s in summary.sentences)


@pytest.mark.parametrize(
    ("sweep", "headline"),
    [
        (swept(), "Nothing was finished"),
        (swept(PLAIN, chance=None), "Not judged: nothing to compare with"),
        (swept(point("int8", 0.5, 0.6)), "Not judged: there is nothing to compare with"),
        (swept(PLAIN), "The undefended file leaks; no defence was tried"),
    ],
)
def test_what_cannot_be_judged(sweep, headline: str) -> None:
    summary = summarise(sweep)
    assert (summary.headline, summary.kind) == (headline, "open")


def test_the_reason_why_nothing_was_measured_is_given() -> None:
    nan = float("nan")
    gone = MetricResult("dlib_distance", "t", "m", "s", nan, nan, nan, (), unavailable="dlib is not installed.")
    summary = summarise(replace(swept(PLAIN), chance=[gone]))
    assert summary.headline == "Not judged: the pictures could not be measured"
    assert "dlib is not installed." in summary.sentences


@pytest.mark.parametrize("count", [1, 3])
def test_few_pictures_claim_nothing(count: int) -> None:
    few = swept(point("none", 0.4, 0.4, count=count), point("int8", 0.4, 0.9, count=count))
    assert all(standing(found, few) is None for found in few.points)
    summary = summarise(few)
    assert (summary.headline, summary.kind) == ("Not judged: too few pictures", "open")
    assert any("fewer than 4 pictures" in sentence for sentence in summary.sentences)
    enough = swept(point("none", 0.4, 0.4, count=4), point("int8", 0.4, 0.9, count=4))
    assert summarise(enough).kind == "corner"


def test_both_epsilons_stand_side_by_side_and_a_nominal_one_is_called_so() -> None:
    proved = point("dpdm", 0.7, 0.7, epsilon=2, ledger=PROVED)
    nominal = point("dpgm", 0.7, 0.7, epsilon=2, ledger={**PROVED, "guarantee": "nominal"})
    words = text(PLAIN, proved, nominal)
    assert "DP-SGD, ε = 2: photo 2, person 11.5" in words
    assert "These have a nominal ε, which no proof supports: DPGM, ε = 2." in words
    assert "DPGM, ε = 2: photo" not in words


def test_it_is_called_an_anecdote() -> None:
    assert "This is one person, 8 pictures in each arm: an anecdote, not a statistic." in text(PLAIN)


def test_epsilons_for_people() -> None:
    shown = [epsilon(value) for value in (None, 0.0996, 9.994, 1234.0, float("inf"))]
    assert shown == ["none", "0.0996", "9.99", "1,234", "∞"]


def test_a_difference_within_the_noise_is_no_claim() -> None:
    slightly = point("none", 0.77, 0.6, spread=0.3)  # nearer than chance on average, and that is all
    stands = standing(slightly, swept(slightly))
    assert stands is not None
    assert stands.utility.estimate > 0
    assert not stands.useful
    assert summarise(swept(slightly)).headline.startswith("Inconclusive")
    unsure = point("none", 0.5, 0.77, spread=0.3)
    stands = standing(unsure, swept(unsure))
    assert stands is not None
    assert stands.leakage.estimate > 0
    assert not stands.leaks

from __future__ import annotations

import numpy as np
import pytest

from demo.faces.ceiling import Ceiling
from demo.metrics.base import MetricResult
from demo.report.verdict import Verdict, judge
from demo.verdicts.story import Agreement
from tests.metrics.helpers import result


def _arm(distance: float, rank: float, count: int = 8, seed: int = 0) -> list[MetricResult]:
    rng = np.random.default_rng([seed, int(distance * 1000)])
    spread = rng.normal(0, 0.02, count)
    distances = (distance + spread - spread.mean()).tolist()
    return [
        result("dlib_distance", distances),
        result("dlib_rank", [rank] * count, among=1001),
        result("dlib_place", [rank], among=1001),
        result("dlib_place_alike", [min(101, max(1, rank // 10))], among=101),
    ]


def _judge(**arms: tuple[float, float]) -> Verdict:
    usual = {"dreambooth": (0.40, 1), "other_lora": (0.82, 500), "random_lora": (0.83, 480), "chance": (0.80, 490)}
    return judge({key: _arm(*values) for key, values in (usual | arms).items()})


def _text(verdict: Verdict) -> str:
    return " ".join(verdict.sentences)


def test_a_leak_that_the_encoder_alone_finds() -> None:
    got = _judge(encoder=(0.48, 2), class_prompt=(0.70, 120), swapped_model=(0.50, 3))
    assert got.leaked
    assert got.headline == (
        "The shared file gives the person away (recognised, place 2 of 1,001), and the encoder shows more than the "
        "class prompt"
    )
    assert "DreamBooth itself worked" in _text(got)
    assert "The encoder beats the class prompt" in _text(got)
    assert "The embedding itself carries the identity" in _text(got)
    assert "median distance 0.48, place 2 of 1,001" in _text(got)


def test_an_encoder_that_does_not_beat_the_class_prompt_is_told_so() -> None:
    got = _judge(encoder=(0.50, 3), class_prompt=(0.50, 3))
    assert got.leaked
    assert got.headline.endswith("but the encoder does not beat the class prompt")
    assert "no clear difference" in _text(got)
    assert "without any encoder" in _text(got)


def test_an_encoder_worse_than_the_class_prompt() -> None:
    got = _judge(encoder=(0.72, 200), class_prompt=(0.50, 3))
    assert got.leaked  # anybody with the file can type the class prompt
    assert got.headline == (
        "The shared file gives the person away (recognised, place 3 of 1,001) to the class prompt; the encoder shows "
        "less"
    )
    assert "the class prompt comes 0.2" in _text(got)
    assert "shows more, without any encoder" in _text(got)
    assert "does not show the person" in _text(got)


@pytest.mark.parametrize("distance", [0.57, 0.63])
def test_a_leak_is_told_by_the_place_and_recognised_by_the_distance(distance: float) -> None:
    got = _judge(encoder=(distance, 1), class_prompt=(0.75, 300))
    assert got.leaked
    assert ("(recognised, place 1 of 1,001)" in got.headline) == (distance < 0.6)
    assert ("not near enough to be recognised" in _text(got)) == (distance > 0.6)


@pytest.mark.parametrize(("place", "leaked"), [(5, True), (6, False), (25, False), (26, False)])
def test_two_attacks_halve_the_places_that_count(place: int, *, leaked: bool) -> None:
    got = _judge(encoder=(0.5, place), class_prompt=(0.75, 300))
    assert got.leaked == leaked
    assert "at place 5 of 1,001 or better (the nearest 1%, divided by the 2 attacks that were tried)" in _text(got)
    trace = f"A trace of the person by the encoder, place {place} of 1,001: too weak to count as a leak"
    assert (got.headline == trace) == (place in (6, 25))


def test_the_best_place_is_not_hidden_behind_dreambooth_s_own_failure() -> None:
    got = _judge(encoder=(0.62, 1), class_prompt=(0.78, 400), dreambooth=(0.70, 120))
    assert got.leaked
    assert got.headline.startswith("The shared file gives the person away (place 1 of 1,001)")
    assert "DreamBooth itself did not work well enough" in _text(got)


def test_a_harder_ruler_stands_beside_the_first() -> None:
    got = _judge(encoder=(0.48, 2), class_prompt=(0.75, 300))
    assert "among the 100 strangers who look most like the person, place 1 of 101" in _text(got)


def test_the_ceiling_and_the_false_accepts_are_told() -> None:
    metrics = {"encoder": _arm(0.48, 1), "chance": _arm(0.8, 490)}
    text = _text(judge(metrics, ceiling=Ceiling(5, 0.44, 20, 1000)))
    assert "the photos lie at a median distance of 0.44 from each other" in text
    assert "Of 1,000 strangers 20 (2.0%) lie within 0.6 of these photos" in text
    one = _text(judge(metrics, ceiling=Ceiling(1, float("nan"), 0, 1000)))
    assert "nan" not in one
    assert "strangers 0 (0.0%)" in one
    assert "Ceiling" not in _text(judge(metrics))


def test_how_far_another_fine_tuning_agrees_is_told() -> None:
    text = _text(judge({"encoder": _arm(0.48, 1)}, agreement=Agreement(36, 40, 8)))
    assert "of 40 fine-tunings of 8 fictional people, 36 (90%) were judged as most of the same person's were" in text


def test_nothing_found() -> None:
    got = _judge(encoder=(0.81, 470), class_prompt=(0.80, 450))
    assert not got.leaked
    assert got.conclusive
    assert got.headline == "The attack did not find the person"
    assert "not clearly nearer" in _text(got)
    assert "chance would be place 501" in _text(got)
    assert (
        "place 470 of 1,001). The place is that of all pictures together; a stranger would have so good a one in 47.0%"
        in (_text(got))
    )


@pytest.mark.parametrize(
    "arms",
    [
        {"dreambooth": None},  # an uploaded file: what there was to find is not known
        {"chance": None},
        {"class_prompt": (0.58, 300)},  # no place, but more than half of the way there
        {"encoder": (0.81, 30)},  # as few strangers are
    ],
)
def test_no_leak_is_only_concluded_where_one_would_have_been_seen(arms) -> None:
    usual = {"encoder": (0.81, 470), "class_prompt": (0.80, 450), "dreambooth": (0.40, 1), "chance": (0.80, 490)}
    assert _judge(**usual).conclusive
    metrics = {key: _arm(*values) for key, values in (usual | arms).items() if values is not None}
    got = judge(metrics)
    assert (got.leaked, got.conclusive) == (False, False)
    few = judge({key: _arm(*values, count=3) for key, values in usual.items()})
    assert (few.leaked, few.conclusive) == (False, False)


def test_one_failed_picture_takes_nothing_back() -> None:
    near = [result("dlib_distance", [0.5, 0.51, 0.52, 0.86]), result("dlib_place", [1], among=1001)]
    got = judge({"encoder": near, "dreambooth": _arm(0.4, 1)})
    assert got.leaked
    assert "median distance 0.52" in _text(got)


def test_fine_tuning_that_failed_is_named_as_the_reason() -> None:
    got = _judge(encoder=(0.80, 450), class_prompt=(0.80, 450), dreambooth=(0.75, 260))
    assert not got.leaked
    assert not got.conclusive  # no leak here is no good news
    assert got.headline == "The person is not found, not even with the secret trigger"
    assert "DreamBooth itself did not work well enough" in _text(got)


def test_a_null_control_that_comes_as_near_takes_the_result_back() -> None:
    got = _judge(encoder=(0.50, 2), class_prompt=(0.75, 300), other_lora=(0.50, 2))
    assert not got.leaked
    assert got.headline == "Not shown: the pictures resemble the person, but are not clearly nearer than the controls"


def test_a_ruler_that_takes_strangers_for_the_person_judges_nothing() -> None:
    got = _judge(encoder=(0.40, 1), class_prompt=(0.50, 1), chance=(0.55, 5))
    assert not got.leaked
    assert got.headline.startswith("Not judged")
    assert "does not separate people" in _text(got)


def test_an_embedding_that_is_not_told_from_the_stranger_s_own_is_not_shown_to_carry_anything() -> None:
    got = _judge(encoder=(0.48, 2), class_prompt=(0.70, 120), swapped_model=(0.66, 60), other_lora=(0.66, 300))
    assert "not shown to carry the identity" in _text(got)


def test_identity_in_the_weights_and_not_in_the_embedding() -> None:
    got = _judge(encoder=(0.48, 2), class_prompt=(0.70, 120), swapped_model=(0.80, 400))
    assert "not shown to carry the identity; with the fine-tuned weights it does" in _text(got)


def test_an_embedding_that_carries_a_part_of_the_identity() -> None:
    got = _judge(encoder=(0.48, 2), class_prompt=(0.70, 120), swapped_model=(0.66, 20))
    assert "carries a part of the identity" in _text(got)


def test_with_few_strangers_no_place_is_good_enough_for_many_attacks() -> None:
    near = [result("dlib_distance", [0.5, 0.51]), result("dlib_place", [1], among=101)]
    one, two = judge({"encoder": near}), judge({"encoder": near, "class_prompt": near})
    assert one.leaked
    assert not two.leaked
    assert "among 101 people no place is good enough for 2 attacks" in _text(two)


def test_a_random_trigger_can_be_the_leak() -> None:
    got = _judge(encoder=(0.75, 300), class_prompt=(0.75, 300), random_trigger=(0.48, 1))
    assert got.leaked
    assert got.headline.endswith("(recognised, place 1 of 1,001) to the guessed trigger; the encoder shows less")


@pytest.mark.parametrize(
    ("guess", "class_prompt", "headline"),
    [
        (
            (0.48, 2),
            (0.70, 120),
            "(recognised, place 2 of 1,001) to the guessed trigger, without any encoder",
        ),
        (
            (0.75, 300),
            (0.50, 2),
            "(recognised, place 2 of 1,001) to the class prompt, without any encoder",
        ),
        (
            (0.75, 20),
            (0.80, 450),
            "A trace of the person by the guessed trigger, place 20 of 1,001: too weak to count as a leak; there was "
            "no encoder to try",
        ),
        ((0.80, 450), (0.80, 450), "The attack did not find the person; there was no encoder to try"),
    ],
)
def test_where_no_encoder_was_run_the_guessed_trigger_is_judged(guess, class_prompt, headline: str) -> None:
    got = _judge(random_trigger=guess, class_prompt=class_prompt)
    assert got.headline.endswith(headline)
    assert got.leaked == ("recognised" in headline)
    assert "The reconstruction by the guessed trigger " in _text(got)
    assert "The encoder" not in _text(got)
    assert "Control, a LoRA of random numbers" in _text(got)


def test_an_encoder_that_could_not_be_measured_is_not_replaced() -> None:
    got = judge({"encoder": [result("dlib_distance", [], "no face")], "random_trigger": _arm(0.48, 2)})
    assert got.headline.startswith("Not judged")


def test_the_guess_is_held_against_all_its_controls() -> None:
    got = _judge(random_trigger=(0.50, 2), class_prompt=(0.75, 300), other_lora=(0.50, 2))
    assert not got.leaked
    assert "not clearly nearer than the controls" in got.headline


def test_one_person_is_called_an_anecdote() -> None:
    got = _judge(encoder=(0.48, 2), class_prompt=(0.70, 120))
    assert "one person, 8 pictures: an anecdote, not a statistic" in got.sentences[-1]


def test_without_controls_it_says_what_was_not_measured() -> None:
    got = judge({"encoder": _arm(0.48, 2)})
    assert got.leaked
    assert "it was not measured whether the encoder is needed" in got.headline
    assert "The class prompt was not measured" in _text(got)
    assert "DreamBooth's own pictures were not measured" in _text(got)
    assert "No null control was measured" in _text(got)


def test_without_a_place_nothing_is_judged() -> None:
    got = judge({"encoder": [result("dlib_distance", [0.4, 0.41]), result("dlib_place", [], "no decoys")]})
    assert not got.leaked
    assert got.headline.startswith("Not judged")
    assert "no decoys" in _text(got)


def test_a_single_picture_shows_no_difference() -> None:
    got = judge({"encoder": _arm(0.4, 1, 1), "class_prompt": _arm(0.7, 99, 1), "chance": _arm(0.8, 400, 1)})
    assert not got.leaked
    assert "one picture gives no interval" in _text(got)
    assert "one person, 1 picture:" in _text(got)


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [({}, "no dlib distance"), ({"encoder": [result("dlib_distance", [], "dlib is not installed.")]}, "not installed")],
)
def test_an_unmeasured_reconstruction_is_not_judged(metrics: dict[str, list[MetricResult]], reason: str) -> None:
    got = judge(metrics)
    assert not got.leaked
    assert got.headline.startswith("Not judged")
    assert reason in _text(got)


def test_an_attack_that_the_verdict_does_not_know_counts_all_the_same() -> None:
    got = _judge(encoder=(0.81, 470), class_prompt=(0.80, 450), spectrum=(0.50, 2))
    assert got.leaked
    assert (
        got.headline
        == "The shared file gives the person away (recognised, place 2 of 1,001) to the attack spectrum; the encoder "
        "shows less"
    )
    assert "With the attack spectrum the person is recognised (median distance 0.50" in _text(got)
    near = _judge(encoder=(0.81, 470), class_prompt=(0.80, 450), spectrum=(0.62, 12))
    assert not near.leaked
    assert not near.conclusive  # too near for "no leak"
    without = _judge(random_trigger=(0.80, 450), spectrum=(0.50, 2))
    assert without.headline.endswith("(recognised, place 2 of 1,001) to the attack spectrum, without any encoder")

from __future__ import annotations

import numpy as np
import pytest
from shake_parts import new_arm, new_shake

from demo.shake.attacks.memorised import Match
from demo.shake.people import free_text
from demo.shake.verdict import changes, headline, paired_auc, verdict
from demo.stats.intervals import auc

RNG = np.random.default_rng(0)
SAME = RNG.normal(size=15).tolist(), RNG.normal(size=15).tolist()
APART = [x - 9 for x in SAME[0]], SAME[1]  # every member lower than every non-member
BEHIND = [x + 9 for x in SAME[0]], SAME[1]


def arm(key: str, scores: tuple[list[float], list[float]], source: str = "sp", **more: object):
    return new_arm(key, "Method", source, members=scores[0], non_members=scores[1], **more)


def made(domain, *arms, before=SAME, **more: object):
    return new_shake(domain, arms, before=arm("before", before, "none"), **more)


def test_a_paired_difference_is_that_of_the_areas() -> None:
    found = paired_auc(SAME, APART)
    low = auc(-np.array(APART[0]), -np.array(APART[1])) - auc(-np.array(SAME[0]), -np.array(SAME[1]))
    assert found.estimate == pytest.approx(low)
    assert found.low < found.estimate <= found.high
    assert found.p < 0.01
    back = paired_auc(APART, SAME)
    assert (back.estimate, back.low, back.high) == pytest.approx((-found.estimate, -found.high, -found.low))


def test_the_pairing_counts() -> None:
    shifted = [x - 1e-6 for x in SAME[0]], [x - 1e-6 for x in SAME[1]]  # the same order
    found = paired_auc(SAME, shifted)
    assert (found.estimate, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_ties_count_half_and_one_picture_has_no_interval() -> None:
    assert paired_auc(([1.0, 1.0], [1.0, 1.0]), ([0.0, 0.0], [1.0, 1.0])).estimate == 0.5
    alone = paired_auc(([1.0], [0.0]), ([0.0], [1.0]))
    assert alone.estimate == 1
    assert np.isnan([alone.low, alone.high, alone.p]).all()


def test_every_arm_is_held_against_before_and_against_its_control(domain) -> None:
    found = changes(made(domain, arm("a-sp", APART), arm("a-ood", BEHIND, "ood"), arm("p", SAME, "none")))
    assert set(found) == {"a-sp", "a-ood", "p"}
    assert found["a-sp"].after.low > 0 > found["a-ood"].after.high
    against = found["a-sp"].control
    assert against is not None
    assert against.estimate == pytest.approx(1)
    assert found["a-ood"].control is None
    assert found["p"].after.estimate == 0


@pytest.mark.parametrize(
    ("after", "control", "kind", "words"),
    [
        (APART, SAME, "leaked", "easier to infer"),
        (APART, APART, "open", "no significant change"),  # the control did the same: not the SP set's doing
        (SAME, SAME, "open", "no significant change"),
        (BEHIND, SAME, "kept", "hid"),
    ],
)
def test_the_headline_says_what_came_out(domain, after, control, kind: str, words: str) -> None:
    said, found = headline(made(domain, arm("a-sp", after), arm("a-ood", control, "ood")))
    assert found == kind
    assert words in said
    assert domain.name in said


def test_extraction_alone_is_a_leak_when_likeness_cannot_bring_it(domain) -> None:
    def said(hits: int, likenesses: int, before: int = 0, control: int = 0) -> str:
        hit = [Match(n, 1, 0.05, 1) for n in range(9)]
        arms = (
            arm("a-sp", SAME, matches=hit[:hits], mistaken=hit[:likenesses]),
            arm("a-ood", SAME, "ood", matches=hit[:control]),
        )
        start = arm("before", SAME, "none", matches=hit[:before])
        return headline(new_shake(domain, arms, before=start))[0]

    leaked = f"Shaking leaked: after fine-tuning the training pictures of {domain.name} are partly extracted"
    assert said(5, 0) == leaked
    assert "no significant change" in said(4, 0)  # a coin falls so one time in sixteen
    assert "no significant change" in said(5, 2)  # non-members come out as well
    assert said(9, 2) == leaked
    assert "no significant change" in said(5, 0, before=5)
    assert "no significant change" in said(5, 0, control=5)
    hit = (Match(0, 1, 0.05, 1),)
    text = " ".join(verdict(made(domain, arm("a-sp", SAME, matches=hit, mistaken=hit))))
    assert "and 1 non-member)" in text
    assert "no proof of memory" in text


def test_the_positive_control_says_what_the_attack_can_see_and_is_never_a_finding(domain) -> None:
    shake = made(domain, arm("a-sp", SAME), arm("a-members", APART, "members", matches=(Match(0, 1, 0.05, 1),)))
    assert headline(shake)[1] == "open"
    text = " ".join(verdict(shake))
    assert "Positive control, Method on the training pictures themselves: AUC 1.000" in text
    assert "sees it where fine-tuning at this budget does leak" in text
    assert text.count("a rise") == 1
    assert headline(made(domain, arm("a-members", APART, "members")))[1] == "open"
    blind = " ".join(verdict(made(domain, arm("a-sp", SAME), arm("a-members", SAME, "members"))))
    assert "With Method the attack does not see even that" in blind
    other = new_arm("b-members", "Other", "members", members=SAME[0], non_members=SAME[1])
    one = made(domain, arm("a-members", APART, "members"), other)
    assert "With Other the attack does not see even that:" in " ".join(
        verdict(one)
    )  # one method does not vouch for another
    assert "ositive control" not in " ".join(verdict(made(domain, arm("a-sp", SAME))))


def test_the_sentences_hold_the_figures_and_the_published_ones(domain) -> None:
    shake = made(domain, arm("a-sp", APART), arm("a-ood", SAME, "ood"), planned=5)
    sentences = verdict(shake)
    text = " ".join(sentences)
    assert all(sentence.endswith(".") for sentence in sentences)
    assert "not significantly different from guessing" in sentences[0]
    assert "a rise; the same budget on other pictures (OoD set): +0.000 (+0.000 to +0.000)" in text
    assert "Stopped after 2 of 5 models" in text
    assert "anecdote" in text
    assert "+0.022 to +0.054" in text
    assert "no significant change" in " ".join(verdict(made(domain, arm("a-sp", SAME))))
    assert "a fall" in " ".join(verdict(made(domain, arm("a-sp", BEHIND))))


def test_free_text_has_pictures_and_no_curve() -> None:
    domain = free_text("an old man")
    shake = new_shake(domain, [new_arm("a-sp", "Method", "sp", members=[], non_members=[])],
                      before=new_arm(members=[], non_members=[]))  # fmt: skip
    assert changes(shake) == {}
    assert headline(shake)[1] == "open"
    assert "not known" in verdict(shake)[0]

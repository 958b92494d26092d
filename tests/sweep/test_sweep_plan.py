from __future__ import annotations

from typing import ClassVar

import pytest
from fake_points import point

from demo.defences.quantise import Int8
from demo.defences.registry import DEFENCES, choose
from demo.errors import SettingsError
from demo.finetune.settings import LoraSettings
from demo.sweep.plan import check, chosen, together
from demo.sweep.run import default_plan

SETTINGS = LoraSettings(steps=10, batch=4)


def test_the_default_plan_tries_every_defence_and_begins_without_one() -> None:
    plan = default_plan()
    assert plan[0] == choose("none")
    assert {defence.key for defence in plan} == set(DEFENCES)
    assert [d.epsilon for d in plan if d.key == "dpdm"] == [10, 2, 0.1]
    assert [d.epsilon for d in plan if d.key == "dpgm"] == [10, 2, 0.1]
    assert len({defence.label for defence in plan}) == len(plan) == 12
    check([defence for defence in plan if defence.key != "dpdm"], 5, SETTINGS)  # its search for a sigma takes seconds


def test_a_new_defence_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(Int8):
        key: ClassVar[str] = "mine"
        title: ClassVar[str] = "Mine"

    monkeypatch.setitem(DEFENCES, "mine", Mine)
    assert default_plan()[-1] == Mine()
    assert chosen("mine") == (Mine(),)


def test_a_choice_in_words() -> None:
    assert chosen("none, dpdm:2") == (choose("none"), choose("dpdm", epsilon=2))
    assert chosen("dpdm") == tuple(choose("dpdm", epsilon=epsilon) for epsilon in (10, 2, 0.1))
    assert chosen("dpdm,dpdm:10,none,none") == (*chosen("dpdm"), choose("none"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("magic", "no defence 'magic'"),
        ("", "no defence ''"),
        ("none,", "no defence ''"),
        ("int8:2", "Rounding to int8 has no epsilon"),
        ("none:", "No defence has no epsilon"),
        ("dpdm:x", "Epsilon is 'x'"),
        ("dpdm:", "Epsilon is ''"),
        ("dpdm:0", "Epsilon is '0'"),
        ("dpdm:-1", "Epsilon is '-1'"),
        ("dpdm:inf", "Epsilon is 'inf'"),
        ("dpdm:nan", "Epsilon is 'nan'"),
    ],
)
def test_what_cannot_be_chosen(text: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        chosen(text)


def test_what_cannot_be_done_is_refused_and_named() -> None:
    with pytest.raises(SettingsError, match=r"DP-SGD .*: Delta is 0\.2"):
        check([choose("none"), choose("dpdm", delta=0.2)], 5, SETTINGS)
    with pytest.raises(SettingsError, match="DPGM, ε = 5"):
        check(chosen("dpgm:5"), 5, SETTINGS)


def test_what_is_finished_is_kept_beside_what_is_planned() -> None:
    finished = [point("int8", 0.5, 0.6), point("dpdm", 0.5, 0.6, epsilon=2), point("none", 0.5, 0.6)]
    plan = together(finished, chosen("dpdm:10,none,dpdm:0.1"))
    assert plan == (*chosen("none,dpdm"), choose("int8"))
    assert together([], chosen("none")) == (choose("none"),)

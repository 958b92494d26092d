from __future__ import annotations

import pytest
from shake_parts import QUICK, new_arm, new_shake

from demo.defences.registry import choose as choose_defence
from demo.errors import SettingsError
from demo.shake.model import ShakeSettings
from demo.shake.plan import check, main_arms, planned


def keys(defence: str | None = None, **settings: object) -> list[str]:
    guard = None if defence is None else choose_defence(defence)
    return [item.key for item in planned(ShakeSettings.model_validate(settings), guard)]


def test_every_method_is_run_on_both_sets() -> None:
    assert keys() == ["lora-8-sp", "lora-8-ood"]
    assert keys(control=False) == ["lora-8-sp"]
    assert keys(methods=("end_to_end", "hypernetwork")) == [
        "end_to_end-sp",
        "end_to_end-ood",
        "hypernetwork-sp",
        "hypernetwork-ood",
    ]


def test_the_positive_control_comes_last_and_is_not_run_unless_asked_for() -> None:
    assert keys(positive=True) == ["lora-8-sp", "lora-8-ood", "lora-8-members"]
    assert keys(positive=True, control=False, ranks=(2, 8)) == ["lora-8-sp", "lora-8-members", "lora-2-sp"]


def test_noise_on_the_weights_needs_no_set_and_no_control() -> None:
    assert keys(methods=("perturb",)) == keys(methods=("perturb",), positive=True) == ["perturb-0.0008"]


def test_ablations_are_run_on_the_private_set_alone_and_no_model_twice() -> None:
    found = keys(ranks=(16, 8, 2, 2), tokens=(1,), stds=(2e-4,))
    assert found == [
        "lora-8-sp",
        "lora-8-ood",
        "lora-2-sp",
        "lora-16-sp",
        "textual_inversion-1-sp",
        "perturb-0.0002",
    ]
    assert keys(methods=(), stds=(2e-4, 4e-4)) == ["perturb-0.0002", "perturb-0.0004"]


def test_a_defended_run_stands_beside_the_plain_one() -> None:
    assert keys("dpdm") == ["lora-8-sp", "lora-8-dpdm-sp", "lora-8-ood"]
    assert keys("none") == keys()
    found = planned(ShakeSettings(methods=("end_to_end", "lora_dreambooth")), choose_defence("dpdm"))
    assert [item.key for item in found if "dpdm" in item.key] == ["lora_dreambooth-dpdm-sp"]
    assert len({item.key for item in found}) == 5


def test_a_defence_without_lora_is_refused() -> None:
    with pytest.raises(SettingsError, match="defends LoRA"):
        keys("dpdm", methods=("end_to_end",))


def test_what_cannot_be_is_refused_before_any_work(tiny_base) -> None:
    for settings, problem in (
        ({"methods": ("magic",)}, "magic"),
        ({"ranks": (0,)}, "rank"),
        ({"tokens": (99,)}, "tokens"),
    ):
        with pytest.raises(SettingsError, match=problem):
            keys(**settings)
    plan = planned(QUICK, choose_defence("mp_lora"))
    with pytest.raises(SettingsError, match="class images"):
        check(plan, QUICK, tiny_base)
    check(planned(QUICK, choose_defence("dpdm")), QUICK, tiny_base)


def test_fine_tuning_steps_are_the_same_for_all() -> None:
    for item in planned(ShakeSettings(steps=7, methods=("lora", "textual_inversion"), ranks=(2,), stds=(1e-3,))):
        if item.source != "none":
            assert item.method.steps == 7  # type: ignore[attr-defined]


def test_main_arms_leave_out_further_points_and_put_the_control_last(domain) -> None:
    settings = QUICK.model_copy(update={"ranks": (2, 8)})
    arms = [
        new_arm("lora-8-sp", "LoRA", "sp"),
        new_arm("lora-8-dpdm-sp", "LoRA, defended", "sp"),
        new_arm("lora-8-ood", "LoRA", "ood"),
        new_arm("lora-2-sp", "LoRA 2", "sp"),
        new_arm("lora-8-members", "LoRA", "members"),
    ]
    made = new_shake(domain, [arms[4], arms[2], arms[0], arms[1], arms[3]], settings=settings)
    assert [arm.key for arm in main_arms(made)] == ["lora-8-sp", "lora-8-dpdm-sp", "lora-8-ood", "lora-8-members"]

from __future__ import annotations

from pathlib import Path

import pytest
from fake_services import fake_services
from fake_story import FakeStory

from demo.attack.registry import AttackSettings
from demo.defences.dpdm import Dpdm
from demo.defences.registry import NoDefence
from demo.errors import SettingsError
from demo.finetune.settings import PRESETS
from demo.models.bases import BASES, BUNDLED
from demo.session.forms import lora_settings, order
from demo.session.services import Services


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return fake_services(tmp_path, FakeStory())


def test_an_empty_form_is_the_bases_preset(services: Services) -> None:
    made = order(services, {"base": BUNDLED, "steps": None, "seed": None})
    assert made.lora == PRESETS["face64-cpu"]
    assert made.seed is None
    assert made.photos == 5
    assert not made.include_photos


def test_what_is_changed_is_taken(services: Services) -> None:
    made = order(
        services,
        {"base": "sd14", "steps": 70, "prior": False, "rank": 8, "lr": 3e-4, "seed": 5, "photos": 3.0, "samples": 2},
    )
    assert (made.base_key, made.seed, made.photos, made.attack.samples) == ("sd14", 5, 3, 2)
    assert (made.lora.steps, made.lora.prior_weight, made.lora.unet_rank, made.lora.text_rank) == (70, 0, 8, 8)
    assert made.lora.unet_alpha == PRESETS["sd-gpu"].unet_alpha


def test_an_empty_form_has_no_defence(services: Services) -> None:
    for key in (None, "", "none"):
        made = order(services, {"base": BUNDLED, "defence": key, "epsilon": 2})
        assert made.defence == NoDefence()


def test_a_defence_takes_the_settings_that_it_has(services: Services) -> None:
    form = {
        "base": BUNDLED,
        "defence": "dpdm",
        "epsilon": 2,
        "delta": 1e-5,
        "noise_draws": 8,
        "accountant": "prv",
        "secure_noise": True,
    }
    assert order(services, form).defence == Dpdm(epsilon=2, delta=1e-5, noise_draws=8, accountant="prv", noise="secure")
    assert order(services, form | {"defence": "int8"}).defence.key == "int8"
    empty = form | {"epsilon": None, "delta": None, "noise_draws": None, "accountant": None, "secure_noise": None}
    assert order(services, empty).defence == Dpdm()


def test_what_is_left_empty_is_not_zero(services: Services) -> None:
    empty = {"base": BUNDLED, "seed": " ", "sampling_steps": "", "guidance": ""}
    made = order(services, empty)
    assert made.seed is None  # hence a random one, and a trigger that nobody can guess
    assert made.attack == AttackSettings()
    made = order(services, empty | {"seed": "7", "sampling_steps": "12", "guidance": " 1.5 "})
    assert (made.seed, made.attack.steps, made.attack.guidance) == (7, 12, 1.5)
    assert made.attack.extrapolate
    assert not order(services, empty | {"extrapolate": False}).attack.extrapolate
    assert order(services, empty | {"method": ""}).method is None
    assert order(services, empty | {"method": "random_trigger"}).method == "random_trigger"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"sampling_steps": "0"}, "Sampling steps: Input should be"),
        ({"sampling_steps": "few"}, "Sampling steps: 'few' is not a number"),
        ({"guidance": "inf"}, "Guidance: 'inf' is not a number"),
        ({"base": "face65"}, "no such base model"),
        ({"method": "magic"}, "no such attack"),
        ({"base": [BUNDLED]}, "no such base model"),
        ({"base": None}, "no such base model"),
        ({"steps": 0}, "Fine-tuning steps"),
        ({"steps": "many"}, "Fine-tuning steps"),
        ({"lr": float("nan")}, "Learning rate"),
        ({"rank": 0}, "Rank"),
        ({"seed": -1}, "Seed"),
        ({"seed": 1.5}, "Seed"),
        ({"seed": "x"}, "Seed"),
        ({"photos": 21}, "Photos to fine-tune on"),
        ({"samples": 1000}, "Pictures"),
        ({"guidance": 0}, "Guidance"),
        ({"defence": "magic"}, "no defence 'magic'"),
        ({"defence": 5}, "no such defence"),
        ({"defence": "dpdm", "epsilon": 0}, "epsilon: Input should be greater than 0"),
        ({"defence": "dpdm", "epsilon": -1}, "epsilon"),
        ({"defence": "dpdm", "epsilon": float("nan")}, "epsilon"),
        ({"defence": "dpdm", "epsilon": "much"}, "epsilon"),
        ({"defence": "dpdm", "delta": 1}, "delta"),
        ({"defence": "dpdm", "noise_draws": 0}, "noise_draws"),
        ({"defence": "dpdm", "accountant": "mine"}, "accountant"),
    ],
)
def test_what_cannot_be_is_refused_by_name(services: Services, values: dict[str, object], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        order(services, {"base": BUNDLED} | values)


def test_a_rank_that_was_not_changed_leaves_the_preset_alone() -> None:
    preset = PRESETS["face64-cpu"]
    assert preset.unet_rank != preset.text_rank
    assert lora_settings(BASES[BUNDLED], {"rank": preset.unet_rank}) == preset

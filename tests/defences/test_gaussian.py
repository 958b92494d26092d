"""Gaussian noise on the file: how much, and the exact epsilon of it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from demo.defences.gaussian import Gaussian, gaussian_delta, gaussian_epsilon
from demo.defences.registry import choose
from demo.errors import SettingsError
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights, read_lora, write_lora
from demo.models.bases import BUNDLED

SETTINGS = LoraSettings(steps=3)
SILENT = 1e12  # an epsilon whose noise is none to speak of


def lora(size: float = 1.0, width: int = 400) -> LoraWeights:
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for module in ("unet.mid_block.attn1.to_q", "text_encoder.encoder.layers.0.self_attn.q_proj"):
        tensors[f"{module}.lora_A.weight"] = size * torch.randn(8, width, generator=generator)
        tensors[f"{module}.lora_B.weight"] = size * torch.randn(width, 8, generator=generator)
    return LoraWeights(tensors=tensors, alphas=dict.fromkeys({k.rsplit(".lora_", 1)[0] for k in tensors}, 12.0))


def whole(weights: LoraWeights) -> torch.Tensor:
    return torch.cat([t.double().flatten() for t in weights.tensors.values()])


def test_noise_is_the_papers_formula() -> None:
    s = Gaussian(epsilon=2.0, delta=1e-5, clip=3.0).deviation
    assert s**2 == pytest.approx(2 * math.log(1.25 / 1e-5) * 9 / 4)


def test_released_numbers_are_clipped_numbers_plus_noise_of_that_size() -> None:
    plain, defence = lora(), Gaussian(epsilon=10.0, clip=5.0, noise_seed=1)
    noise = whole(defence.release(plain)) - whole(plain) * 5.0 / whole(plain).norm()
    count, s = len(noise), defence.deviation
    assert abs(noise.mean()) < 5 * s / count**0.5
    assert abs(noise.var() / s**2 - 1) < 5 * (2 / count) ** 0.5
    halves = noise[: count // 2], noise[count // 2 :]
    assert abs((halves[0] * halves[1]).mean()) < 5 * s**2 / (count / 2) ** 0.5  # not the same numbers twice


@pytest.mark.parametrize("size", [1e-4, 1.0, 100.0])
def test_all_entries_are_clipped_as_one_vector(size: float) -> None:
    plain = lora(size)
    out = whole(Gaussian(epsilon=SILENT, clip=20.0).release(plain))
    norm = whole(plain).norm().item()
    assert out.norm().item() == pytest.approx(min(norm, 20.0), rel=1e-5)
    assert torch.nn.functional.cosine_similarity(out, whole(plain), dim=0) > 1 - 1e-6


def test_secure_and_unknown_seeds_never_repeat() -> None:
    plain = lora(width=20)
    for settings in ({"noise": "secure"}, {}):
        defence = choose("gaussian", **settings)
        assert not torch.equal(whole(defence.release(plain)), whole(defence.release(plain)))
    known = Gaussian(noise_seed=1)
    assert torch.equal(whole(known.release(plain)), whole(known.release(plain)))


@pytest.mark.parametrize(("deviation", "sensitivity"), [(1.0, 1.0), (0.5, 2.0), (5.3, 2.0)])
def test_delta_is_the_integral_that_defines_it(deviation: float, sensitivity: float) -> None:
    x = np.linspace(-15 * deviation, sensitivity + 15 * deviation, 400_001)
    density = lambda mean: np.exp(-((x - mean) ** 2) / (2 * deviation**2)) / (deviation * math.sqrt(2 * math.pi))  # noqa: E731
    for epsilon in (0.0, 0.5, 3.0):
        wanted = np.maximum(0, density(sensitivity) - math.exp(epsilon) * density(0.0)).sum() * (x[1] - x[0])
        assert gaussian_delta(epsilon, deviation, sensitivity) == pytest.approx(wanted, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("deviation", [0.01, 0.3, 1.0, 10.0, 1e4])
def test_epsilon_is_the_smallest_one_that_keeps_delta(deviation: float) -> None:
    epsilon = gaussian_epsilon(deviation, 2.0, 1e-6)
    assert gaussian_delta(epsilon, deviation, 2.0) <= 1e-6
    assert gaussian_delta(epsilon * 0.999, deviation, 2.0) > 1e-6
    assert gaussian_epsilon(deviation * 2, 2.0, 1e-6) < epsilon


def test_so_much_noise_that_nothing_is_spent() -> None:
    assert gaussian_epsilon(1e9, 2.0, 1e-6) == 0.0


def test_the_papers_formula_holds_below_one_alone_and_for_a_change_of_c() -> None:
    for epsilon in (0.1, 0.5, 0.99):
        assert gaussian_epsilon(Gaussian(epsilon=epsilon, clip=1.0).deviation, 1.0, 1e-6) < epsilon
    for epsilon in (0.5, 10.0, 100.0):  # all photos replaced: 2 C
        assert gaussian_epsilon(Gaussian(epsilon=epsilon, clip=1.0).deviation, 2.0, 1e-6) > epsilon
    for epsilon in (10.0, 100.0):  # even for a change of C the formula promises too much here
        assert gaussian_epsilon(Gaussian(epsilon=epsilon, clip=1.0).deviation, 1.0, 1e-6) > epsilon


def test_no_two_files_are_further_apart_than_the_ledger_assumes() -> None:
    """Before noise: 2 C, and files of opposite signs reach it."""
    defence, plain = Gaussian(epsilon=SILENT, clip=3.0), lora(width=20)
    opposite = LoraWeights(tensors={key: -tensor for key, tensor in plain.tensors.items()}, alphas=plain.alphas)
    apart = (whole(defence.release(plain)) - whole(defence.release(opposite))).norm().item()
    assert apart == pytest.approx(2 * 3.0, rel=1e-5)


def test_ledger_is_proved_for_the_person_and_says_what_the_formula_is_worth() -> None:
    ledger = Gaussian(epsilon=10.0).ledger(5, SETTINGS, 3)
    assert ledger.guarantee == "proved"
    assert ledger.person_epsilon == ledger.photo_epsilon
    assert ledger.person_epsilon == gaussian_epsilon(Gaussian(epsilon=10.0).deviation, 40.0, 1e-6)
    assert "whole set of photos" in ledger.neighbouring
    assert "below 1" in ledger.sentences[1]
    assert ledger.sigma == pytest.approx(math.sqrt(2 * math.log(1.25e6)) / 10)
    known = Gaussian(noise_seed=1).ledger(5, SETTINGS, 3)
    assert known.guarantee == "none"
    assert "seed" in known.sentences[0]
    assert "noise_seed" not in known.settings
    assert Gaussian(noise="secure", noise_seed=1).ledger(5, SETTINGS, 3).guarantee == "proved"  # it takes no seed


@pytest.mark.parametrize("changes", [{"epsilon": 0.0}, {"delta": 0.2}, {"clip": 0.0}, {"noise": "loud"}])
def test_bad_settings_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        choose("gaussian", **changes).check(5, SETTINGS)


def test_the_file_can_be_read(tmp_path: Path) -> None:
    out = Gaussian().release(lora(width=20))
    back = read_lora(write_lora(tmp_path / "lora.safetensors", out))
    assert all(torch.equal(back.tensors[key], tensor) for key, tensor in out.tensors.items())
    assert back.alphas == out.alphas


def test_the_default_clip_is_in_the_middle_of_real_norms() -> None:
    path = Path(__file__).parents[2] / "weights" / BUNDLED / "other-person.safetensors"
    norm = whole(read_lora(path)).norm().item()
    assert 0.5 * norm < Gaussian().clip < 1.5 * norm

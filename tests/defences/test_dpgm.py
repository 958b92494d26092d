"""DPGM: kernel, noise, what the noise does to the gradient, nominal epsilons."""

from __future__ import annotations

import math

import pytest
import torch
from opacus.accountants import RDPAccountant
from torch import Tensor

from demo.defences import accounting, dpgm
from demo.defences.dpgm import Dpgm, constant_noise, kernel, noise_variance, noised_mmd, path_noise
from demo.defences.noise import Noise
from demo.defences.registry import choose
from demo.errors import SettingsError
from demo.finetune import class_images
from demo.finetune.dreambooth import fine_tune
from demo.finetune.settings import LoraSettings
from demo.progress import Watcher

SETTINGS = LoraSettings(
    unet_rank=2, text_rank=2, unet_alpha=2, text_alpha=2, steps=3, batch=3, class_batch=2, lr=1e-2, class_images=4,
    sample_every=0,
)  # fmt: skip
NO_NOISE = 1e-12


def points(n: int, d: int = 6, seed: int = 0) -> Tensor:
    return 3 * torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def naive(x: list[float], y: list[float]) -> float:
    distance = sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
    return sum(math.exp(-distance / (2 * s * s)) for s in (1, 2, 4, 8, 16))


def slope(x: Tensor, y: Tensor, multiplier: float, noise: Noise, variant: dpgm.Variant) -> tuple[float, Tensor]:
    y = y.clone().requires_grad_()
    loss = noised_mmd(x, y, multiplier, noise, variant)
    (gradient,) = torch.autograd.grad(loss, y)
    return loss.item(), gradient


def test_kernel_is_a_double_loop() -> None:
    z = points(7)
    k = kernel(z)
    for i in range(7):
        for j in range(7):
            assert k[i, j].item() == pytest.approx(naive(z[i].tolist(), z[j].tolist()), rel=1e-10)


def test_the_kernel_sees_likeness_whatever_the_size_of_the_picture() -> None:
    assert dpgm.sigmas(6) == dpgm.sigmas(1280) == dpgm.SIGMAS
    found = []
    for d in (1280, 4 * 96 * 96):  # face64, Stable Diffusion 2.1
        x = torch.randn(1, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        k = kernel(torch.cat([x, x + 0.1**0.5]))  # a mean squared error of 0.1
        found.append(float(k[0, 1] / k[0, 0]))
    assert found[1] == pytest.approx(found[0], rel=1e-6)
    assert found[0] > 0.1


def test_loss_without_noise_is_the_squared_discrepancy() -> None:
    x, y = points(3), points(4, seed=1)
    mean = lambda a, b: sum(naive(p, q) for p in a.tolist() for q in b.tolist()) / (len(a) * len(b))  # noqa: E731
    wanted = mean(x, x) - 2 * mean(x, y) + mean(y, y)
    for variant in ("constant", "path"):
        assert noised_mmd(x, y, NO_NOISE, Noise(0), variant).item() == pytest.approx(wanted, abs=1e-4)
    assert noised_mmd(x, x, NO_NOISE, Noise(0)).item() == pytest.approx(0, abs=1e-4)


def test_variance_is_the_published_one() -> None:
    assert noise_variance(60, 0.6) == pytest.approx(0.0316228, rel=1e-5)  # sqrt(2 * 5) / 60 * 0.6
    assert noise_variance(30, 0.6) == pytest.approx(2 * noise_variance(60, 0.6))


@pytest.mark.parametrize("variant", ["constant", "path"])
def test_noise_has_the_kernel_as_its_covariance(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dpgm, "FEATURES", 32)  # the covariance is exact with any number
    z, noise, count = points(4) / 3, Noise(5), 2000
    k = kernel(z)
    draw = (lambda: constant_noise(k, noise)) if variant == "constant" else (lambda: path_noise(z, noise))
    g = torch.stack([draw() for _ in range(count)])
    assert 1.0 < k.min() < k.max() - 1  # neither a constant nor noise on the diagonal alone
    assert ((g.T @ g / count - k).abs() < 5 * 5 * (2 / count) ** 0.5).all()
    assert (g.mean(0).abs() < 5 * (5 / count) ** 0.5).all()


def test_constant_noise_leaves_the_gradient_alone_and_the_square_scales_it() -> None:
    """What the published code does: 2 * noised loss * clean gradient, whose sign the noise may turn."""
    x, y, noise = points(3), points(3, seed=1), Noise(2)
    _, clean = slope(x, y, NO_NOISE, noise, "constant")
    assert clean.norm() > 0
    signs = set()
    for _ in range(20):
        loss, gradient = slope(x, y, 16.0, noise, "constant")
        assert torch.allclose(gradient, clean, rtol=1e-9, atol=0)
        z = y.clone().requires_grad_()
        noised = noised_mmd(x, z, 16.0, noise)
        (squared,) = torch.autograd.grad(noised.square(), z)
        assert torch.allclose(squared, 2 * noised.item() * clean, rtol=1e-9, atol=0)
        signs.add(loss > 0)
    assert signs == {True, False}


def test_a_path_has_slopes_of_its_own_that_drown_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dpgm, "FEATURES", 64)
    x, y, noise, count = points(3), points(3, seed=1), Noise(3), 300
    _, clean = slope(x, y, NO_NOISE, noise, "constant")
    excess = torch.stack([slope(x, y, 0.6, noise, "path")[1] for _ in range(count)]) - clean
    # -2 / m times a slope; one entry's variance: variance * sum 1 / sigma^2, for the kernel's second derivative at 0.
    wanted = (2 / 3) ** 2 * noise_variance(3, 0.6) * sum(1 / s**2 for s in (1, 2, 4, 8, 16))
    assert excess.square().mean().item() == pytest.approx(wanted, rel=0.1)
    assert excess.square().mean() > 10 * clean.square().mean()


def test_equal_photos_can_be_noised() -> None:
    x = points(1).expand(4, -1)
    assert math.isfinite(noised_mmd(x, x.clone(), 0.6, Noise(0)).item())


def test_labels_choose_the_published_multipliers_and_others_are_refused() -> None:
    for label, multiplier in ((10.0, 0.6), (2.0, 0.975), (0.1, 16.0)):
        defence = choose("dpgm", epsilon=label)
        defence.check(5, SETTINGS)
        assert isinstance(defence, Dpgm)
        assert defence.sigma() == multiplier
        assert f"{label:g}" in defence.label
    for label in (1.0, 9.99):
        with pytest.raises(SettingsError, match="give a noise multiplier"):
            choose("dpgm", epsilon=label).check(5, SETTINGS)
    with pytest.raises(SettingsError, match="not given"):
        Dpgm(epsilon=None).check(5, SETTINGS)
    with pytest.raises(SettingsError, match=r"at most 0\.001"):
        choose("dpgm", delta=0.3).check(5, SETTINGS)
    own = choose("dpgm", epsilon=1.0, noise_multiplier=3.0)
    own.check(5, SETTINGS)
    assert "3" in own.label
    assert own.ledger(5, SETTINGS, 3).sigma == 3.0


@pytest.mark.parametrize(("label", "sigma"), [(10.0, 0.6), (2.0, 0.975), (0.1, 16.0)])
def test_nominal_epsilon_is_opacus_own_and_far_from_the_label(label: float, sigma: float) -> None:
    settings = SETTINGS.model_copy(update={"batch": 1, "steps": 1000})
    ledger = Dpgm(epsilon=label).ledger(5, settings, 1000)
    opacus = RDPAccountant()
    opacus.history = [(sigma, 0.2, 1000)]
    assert ledger.photo_epsilon == opacus.get_epsilon(1e-6, alphas=list(accounting.ORDERS))
    assert ledger.photo_epsilon is not None
    assert ledger.person_epsilon is not None
    assert ledger.photo_epsilon > 7 * label
    assert ledger.person_epsilon > ledger.photo_epsilon
    assert (ledger.q, ledger.steps, ledger.photos) == (0.2, 1000, 5)


def test_ledger_never_says_proved() -> None:
    ledger = Dpgm().ledger(5, SETTINGS, 3)
    assert ledger.guarantee == "nominal"
    assert "no guarantee" in ledger.epsilons()
    assert "post-processing" in ledger.sentences[0]
    assert "ε = 10" in ledger.sentences[1]
    assert f"{ledger.photo_epsilon:.3g}" in ledger.sentences[1]
    assert "never its direction" in ledger.sentences[2]
    assert "differentiates" in Dpgm(variant="path").ledger(5, SETTINGS, 3).sentences[2]
    known = Dpgm(noise_seed=3).ledger(5, SETTINGS, 3)
    assert known.guarantee == "none"
    assert "noise_seed" not in known.settings


@pytest.mark.parametrize(("variant", "prior_weight"), [("constant", 1.0), ("path", 0.0)])
def test_weights_really_move(variant, prior_weight, tiny_pipe, tiny_base, pictures, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path)
    seen = []
    settings = SETTINGS.model_copy(update={"prior_weight": prior_weight})
    tuned = fine_tune(
        tiny_pipe, tiny_base, pictures, settings, defence=Dpgm(variant=variant), watcher=Watcher(seen.append)
    )
    assert tuned.steps == 3
    assert all(t.abs().max() > 0 for n, t in tuned.lora.tensors.items() if "lora_B" in n)
    spent = [p.spent for p in seen if p.stage == "fine-tune"]
    assert tuned.ledger is not None
    assert f"{tuned.ledger.photo_epsilon:.3g}" in str(spent[-1])
    assert "no guarantee" in str(spent[-1])


def test_runs_repeat_with_a_known_seed_alone(tiny_pipe, tiny_base, pictures) -> None:
    settings = SETTINGS.model_copy(update={"prior_weight": 0.0, "steps": 1})
    a, b, c = (
        fine_tune(tiny_pipe, tiny_base, pictures, settings, defence=Dpgm(noise_seed=seed)).losses[0]
        for seed in (1, 1, None)
    )
    assert a == pytest.approx(b, rel=1e-5)
    assert a != pytest.approx(c, rel=1e-5)


def test_the_loss_can_be_descended() -> None:
    x, y = points(3), points(3, seed=1).requires_grad_()
    optimiser = torch.optim.Adam([y], lr=0.1)
    losses = []
    for _ in range(150):
        loss = noised_mmd(x, y, NO_NOISE, Noise(0))
        optimiser.zero_grad()
        loss.square().backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[0] > 1
    assert losses[-1] < 0.1 * losses[0]


def test_an_empty_batch_trains_on_class_images_alone(tiny_pipe, tiny_base, pictures, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path)
    monkeypatch.setattr(Noise, "poisson", lambda _, count, __: torch.zeros(count, dtype=torch.bool))
    monkeypatch.setattr(dpgm, "noised_mmd", lambda *_: pytest.fail("there is no photo"))
    tuned = fine_tune(tiny_pipe, tiny_base, pictures, SETTINGS, defence=Dpgm())
    assert all(loss > 0 for loss in tuned.losses)
    alone = SETTINGS.model_copy(update={"prior_weight": 0.0})
    assert fine_tune(tiny_pipe, tiny_base, pictures, alone, defence=Dpgm()).losses == [0.0] * 3

"""DP-SGD: per-sample gradients, clipping, noise, sampling, budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from defence_parts import problem_on
from diffusers import StableDiffusionPipeline
from PIL import Image
from torch import Tensor

from demo.defences import accounting
from demo.defences.dpdm import Dpdm, DpStep, in_parts
from demo.defences.noise import Noise, SecureNoise
from demo.defences.per_sample import PerSampleGradients, clip_factors, norms
from demo.defences.registry import choose
from demo.errors import DemoError, SettingsError
from demo.finetune import class_images
from demo.finetune.dreambooth import fine_tune
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask
from demo.models.bases import Base
from demo.models.sampling import encode_pictures, text_embeddings
from demo.progress import Watcher

SETTINGS = LoraSettings(
    unet_rank=2, text_rank=2, unet_alpha=2, text_alpha=2, steps=3, batch=3, class_batch=2, lr=1e-2, class_images=4,
    sample_every=0,
)  # fmt: skip
OPEN = Dpdm(epsilon=None, noise_multiplier=1.0, noise_seed=1)


@pytest.fixture
def problem(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, pictures: list[Image.Image]
) -> Iterator[FineTuningTask]:
    """Five photos and four class images in float64; B is not zero, else A's gradients vanish."""
    torch.manual_seed(0)
    photos = encode_pictures(tiny_pipe, pictures).double()
    tiny_pipe.unet.double()
    tiny_pipe.text_encoder.double()
    prior = torch.randn(4, *photos.shape[1:], dtype=torch.float64)
    with problem_on(tiny_pipe, tiny_base, photos, prior, SETTINGS, spread=0.3) as found:
        yield found


def loss_of(problem: FineTuningTask, x0: Tensor, ids: Tensor, draws: int, seed: int) -> Tensor:
    """Loss of each picture, (n,): the mean over its draws, each picture's randomness from a seed of its own."""
    context = text_embeddings(problem.pipe.text_encoder, ids.expand(len(x0), -1)).repeat_interleave(draws, 0)
    noise, noisy, steps = [], [], []
    for i, x in enumerate(x0):
        generator = torch.Generator().manual_seed(seed + i)
        t = torch.randint(1000, (draws,), generator=generator)
        e = torch.randn((draws, *x.shape), generator=generator, dtype=x.dtype)
        steps.append(t)
        noise.append(e)
        noisy.append(problem.pipe.scheduler.add_noise(x.expand(draws, -1, -1, -1), e, t))
    out = problem.pipe.unet(torch.cat(noisy), torch.cat(steps), encoder_hidden_states=context).sample
    return (out - torch.cat(noise)).square().flatten(1).mean(1).unflatten(0, (len(x0), draws)).mean(1)


@pytest.mark.parametrize("draws", [1, 3])
def test_per_sample_gradients_equal_a_loop_of_single_backward_passes(problem: FineTuningTask, draws: int) -> None:
    pipe, parameters = problem.pipe, problem.parameters
    gradients = PerSampleGradients([pipe.unet, pipe.text_encoder], parameters)
    gradients.begin(len(problem.photos), (draws, 1))
    gradients.private.fill_(torch.nan)  # memory is used again: nothing of what lay there may count
    loss_of(problem, problem.photos, problem.ids, draws, 10).sum().backward()
    columns = gradients.private.split([p.numel() for p in parameters], dim=1)
    found = {p: part.unflatten(1, p.shape) for p, part in zip(parameters, columns, strict=True)}
    gradients.remove()
    worst = 0.0
    for i in range(len(problem.photos)):
        for p in parameters:
            p.grad = None
        loss_of(problem, problem.photos[i : i + 1], problem.ids, draws, 10 + i).sum().backward()
        for p in parameters:
            assert p.grad is not None
            worst = max(worst, float((found[p][i] - p.grad).abs().max() / p.grad.abs().max()))
    print(f"largest relative error of per-sample gradients, K = {draws}: {worst:.1e}")
    assert worst < 1e-10


@pytest.mark.parametrize("draws", [1, 2, 7])
def test_a_large_batch_goes_through_the_models_in_parts_with_the_same_result(
    problem: FineTuningTask, draws: int
) -> None:
    found, rows = [], list[int]()
    count = problem.pipe.unet.register_forward_pre_hook(lambda _, inputs: rows.append(len(inputs[0])))
    for parts in (False, True):
        rows.clear()
        step = DpStep(OPEN.model_copy(update={"noise_draws": draws, "noise_seed": 5}), problem)
        if not parts:
            step._rows = 1000
        step._generator.manual_seed(7)
        step._gradients.begin(5, (1, 1))
        step._gradients.private.fill_(torch.nan)  # memory is used again
        step._gradients.public.fill_(torch.nan)
        loss = step._backward(problem.photos)
        found.append((torch.tensor(loss), step.gradients.clone(), step._gradients.public.clone()))
        step.close()
        assert sum(rows) == 5 * draws + SETTINGS.class_batch
        assert (max(rows) <= SETTINGS.batch + SETTINGS.class_batch) is parts
    count.remove()
    for whole, parted in zip(*found, strict=True):
        torch.testing.assert_close(parted.double(), whole.double(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("photos", "draws", "others", "most"), [(5, 1, 2, 3), (3, 7, 1, 2), (4, 3, 1, 7), (2, 1, 0, 2)]
)
def test_parts_cover_a_batch_once(photos: int, draws: int, others: int, most: int) -> None:
    seen, public = torch.zeros(photos, draws), 0
    for some, drawn, more in in_parts(photos, draws, others, most):
        seen[some, drawn] += 1
        public += more
        assert seen[some, drawn].numel() + more <= most
    assert (seen == 1).all()
    assert public == others


def test_a_step_sums_clipped_photos_and_leaves_class_images_outside(problem: FineTuningTask) -> None:
    """What the step adds up is a clipped sum; what it adds to that is the class images' own gradient and noise."""
    quiet = OPEN.model_copy(update={"noise_multiplier": 1e-9, "clip": 0.01})
    step = DpStep(quiet, problem)
    step()
    total = torch.cat([s.flatten() for s in step.sums]).norm()
    public = torch.cat([(p.grad - s / 3).flatten() for p, s in zip(problem.parameters, step.sums, strict=True)])
    step.close()
    assert 0 < total <= 5 * 0.01 + 1e-12  # five photos at most, each of norm C at most
    assert public.norm() > 0.01  # not clipped to C: the class images are public


def test_clipping_bounds_each_sample_and_leaves_small_ones_alone() -> None:
    gradients = torch.randn(6, 10) * torch.tensor([0.01, 0.1, 1, 1, 10, 100])[:, None]
    factors = clip_factors(gradients, 1.0)
    clipped = norms(gradients * factors[:, None])
    assert (clipped <= 1 + 1e-6).all()
    small = norms(gradients) < 1
    assert small.any()
    assert (factors[small] == 1).all()
    assert torch.allclose(clipped[~small], torch.ones(int((~small).sum())))


def test_noise_has_the_variance_that_the_ledger_states(problem: FineTuningTask) -> None:
    """With no photo in the batch and no class images, the gradient is sigma C N(0, 1) / (q N) and nothing else."""
    lonely = replace(problem, prior=None, settings=SETTINGS.model_copy(update={"steps": 30}))
    defence = OPEN.model_copy(update={"noise_multiplier": 2.0, "clip": 0.5})
    step = DpStep(defence, lonely)
    step._q = 1e-12  # an empty batch, almost surely
    draws = []
    for _ in range(30):
        assert step() == 0.0
        draws.append(torch.cat([p.grad.flatten() for p in problem.parameters]) * step._q * 5)
    step.close()
    values = torch.cat(draws)
    count = len(values)
    assert abs(values.mean()) < 5 * 1.0 / count**0.5
    assert abs(values.var() - 1.0) < 5 * (2 / count) ** 0.5  # (2.0 * 0.5)^2


def test_poisson_batches_have_the_rate_q() -> None:
    for noise in (Noise(3), SecureNoise()):
        sizes = torch.stack([noise.poisson(5, 0.3).sum() for _ in range(4000)]).double()
        assert abs(sizes.mean() - 1.5) < 5 * (5 * 0.3 * 0.7 / 4000) ** 0.5
        assert abs(sizes.var() - 1.05) < 0.15


def test_noise_cannot_be_found_by_trying_the_seeds_that_torch_keeps() -> None:
    # torch.Generator forgets all but 32 bits: these would be the same noise.
    like = torch.zeros(8)
    assert not torch.equal(Noise(5).normal(like), Noise(5 + 2**32).normal(like))
    assert not torch.equal(Noise(5).normal(like), Noise(5 + 2**127).normal(like))
    assert torch.equal(Noise(5).normal(like), Noise(5).normal(like))
    assert not torch.equal(Noise().normal(like), Noise().normal(like))


def test_what_is_drawn_for_the_diffusion_is_seeded_anew_for_every_step(problem) -> None:
    seeds: list[int] = []
    step = DpStep(Dpdm(epsilon=None, noise_multiplier=1.0, noise_seed=3), problem)
    draw = step._generator.manual_seed
    step._generator = SimpleNamespace(manual_seed=lambda seed: (seeds.append(seed), draw(seed)))
    step._backward = lambda chosen: 0.0
    step._gradients.begin(0, (1, 1))
    for _ in range(3):
        step()
    step.close()
    assert len(set(seeds)) == 3
    assert max(seeds) >= 2**32


def test_secure_noise_is_standard_normal() -> None:
    x = SecureNoise().normal(torch.zeros(200_001, dtype=torch.float64))
    assert abs(x.mean()) < 5 / 200_001**0.5
    assert abs(x.var() - 1) < 0.02
    assert abs((x.abs() < 1).double().mean() - 0.6827) < 0.006
    assert abs((x**4).mean() - 3) < 0.15


def test_weights_really_move_and_the_ledger_counts(tiny_pipe, tiny_base, pictures, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path)
    seen = []
    tuned = fine_tune(tiny_pipe, tiny_base, pictures, SETTINGS, defence=Dpdm(epsilon=5.0), watcher=Watcher(seen.append))
    b = [t for n, t in tuned.lora.tensors.items() if "lora_B" in n]
    assert all(t.abs().max() > 0 for t in b)  # B starts at zero
    ledger = tuned.ledger
    assert ledger is not None
    assert ledger.guarantee == "proved"
    assert ledger.steps == 3
    assert ledger.photo_epsilon is not None
    assert ledger.person_epsilon is not None
    assert ledger.photo_epsilon <= 5.0
    assert ledger.person_epsilon > ledger.photo_epsilon
    spent = [p.spent for p in seen if p.stage == "fine-tune"]
    assert len(spent) == 3
    assert f"{ledger.photo_epsilon:.3g}" in str(spent[-1])


def test_training_ends_when_a_given_noise_has_spent_the_budget(tiny_pipe, tiny_base, pictures, monkeypatch, tmp_path):
    monkeypatch.setattr(class_images, "CACHE", tmp_path)
    two = accounting.photo_epsilon(3.0, 0.6, 2, 1e-6)
    defence = Dpdm(epsilon=two * 1.001, noise_multiplier=3.0)
    tuned = fine_tune(tiny_pipe, tiny_base, pictures, SETTINGS, defence=defence)
    assert tuned.steps == 2
    assert tuned.stopped


def test_a_known_seed_is_no_guarantee() -> None:
    ledger = OPEN.ledger(5, SETTINGS, 3)
    assert ledger.guarantee == "none"
    assert "seed" in ledger.sentences[0]
    assert "noise_seed" not in ledger.settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epsilon": 0.0}, "epsilon"),
        ({"epsilon": -1.0}, "epsilon"),
        ({"delta": 0.0}, "delta"),
        ({"delta": 0.002}, "at most 0.001"),
        ({"delta": 1.0}, "delta"),
        ({"epsilon": 0.01, "noise_multiplier": 0.5}, "not allow even one step"),
        ({"epsilon": 1e-9}, "However strong the noise, the accountant RDP proves no epsilon below 0.0058"),
    ],
)
def test_budgets_that_mean_nothing_are_refused_before_any_work(changes: dict[str, float], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        choose("dpdm", **changes).check(5, SETTINGS)


def test_a_loss_that_is_no_number_is_refused(tiny_pipe, tiny_base, pictures, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path)
    class_images.class_latents(tiny_pipe, tiny_base, SETTINGS.class_images)  # a broken base draws none
    tiny_pipe.unet.conv_in.weight.data.fill_(float("nan"))
    for defence in (None, OPEN):
        with pytest.raises(DemoError, match="The loss is nan at step 1"):
            fine_tune(tiny_pipe, tiny_base, pictures, SETTINGS, defence=defence)

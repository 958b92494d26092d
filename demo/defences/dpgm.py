"""DPGM, "Functional Rényi Differential Privacy for Generative Modeling" (Jiang, Sun, Yu 2023), as the paper uses it.

The photos' true targets X and the network's predictions Y are compared by kernel mean embeddings, and a Gaussian
process hides the embedding of X. Three things about the authors' code (dihjiang/DP-kernel) and this use of it:

- There the process is drawn as a constant, so no gradient comes from it. But they minimise the noised loss squared:
  its gradient is 2 * noised loss * the clean gradient. Noise changes its length and sign, never its direction.
- The noise has covariance s K, s = sqrt(2 k(x, x)) / N * multiplier; Hall et al. 2013 ask for s^2 K.
- Y is made from the photos as well, so that the released function is not all that training sees of them.
"""

from __future__ import annotations

import math
from functools import cached_property
from importlib.metadata import version
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from demo.defences import accounting
from demo.defences.base import DELTA, EPSILONS, Defence
from demo.defences.dpdm import NEIGHBOURS
from demo.defences.noise import Noise, Source, noise_source
from demo.errors import SettingsError
from demo.finetune.loss import predict
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask, Step, descend
from demo.lora.ledger import Ledger
from demo.models.sampling import text_embeddings

Variant = Literal["constant", "path"]
SIGMAS = (1.0, 2.0, 4.0, 8.0, 16.0)
WIDE = 1280  # numbers of a picture up to which these serve: distances grow with the root of how many there are
# Label -> multiplier. Their README gives 0.6 for 10, 1.95 for 1 and 8 for 0.2 (200,000 steps at q = 0.001,
# delta = 1e-5); 2 and 0.1 are had by halving and doubling the nearest.
MULTIPLIERS = {10.0: 0.6, 2.0: 0.975, 0.1: 16.0}
JITTER = 1e-6  # of the diagonal: equal photos make K singular
FEATURES = 512  # of a sample path, for each sigma
WHY = {
    "constant": (
        "As in the published code, the noise is a constant to the gradient: it changes the length and the sign of "
        "each step, never its direction."
    ),
    "path": "The noise is a random function that training differentiates, as the theorem requires.",
}


class Dpgm(Defence):
    """Noised kernel mean embeddings of the true targets; class images are trained on as ever."""

    key: ClassVar[str] = "dpgm"
    title: ClassVar[str] = "DPGM"
    explanation: ClassVar[str] = (
        "Predictions are compared with the photos through a kernel, and a random function is added to that "
        "comparison. Its epsilon is a label: used this way, the method proves nothing."
    )
    has_epsilon: ClassVar[bool] = True
    tried_at: ClassVar[tuple[float, ...]] = EPSILONS

    epsilon: float | None = Field(10.0, gt=0)  # the paper's label; chooses the multiplier
    noise_multiplier: float | None = Field(None, gt=0, le=1e6)
    delta: float = Field(DELTA, gt=0, lt=1)
    variant: Variant = "constant"  # as published; "path": the noise is differentiated, and the loss is not squared
    noise: Source = "system"
    noise_seed: int | None = None  # for tests

    @property
    def label(self) -> str:
        """With the paper's epsilon, or the noise."""
        if self.noise_multiplier is not None:
            return f"{self.title}, σ = {self.noise_multiplier:g}"
        return f"{self.title}, ε = {self.epsilon:g}"

    @property
    def preselected(self) -> bool:
        """The extremes alone."""
        return self.epsilon in (max(EPSILONS), min(EPSILONS))

    def sigma(self) -> float:
        """The noise multiplier: as given, or the label's.

        Raises:
            SettingsError: the label has none.
        """
        if self.noise_multiplier is not None:
            return self.noise_multiplier
        if self.epsilon not in MULTIPLIERS:
            given = "not given" if self.epsilon is None else f"{self.epsilon:g}"
            known = ", ".join(f"{label:g}" for label in MULTIPLIERS)
            raise SettingsError(
                f"Epsilon is {given}, but DPGM's epsilon is a label, and published only for {known}.",
                "Choose one of these, or give a noise multiplier.",
            )
        return MULTIPLIERS[self.epsilon]

    def check(self, photos: int, settings: LoraSettings) -> None:
        """Refuse labels without a multiplier, and a delta that means nothing."""
        accounting.check_budget(self.epsilon, self.delta, photos)
        self.sigma()

    def q(self, photos: int, settings: LoraSettings) -> float:
        """Sampling rate: the expected batch over the number of photos, at most 1."""
        return min(1.0, settings.batch / photos)

    def training(self, problem: FineTuningTask) -> Step:
        """Steps on the noised kernel loss."""
        return KernelStep(self, problem)

    def ledger(self, photos: int, settings: LoraSettings, steps: int) -> Ledger:
        """The nominal epsilons, beside the paper's label."""
        q, sigma = self.q(photos, settings), self.sigma()
        seeded = self.noise == "system" and self.noise_seed is not None
        photo = accounting.photo_epsilon(sigma, q, steps, self.delta)
        person = accounting.epsilon_of(accounting.person_rdp(sigma, q, photos), steps, self.delta)
        label = (
            ""
            if self.noise_multiplier is not None
            else f"The label ε = {self.epsilon:g} belongs to runs on 60,000 pictures. "
        )
        return Ledger(
            defence=self.key,
            title=self.label,
            guarantee="none" if seeded else "nominal",
            sentences=(
                "No guarantee. The predictions that are compared with the photos are made from the photos "
                "themselves, so post-processing, on which the method's proof rests, does not hold.",
                f"{label}Taken at its word, noise multiplier {sigma:g} over {steps} steps, each with {q:.0%} of "
                f"{photos} photos, would be ε = {photo:.3g} for a photo and ε = {person:.3g} for the person.",
                WHY[self.variant],
                "The published noise has a variance that grows with the multiplier; the theorem asks for its square.",
            )
            + (("The noise came from a known seed.",) if seeded else ()),
            settings=self.model_dump(exclude={"noise_seed"}),
            steps=steps,
            photos=photos,
            sigma=sigma,
            q=q,
            accountant="Opacus RDP (photo), RDP of a mixture of Gaussians (person): nominal",
            delta=self.delta,
            photo_epsilon=photo,
            person_epsilon=person,
            neighbouring=NEIGHBOURS,
            noise=noise_source(self.noise, self.noise_seed).description,
            versions={name: version(name) for name in ("torch", "opacus")},
        )


def sigmas(d: int) -> tuple[float, ...]:
    """The kernels' widths for pictures of ``d`` numbers.

    With the published ones, which are for small pictures, no two of Stable Diffusion's latents would be alike (the
    widest kernel of a mean squared error of 0.1 is 0.78 with 1,280 numbers and 7e-4 with 36,864): no gradient, and a
    defence that looks perfect.
    """
    return tuple(sigma * max(1.0, d / WIDE) ** 0.5 for sigma in SIGMAS)


def kernel(z: Tensor) -> Tensor:
    """K_ij = sum_sigma exp(-|z_i - z_j|^2 / (2 sigma^2)): (n, d) -> (n, n)."""
    products = z @ z.T
    squares = products.diagonal()
    distances = (squares[:, None] - 2 * products + squares[None]).clamp(min=0)
    return torch.stack([torch.exp(-distances / (2 * sigma**2)) for sigma in sigmas(z.shape[1])]).sum(0)


def noise_variance(photos: int, multiplier: float) -> float:
    """What K is multiplied by to make the noise's covariance: the embedding's sensitivity times the multiplier."""
    return math.sqrt(2 * len(SIGMAS)) / photos * multiplier


def constant_noise(covariance: Tensor, noise: Noise) -> Tensor:
    """N(0, covariance), (n,), without a gradient."""
    covariance = covariance.detach()
    covariance = covariance + JITTER * torch.diag(covariance.diagonal())
    return torch.linalg.cholesky(covariance) @ noise.normal(covariance[0])


def path_noise(z: Tensor, noise: Noise) -> Tensor:
    """A fresh random function with covariance k at the points z: (n, d) -> (n,), with its gradient.

    Random Fourier features (Rahimi and Recht 2007); a Cholesky factor times constants would have the right values
    but not a function's slopes.
    """
    angles = z @ noise.normal(z.new_empty(FEATURES, z.shape[1])).T
    widths = sigmas(z.shape[1])
    waves = torch.cat([part for sigma in widths for part in (torch.cos(angles / sigma), torch.sin(angles / sigma))], 1)
    return waves @ noise.normal(z.new_empty(waves.shape[1])) / FEATURES**0.5


def noised_mmd(x: Tensor, y: Tensor, multiplier: float, noise: Noise, variant: Variant = "constant") -> Tensor:
    """Squared maximum mean discrepancy of X (n, d) and Y (m, d), the embedding of X noised.

    f(z) = mean_x k(x, z) + g(z), g ~ GP(0, variance * k); mean f(X) - 2 mean f(Y) + mean k(Y, Y).
    """
    # 64 bits: distances are small differences of large squares, and K is nearly singular.
    z = torch.cat([x, y]).double()
    k, n, variance = kernel(z), len(x), noise_variance(len(x), multiplier)
    g = constant_noise(variance * k, noise) if variant == "constant" else variance**0.5 * path_noise(z, noise)
    f = k[:n].mean(0) + g
    return f[:n].mean() - 2 * f[n:].mean() + k[n:, n:].mean()


class KernelStep:
    """One step: the noised kernel loss of a Poisson batch (squared, as published), plus the class images' own."""

    def __init__(self, defence: Dpgm, problem: FineTuningTask) -> None:
        self._defence, self._problem, self._taken = defence, problem, 0
        self._q = defence.q(len(problem.photos), problem.settings)
        self._noise = noise_source(defence.noise, defence.noise_seed)
        self._generator = torch.Generator()

    def __call__(self) -> float:
        """Take a step."""
        problem = self._problem
        self._generator.manual_seed(self._noise.seed())
        chosen = problem.photos[self._noise.poisson(len(problem.photos), self._q).to(problem.photos.device)]
        self._taken += 1
        if len(chosen) == 0 and problem.prior is None:
            return 0.0  # an empty batch, as Poisson sampling has them
        loss = self._loss(chosen)
        if not torch.isfinite(loss):
            return loss.item()
        descend(loss, problem)
        return loss.item()

    def _loss(self, chosen: Tensor) -> Tensor:
        problem, settings, defence = self._problem, self._problem.settings, self._defence
        n, m = len(chosen), settings.class_batch if problem.prior is not None else 0
        x0, ids = chosen, problem.ids
        if problem.prior is not None:
            others = torch.randint(len(problem.prior), (m,), generator=self._generator)
            x0, ids = torch.cat([chosen, problem.prior[others]]), torch.cat([ids, problem.class_ids])
        context = text_embeddings(problem.pipe.text_encoder, ids)
        context = context.repeat_interleave(torch.tensor([n, m][: len(ids)], device=context.device), 0)
        out, target, weight = predict(problem.pipe, x0, context, self._generator)
        loss = torch.zeros((), dtype=torch.float64, device=out.device)
        if n:
            mmd = noised_mmd(target[:n].flatten(1), out[:n].flatten(1), defence.sigma(), self._noise, defence.variant)
            loss = mmd.square() if defence.variant == "constant" else mmd
        if m:
            error = (out[n:] - target[n:]).square().flatten(1).mean(1) * weight[n:]
            loss = loss + settings.prior_weight * error.mean()
        return loss

    @cached_property
    def _rdp(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        sigma, count = self._defence.sigma(), len(self._problem.photos)
        return accounting.photo_rdp(sigma, self._q), accounting.person_rdp(sigma, self._q, count)

    def spent(self) -> str | None:
        """Both nominal epsilons so far."""
        photo, person = (accounting.epsilon_of(rdp, self._taken, self._defence.delta) for rdp in self._rdp)
        return f"nominal, no guarantee: photo level ε {photo:.3g}, person level ε {person:.3g}"

    def state_dict(self) -> dict[str, Any]:
        """How many steps were taken, and where noise and generator stand."""
        return {"taken": self._taken, "noise": self._noise.state_dict(), "generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._taken = state["taken"]
        self._noise.load_state_dict(state["noise"])
        self._generator.set_state(state["generator"])

    def close(self) -> None:
        """Nothing to undo."""

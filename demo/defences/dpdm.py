"""DP-SGD as "Differentially Private Diffusion Models" does it (Dockhorn et al. 2023): noise multiplicity.

Every photo's loss is averaged over K draws of noise and timestep before its gradient is clipped (their equation 7),
which costs no privacy. Class images are public and stay outside the clipped and noised sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from importlib.metadata import version
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from demo.defences import accounting
from demo.defences.accounting import Accountant
from demo.defences.base import DELTA, EPSILONS, Defence
from demo.defences.noise import Source, noise_source
from demo.defences.per_sample import PerSampleGradients, clip_factors
from demo.errors import SettingsError
from demo.finetune.loss import noise_error, stratified
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask, Step, loss_scale
from demo.lora.ledger import Ledger
from demo.models.sampling import text_embeddings

NEIGHBOURS = (
    "Photo level: the two sets of photos differ by one photo, added or removed. Person level: they differ by all of "
    "them, because they all show one person. How many there are is public: sampling rate, noise and divisor follow "
    "from it and are held fixed."
)
COUNTED = {"rdp": "RDP", "prv": "PRV, or RDP where that proves more"}
NOT_COVERED = (
    "Losses, live samples and a report's figures, which only the owner sees, are not covered. Neither are choices "
    "that were made by looking at the photos or at these: settings, when to stop, the gate's answer, which of "
    "several files is shared. The proof is for one file: whatever else is released of the same photos adds its own "
    "epsilon and delta, and a file without a defence leaves nothing of the proof."
)


class Dpdm(Defence):
    """DP-SGD with noise multiplicity, exact per-sample gradients of A and B, Poisson sampling."""

    key: ClassVar[str] = "dpdm"
    title: ClassVar[str] = "DP-SGD (DPDM)"
    explanation: ClassVar[str] = (
        "Each photo's pull on the weights is clipped, and noise is added at every step. A proof bounds how well any "
        "attack can tell whether one photo was used; for all photos of the person the bound is far weaker."
    )
    has_epsilon: ClassVar[bool] = True
    tried_at: ClassVar[tuple[float, ...]] = EPSILONS

    epsilon: float | None = Field(10.0, gt=0)  # photo level; None: as much as noise_multiplier spends
    delta: float = Field(DELTA, gt=0, lt=1)
    noise_multiplier: float | None = Field(None, gt=0, le=1e6)  # None: found for epsilon
    clip: float = Field(1.0, gt=0)  # C
    noise_draws: int = Field(1, ge=1, le=64)  # K
    accountant: Accountant = "rdp"
    noise: Source = "system"
    noise_seed: int | None = None  # for tests: a known seed voids the guarantee

    @property
    def label(self) -> str:
        """With its epsilon, or its noise."""
        if self.noise_multiplier is not None:
            return f"{self.title}, σ = {self.noise_multiplier:g}"
        return f"{self.title}, ε = {self.epsilon:g}"

    def check(self, photos: int, settings: LoraSettings) -> None:
        """Refuse a budget that means nothing or allows not even one step."""
        if self.epsilon is None and self.noise_multiplier is None:
            raise SettingsError("Neither epsilon nor a noise multiplier is given.", "Give one of them.")
        accounting.check_budget(self.epsilon, self.delta, photos)
        if self.steps(photos, settings) == 0:
            raise SettingsError(
                f"Epsilon {self.epsilon:g} does not allow even one step with noise multiplier {self.noise_multiplier}.",
                "Allow a larger epsilon, or take more noise.",
            )

    def q(self, photos: int, settings: LoraSettings) -> float:
        """Sampling rate: the expected batch over the number of photos, at most 1."""
        return min(1.0, settings.batch / photos)

    def sigma(self, photos: int, settings: LoraSettings) -> float:
        """The noise multiplier: as given, or the smallest one that keeps the budget over all steps."""
        if self.noise_multiplier is not None:
            return self.noise_multiplier
        assert self.epsilon is not None
        return accounting.calibrate(self.epsilon, self.q(photos, settings), settings.steps, self.delta, self.accountant)

    def steps(self, photos: int, settings: LoraSettings) -> int:
        """How many steps the budget allows, at most as many as the settings ask for."""
        sigma, q = self.sigma(photos, settings), self.q(photos, settings)
        if self.noise_multiplier is None or self.epsilon is None:
            return settings.steps
        return accounting.steps_within(self.epsilon, sigma, q, self.delta, settings.steps, self.accountant)

    def training(self, problem: FineTuningTask) -> Step:
        """DP-SGD's steps."""
        return DpStep(self, problem)

    def ledger(self, photos: int, settings: LoraSettings, steps: int) -> Ledger:
        """Both epsilons of the steps that were taken."""
        q, sigma = self.q(photos, settings), self.sigma(photos, settings)
        seeded = self.noise == "system" and self.noise_seed is not None
        photo = accounting.photo_epsilon(sigma, q, steps, self.delta, self.accountant)
        person = accounting.epsilon_of(accounting.person_rdp(sigma, q, photos), steps, self.delta)
        first = (
            "The noise came from a known seed: whoever knows it can take it off again. Nothing is proved."
            if seeded
            else f"Proved, per photo: ε = {photo:.3g} limits how well anybody can tell from the file whether any one "
            f"photo was used (δ = {self.delta:g})."
        )
        second = f"All {photos} photos show one person. For the person, the same noise proves only ε = {person:.3g}" + (
            ": no protection worth the name." if person > 10 else "."
        )
        return Ledger(
            defence=self.key,
            title=self.label,
            guarantee="none" if seeded else "proved",
            sentences=(first, second, NOT_COVERED),
            settings=self.model_dump(exclude={"noise_seed"}),
            steps=steps,
            photos=photos,
            sigma=sigma,
            q=q,
            clip=self.clip,
            accountant=f"Opacus {COUNTED[self.accountant]} (photo); RDP of a mixture of Gaussians (person)",
            delta=self.delta,
            photo_epsilon=photo,
            person_epsilon=person,
            neighbouring=NEIGHBOURS,
            noise=noise_source(self.noise, self.noise_seed).description,
            versions={name: version(name) for name in ("torch", "opacus")},
        )


class DpStep:
    """One step of DP-SGD: (sum_i clip_C(grad l_i) + sigma C N(0, I)) / B, plus the class images' own gradient."""

    def __init__(self, defence: Dpdm, problem: FineTuningTask) -> None:
        self._defence, self._problem = defence, problem
        count, settings = len(problem.photos), problem.settings
        self._q, self._sigma = defence.q(count, settings), defence.sigma(count, settings)
        self._most, self._taken = defence.steps(count, settings), 0
        self._noise = noise_source(defence.noise, defence.noise_seed)
        # Timesteps and noise of the diffusion: as unknown as the noise of privacy, for a photo more shifts all draws.
        # Seeded anew for every step, for a seed of torch's has 32 bits.
        self._generator = torch.Generator().manual_seed(self._noise.seed())
        self._gradients = self._listener()
        self._rows = settings.batch + (settings.class_batch if problem.prior is not None else 0)  # at once in the UNet
        self.sums: list[Tensor] = []  # the clipped sums of the last step, before noise: for tests

    def __call__(self) -> float | None:
        """Take a step; None when the budget does not allow one more."""
        if self._taken >= self._most:
            return None
        problem, defence = self._problem, self._defence
        self._generator.manual_seed(self._noise.seed())
        chosen = problem.photos[self._noise.poisson(len(problem.photos), self._q).to(problem.photos.device)]
        loss = self._backward(chosen)
        private, public = self._gradients.private, self._gradients.public
        total = clip_factors(private, defence.clip) @ private
        shrink = min(1.0, problem.settings.max_grad_norm / (public.norm().item() + 1e-6))
        gradient = self._noise.normal(total).mul_(self._sigma * defence.clip).add_(total)
        gradient.div_(self._q * len(problem.photos)).add_(public, alpha=shrink)
        sizes = [p.numel() for p in problem.parameters]
        self.sums = [part.view_as(p) for p, part in zip(problem.parameters, total.split(sizes), strict=True)]
        for p, part in zip(problem.parameters, gradient.split(sizes), strict=True):
            p.grad = part.view_as(p)
        problem.optimiser.step()
        self._taken += 1
        return loss

    @cached_property
    def _rdp(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        count = len(self._problem.photos)
        return accounting.photo_rdp(self._sigma, self._q), accounting.person_rdp(self._sigma, self._q, count)

    def spent(self) -> str | None:
        """Both epsilons so far, by Rényi accounting."""
        photo, person = (accounting.epsilon_of(rdp, self._taken, self._defence.delta) for rdp in self._rdp)
        return f"spent: photo level ε {photo:.3g}, person level ε {person:.3g}"

    def close(self) -> None:
        """Give the models their own layers back."""
        self._gradients.remove()

    def state_dict(self) -> dict[str, Any]:
        """How many steps were taken, and where noise and generator stand."""
        return {"taken": self._taken, "noise": self._noise.state_dict(), "generator": self._generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._taken = state["taken"]
        self._noise.load_state_dict(state["noise"])
        self._generator.set_state(state["generator"])

    @property
    def gradients(self) -> Tensor:
        """Of the last batch's photos, (photos, numbers), before they are clipped: what an audit needs."""
        return self._gradients.private

    def _listener(self) -> PerSampleGradients:
        pipe = self._problem.pipe
        return PerSampleGradients([pipe.unet, pipe.text_encoder], self._problem.parameters)

    def _backward(self, chosen: Tensor) -> float:
        """Loss of one batch, its gradients into the listeners.

        The photos' timesteps are drawn for each photo by itself: were they shared out over the batch, adding a photo
        would change the terms of all others, and clipping would bound nothing.

        A batch larger than a plain one, by Poisson's chance or by many draws, goes through the models in parts: the
        photos' gradients are kept apart anyway, and so a step needs no more memory than a plain one.
        """
        problem, settings, draws = self._problem, self._problem.settings, self._defence.noise_draws
        photos, others = len(chosen), settings.class_batch if problem.prior is not None else 0
        self._gradients.begin(photos, (draws, 1))
        if photos + others == 0:
            return 0.0  # an empty batch, as Poisson sampling has them: noise alone
        u, public = [stratified(draws, self._generator) for _ in range(photos)], chosen[:0]
        if problem.prior is not None:
            public = problem.prior[torch.randperm(len(problem.prior), generator=self._generator)[:others]]
            u.append(stratified(others, self._generator))
        times, own = torch.cat(u), photos * draws
        noise = torch.randn((own + len(public), *chosen.shape[1:]), generator=self._generator)  # all at once, as ever
        passes, scale, loss = list(in_parts(photos, draws, len(public), self._rows)), loss_scale(problem), 0.0
        for some, drawn, others in passes:
            count, each = some.stop - some.start, drawn.stop - drawn.start
            if len(passes) > 1:
                self._gradients.add(some, (each, 1))
            numbers = torch.arange(own).reshape(photos, draws)[some, drawn].flatten()
            rows = torch.cat([numbers, torch.arange(own, own + others)])
            x0 = torch.cat([chosen[some].repeat_interleave(each, 0), public[:others]])
            error = noise_error(
                problem.pipe, x0, self._context(count, each, others), self._generator, times[rows], noise=noise[rows]
            )
            private = error[: count * each].sum() / draws
            prior = settings.prior_weight * error[count * each :].mean() if others else torch.zeros_like(private)
            (scale * (private + prior)).backward()
            loss += private.item() / max(1, photos) + prior.item()
        if scale != 1:
            self._gradients.unscale(scale)
        return loss

    def _context(self, photos: int, draws: int, others: int) -> Tensor:
        """Text states of the photos' draws and of the class images, from a row for each photo and one for those."""
        problem = self._problem
        ids = [problem.ids.expand(photos, -1), *([problem.class_ids] if others else [])]
        times = [draws] * photos + ([others] if others else [])
        states = text_embeddings(problem.pipe.text_encoder, torch.cat(ids))
        return states.repeat_interleave(torch.tensor(times, device=states.device), 0)


def in_parts(photos: int, draws: int, others: int, most: int) -> Iterator[tuple[slice, slice, int]]:
    """A batch in passes of at most ``most`` rows: photos, their draws, and how many class images; all come first."""
    if photos * draws + others <= most or not photos:
        yield slice(0, photos), slice(0, draws), others
        return
    photo, draw = 0, 0
    while photo < photos:
        room = max(1, most - others)
        if draw == 0 and room >= draws:
            count = min(photos - photo, room // draws)
            yield slice(photo, photo + count), slice(0, draws), others
            photo += count
        else:
            yield slice(photo, photo + 1), slice(draw, min(draw + room, draws)), others
            photo, draw = (photo + 1, 0) if draw + room >= draws else (photo, draw + room)
        others = 0

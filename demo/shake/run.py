"""The whole experiment on one person: attack, shake, attack again, once for every method and set."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from torch import Tensor

from demo.errors import SettingsError, Stopped
from demo.finetune.class_images import class_latents
from demo.models.bases import Base
from demo.models.sampling import compute_device, encode_pictures, encode_prompts
from demo.progress import UNWATCHED, Watcher
from demo.shake.attacks.draws import calibrated_edge, extract
from demo.shake.attacks.membership import find_membership
from demo.shake.attacks.memorised import memorised
from demo.shake.model import BEFORE, SOURCES, Experiment, Shake, ShakeArm, ShakeSettings, Source
from demo.shake.people import outside_prompt
from demo.shake.plan import Planned, check, planned
from demo.shake.synthetic import SetSettings, SyntheticSet, draw_set
from demo.shake.verdict import Change, changes, verdict
from demo.stats.roc import roc

__all__ = ["Change", "Experiment", "Shake", "ShakeArm", "ShakeSettings", "changes", "planned", "shake", "verdict"]

UNRELATED = 150  # class images that the edge is calibrated on: 11,175 pairs
SHOWN = 16  # pictures of the SP set that are drawn for showing where no arm needs the set


def shake(
    pipe: StableDiffusionPipeline,
    base: Base,
    experiment: Experiment,
    *,
    keep: Callable[[ShakeArm], None] | None = None,
    watcher: Watcher = UNWATCHED,
) -> Shake:
    """Score membership inference and extraction before and after every way of fine-tuning.

    All arms see the same SP set; of one method, SP and OoD set differ by the prompt alone, with the same order of
    pictures and the same noise. The positive control is trained on the members themselves: what a leak of that budget
    looks like.
    The attacks get the model and the pictures in question, and who was a member meets their scores here only.

    Args:
        keep: called with each new arm as soon as it is finished.
        watcher: told at every step, the stage says which model of how many; asked at every step, and what is finished
            is returned.

    Raises:
        Stopped: the watcher stopped it before the first arm was finished.
        SettingsError: an unknown method or attack, a defence that cannot be had, or a positive control of unknown
            members.
    """
    domain, settings, defence = experiment.domain, experiment.settings, experiment.defence
    plan = planned(settings, defence)
    check(plan, settings, base)
    if settings.positive and not domain.members:
        raise SettingsError(
            "There is no positive control where it is not known what the model was trained on.",
            "Leave it out, or choose a person of the training set.",
        )
    find_membership(settings.membership).settings().check(len(pipe.scheduler.alphas_cumprod))
    if settings.edge is None:
        settings = settings.model_copy(update={"edge": edge_of(pipe, base, watcher=watcher)})
    run = _Run(pipe, base, replace(experiment, settings=settings))
    ready = {arm.key: arm for arm in experiment.done}

    def told(number: int, label: str) -> Watcher:
        return watcher.named(f"{number} of {len(plan) + 1}: {label}")

    def kept(arm: ShakeArm) -> ShakeArm:
        if keep is not None:
            keep(arm)
        return arm

    before = ready[BEFORE] if BEFORE in ready else kept(run.before(told(1, "before")))
    arms: list[ShakeArm] = []
    pictures: Sequence[Image.Image] = ()
    try:
        for number, item in enumerate(plan, 2):
            name = item.method.label if item.source == "none" else f"{item.method.label}, {SOURCES[item.source]}"
            arms.append(ready[item.key] if item.key in ready else kept(run(item, told(number, name))))
        if domain.publishable and any(item.source == "sp" for item in plan):
            pictures = run.shown(watcher.named("pictures"))
    except Stopped:
        there = {arm.key for arm in arms}
        arms += [ready[item.key] for item in plan if item.key in ready and item.key not in there]
    return Shake(
        domain=domain,
        before=before,
        arms=arms,
        synthetic=pictures if domain.publishable else (),
        base=f"{base.title}, {base.licence}",
        settings=settings,
        seed=experiment.seed,
        control_prompt=outside_prompt(domain, base) if any(item.source == "ood" for item in plan) else None,
        planned=len(plan),
        budgets={item.method.key: item.method.budget(base) for item in plan},
        defence=None if defence is None or defence.key == "none" else defence.label,
    )


@torch.no_grad()
def edge_of(pipe: StableDiffusionPipeline, base: Base, *, watcher: Watcher = UNWATCHED) -> float:
    """The edge that joins one in a thousand pairs of the base's class images: an attacker can draw those, too.

    At least one level of 256: a base that draws one picture again and again would leave none.
    """
    latents = class_latents(pipe, base, UNRELATED, watcher=watcher) / pipe.vae.config.scaling_factor
    decoded = [pipe.vae.decode(part.to(compute_device(pipe), pipe.vae.dtype)).sample for part in latents.split(25)]
    return max(1 / 255, calibrated_edge(pipe.image_processor.postprocess(torch.cat(decoded).float().cpu())))


@dataclass
class _Run:
    """What all arms have in common, made once."""

    pipe: StableDiffusionPipeline
    base: Base
    experiment: Experiment

    def __post_init__(self) -> None:
        self.domain, self.settings, self.seed = self.experiment.domain, self.experiment.settings, self.experiment.seed
        self._sets: dict[Source, SyntheticSet] = {}
        self._members = self._encoded(self.domain.members)
        self._non_members = self._encoded(self.domain.non_members)

    def before(self, watcher: Watcher) -> ShakeArm:
        """The model as it was released."""
        began = time.monotonic()
        embedding = encode_prompts(self.pipe, [self.domain.prompt])
        arm = self._attacked(BEFORE, "Before", "none", embedding, watcher)
        return replace(arm, seconds=_since(began))

    def __call__(self, item: Planned, watcher: Watcher) -> ShakeArm:
        """Fine-tune, attack."""
        began = time.monotonic()
        drawing = None if item.source == "none" else self._set(item.source, watcher)
        drawn = time.monotonic() - began  # the set is drawn once for all arms: its time is nobody's
        target = self.domain.prompt
        tuning = item.method.shaken(
            self.pipe,
            self.base,
            torch.empty(0) if drawing is None else drawing.latents,
            target if drawing is None else drawing.prompt,
            target=target,
            seed=self.seed,
            watcher=watcher,
        )
        with tuning as shaken:
            arm = self._attacked(item.key, item.method.label, item.source, shaken.embedding, watcher)
            last = shaken.losses[-max(1, len(shaken.losses) // 10) :]
        return replace(
            arm,
            parameters=shaken.parameters,
            seconds=_since(began + drawn),
            method=item.method.key,
            curve=item.curve,
            value=item.value,
            loss=sum(last) / len(last) if last else None,
        )

    def shown(self, watcher: Watcher) -> Sequence[Image.Image]:
        """Pictures of the SP set; where no arm has needed it, its first ones."""
        if "sp" in self._sets:
            return self._sets["sp"].pictures
        return self._drawn("sp", min(SHOWN, self.settings.size), watcher).pictures

    def _attacked(self, key: str, label: str, source: Source, embedding: Tensor, watcher: Watcher) -> ShakeArm:
        attack = find_membership(self.settings.membership)
        members, non_members = (
            attack.run(self.pipe, latents, embedding, attack.settings(), watcher=watcher)
            for latents in (self._members, self._non_members)
        )
        found = extract(self.pipe, self.base, embedding, self.settings.extraction, watcher=watcher)
        inside, outside = self.domain.members, self.domain.non_members
        return ShakeArm(
            key=key,
            label=label,
            source=source,
            scores_members=members,
            scores_non_members=non_members,
            roc=roc(members, non_members) if self.domain.known else None,
            candidates=found,
            matches=memorised(found, inside, self.settings.eidetic),
            mistaken=memorised(found, outside, self.settings.eidetic, among=inside),
            parameters=0,
            seconds=0.0,
        )

    def _set(self, source: Source, watcher: Watcher) -> SyntheticSet:
        if source not in self._sets:
            if source == "members":  # nothing is drawn: no attacker has this set, which is the point of it
                self._sets[source] = SyntheticSet(self.domain.prompt, tuple(self.domain.members), self._members)
            else:
                self._sets[source] = self._drawn(source, self.settings.size, watcher)
        return self._sets[source]

    def _drawn(self, source: Source, size: int, watcher: Watcher) -> SyntheticSet:
        prompt = self.domain.prompt if source == "sp" else outside_prompt(self.domain, self.base)
        chosen = SetSettings(size=size, guidance=self.settings.guidance, seed=self.seed)
        stage = f"draw the {SOURCES[source]}"
        return draw_set(self.pipe, self.base, prompt, chosen, stage=stage, watcher=watcher)

    def _encoded(self, pictures: Sequence[Image.Image]) -> Tensor:
        if pictures:
            return encode_pictures(self.pipe, pictures)
        unet = self.pipe.unet.config
        return torch.empty(0, unet.in_channels, unet.sample_size, unet.sample_size)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 2)

"""``python -m demo.evaluate people``: DreamBooth, attack and controls over held-out people, with intervals."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from torch import Tensor

from demo.attack.by_encoder import bundled_encoder
from demo.attack.registry import ATTACKS, AttackSettings, reconstruct
from demo.attack.weight_encoder import WeightEncoder
from demo.errors import SettingsError
from demo.evaluate import whole_faces
from demo.evaluate.held_out import HeldOutPerson, Vector, add_scores, held_out_people
from demo.evaluate.people_table import finish
from demo.finetune.dreambooth import new_trigger
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.models.bases import Base
from demo.models.fingerprints import fingerprint
from demo.models.sampling import draw, draw_prompt, encode_pictures, encode_prompts
from demo.train.zoo import GroupTrainer


class Drawer:
    """Pictures of K fine-tuned models at once; whoever draws last leaves them as they were found."""

    def __init__(
        self, pipe: StableDiffusionPipeline, base: Base, trainer: GroupTrainer, samples: int, seed: int
    ) -> None:
        self.pipe, self.base, self.trainer = pipe, base, trainer
        self.samples, self.seed, self.people = samples, seed, len(trainer.triggers)
        trainer.unet.set_each(samples)
        self.public_negative = _without(trainer, lambda: encode_prompts(pipe, [base.negative_prompt] * self.people))

    def run(self, context: Tensor, negative: Tensor, *, extrapolate: bool) -> list[list[Image.Image]]:
        """HeldOutPerson -> pictures, of embeddings (K * samples, tokens, width), K people in a row."""
        self.trainer.unet.set_extrapolation(extrapolate)
        try:
            pictures = draw(
                self.pipe,
                context,
                guidance=self.base.extrapolation if extrapolate else self.base.guidance,
                steps=self.base.sampling_steps,
                seed=self.seed,
                tau=self.base.tau,
                negative=negative,
                at_once=len(context),  # the layers deal a batch out to the people: it holds all of them
            )
        finally:
            self.trainer.unet.set_extrapolation(False)
        return [pictures[k * self.samples : (k + 1) * self.samples] for k in range(self.people)]

    def prompted(self, prompts: list[list[str]], *, extrapolate: bool = True) -> list[list[Image.Image]]:
        """Each person's own text encoder reads the prompts, (K, samples)."""
        flat = encode_prompts(self.pipe, [p for own in prompts for p in own])
        own = encode_prompts(self.pipe, [self.base.negative_prompt] * self.people).repeat_interleave(self.samples, 0)
        return self.run(flat, self.public_negative if extrapolate else own, extrapolate=extrapolate)

    def secret(self, *, extrapolate: bool = True) -> list[list[Image.Image]]:
        """DreamBooth with the trigger that only its owner knows."""
        prompts = [[self.base.test_prompt.format(trigger=t)] * self.samples for t in self.trainer.triggers]
        return self.prompted(prompts, extrapolate=extrapolate)

    def encoded(self, z: Tensor, *, extrapolate: bool = True) -> list[list[Image.Image]]:
        """Of an encoder's embeddings, (K, samples, tokens, width)."""
        return self.run(z.flatten(0, 1), self.public_negative, extrapolate=extrapolate)

    @torch.no_grad()
    def read(self, encoder: WeightEncoder) -> Tensor:
        """What an encoder writes for the K models, (K, samples, tokens, width)."""
        scale = self.trainer.settings.unet_alpha / self.trainer.settings.unet_rank
        state = self.trainer.unet.state()
        pairs = {k: (state[f"{k}.lora_A.weight"], scale * state[f"{k}.lora_B.weight"]) for k in encoder.shapes}
        mean, logvar = encoder.posterior(pairs, torch.full((self.people,), self.trainer.settings.steps))
        shape = (self.people, self.samples, *mean.shape[1:])
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(self.seed)).to(mean)
        spread = (logvar / 2).exp()[:, None] if encoder.settings.variational else torch.zeros_like(mean)[:, None]
        return mean[:, None] + spread * noise


def draw_group(
    pipe: StableDiffusionPipeline,
    base: Base,
    trainer: GroupTrainer,
    encoder: WeightEncoder | None,
    samples: int,
    seed: int,
) -> dict[str, list[list[Image.Image]]]:
    """Pictures of every arm that needs the K fine-tuned models, arm -> person -> pictures."""
    drawer = Drawer(pipe, base, trainer, samples, seed)
    rng = random.Random(seed)
    guess = [[base.test_prompt.format(trigger=new_trigger(rng)) for _ in range(samples)] for _ in range(drawer.people)]
    out = {
        "dreambooth": drawer.secret(extrapolate=False),  # as its owner draws
        "dreambooth_extrapolated": drawer.secret(),
        "class_prompt": drawer.prompted([[base.class_prompt] * samples] * drawer.people),
        "random_trigger": drawer.prompted(guess),
    }
    if encoder is not None:
        z = drawer.read(encoder)
        out["encoder"] = drawer.encoded(z)
        out["encoder_ordinary"] = drawer.encoded(z, extrapolate=False)
        # The embedding of k - 1 in the model of k shows of k what the weights carry, of k - 1 what it carries itself.
        out["foreign_embedding"] = drawer.encoded(z.roll(1, 0))
        out["swapped_model"] = out["foreign_embedding"][1:] + out["foreign_embedding"][:1]
        state = trainer.unet.state()
        noise = {name: _same_norm(value, seed) for name, value in state.items()}
        trainer.unet.load(noise)
        out["random_lora"] = drawer.encoded(drawer.read(encoder))
        trainer.unet.load(state)
    return out


def released(trainer: GroupTrainer) -> list[LoraWeights]:
    """The K files, one a person, for attacks that are not drawn in groups."""
    parts = {"unet": trainer.unet, "text_encoder": trainer.text}
    stacked = {f"{part}.{name}": value for part, lora in parts.items() for name, value in lora.state().items()}
    alphas = {f"{part}.{name}": float(lora.alpha) for part, lora in parts.items() for name in lora.layers}
    people = range(len(trainer.triggers))
    return [LoraWeights(tensors={name: value[k] for name, value in stacked.items()}, alphas=alphas) for k in people]


def _same_norm(value: Tensor, seed: int) -> Tensor:
    noise = torch.randn(value.shape, generator=torch.Generator().manual_seed(seed + value.shape[1])).to(value)
    return noise * (value.flatten(1).norm(dim=1) / noise.flatten(1).norm(dim=1)).view(-1, 1, 1)


def _without(trainer: GroupTrainer, call: Callable[[], Tensor]) -> Tensor:
    kept = {name: layer.scale for name, layer in trainer.text.layers.items()}
    try:
        for layer in trainer.text.layers.values():
            layer.scale = 0.0
        return call()[:1]
    finally:
        for name, layer in trainer.text.layers.items():
            layer.scale = kept[name]


def evaluate(
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: LoraSettings,
    decoys: Vector,
    out: Path,
    *,
    people: int | None = None,
    samples: int = 4,
    group: int = 10,
    with_encoder: bool = True,
    arms_grid: Path | None = None,
    split: str = "private",
    shard: int = 0,
    shards: int = 1,
    seed: int = 7,
) -> dict[str, Any]:
    """Fine-tune on every held-out person, draw every arm, score, and write ``out`` (JSON).

    Args:
        decoys: (n, 128); the other held-out people are added to them.
        arms_grid: a picture of the first people goes here, for looking at; never into the project.
        shard, shards: this process takes every ``shards``-th group; ``merge`` of the table puts the parts together.

    Raises:
        SettingsError: a group of one, whose controls would be the person's own file.
    """
    everybody = held_out_people(out.parent, side=base.side, count=people, split=split)
    if 1 in {min(group, len(everybody) - start) for start in range(0, len(everybody), group)}:
        raise SettingsError(
            f"{len(everybody)} people in groups of {group} leave one alone, whose controls need another.",
            "Choose another --group or --people.",
        )
    encoder = bundled_encoder(base, pipe) if with_encoder else None
    table: dict[str, dict[str, list[float]]] = {}
    began = time.time()
    order: list[int] = []
    seen: list[dict[str, Vector]] = []
    for start in range(shard * group, len(everybody), shards * group):
        part = everybody[start : start + group]
        trainer = GroupTrainer(pipe, base, [person.tune for person in part], settings, seed=1000 + start)
        for _ in range(settings.steps):
            trainer.step()
        arms = draw_group(pipe, base, trainer, encoder, samples, seed)
        others = [key for key, entry in ATTACKS.items() if key not in arms and (encoder or not entry.needs_encoder)]
        files = released(trainer) if others else []
        trainer.remove()
        attack = AttackSettings(samples=samples, seed=seed)
        arms |= {key: [reconstruct(file, pipe, base, key, attack).pictures for file in files] for key in others}
        plain = draw_prompt(pipe, base, base.class_prompt, samples * len(part), seed=seed + start)
        arms["chance"] = [plain[k * samples : (k + 1) * samples] for k in range(len(part))]
        arms["photos"] = [_shrunk(person.tune, base.side) for person in part]
        arms["decoded"] = [_through_autoencoder(pipe, person.tune) for person in part]
        if encoder is not None:
            arms["other_lora"] = [arms["encoder"][k - 1] for k in range(len(part))]
        seen.append(whole_faces.look(arms, [person.kept for person in part]))
        order += range(start, start + len(part))
        add_scores(table, arms, everybody, start, decoys)
        if arms_grid is not None and start == 0:
            _grid(part, arms, arms_grid)
        print(f"{start + len(part)} of {len(everybody)} people, {time.time() - began:.0f} s", flush=True)
    result = {
        "base": base.key,
        "weights": fingerprint(base),
        "split": split,
        "samples": samples,
        "decoys": len(decoys) + len(everybody) - 1,
        "settings": settings.model_dump(),
        "guidance": {"dreambooth": base.guidance, "attacks": base.extrapolation},
        "tau": base.tau,
        "order": order,
        "values": table,
        "seconds": round(time.time() - began),
    }
    whole_faces.write(out, seen)
    return finish(result | {"frechet": whole_faces.measured([out])}, out)


def _shrunk(photos: list[Image.Image], side: int) -> list[Image.Image]:
    return [photo.resize((side, side), Image.Resampling.LANCZOS) for photo in photos]


@torch.no_grad()
def _through_autoencoder(pipe: StableDiffusionPipeline, photos: list[Image.Image]) -> list[Image.Image]:
    latents = encode_pictures(pipe, photos).to(pipe.vae.device, pipe.vae.dtype) / pipe.vae.config.scaling_factor
    return list(pipe.image_processor.postprocess(pipe.vae.decode(latents).sample, output_type="pil"))


def _grid(part: list[HeldOutPerson], arms: dict[str, list[list[Image.Image]]], path: Path) -> None:
    rows = min(8, len(part))
    side, columns = 96, 3 + 2 * len(arms)
    sheet = Image.new("RGB", (columns * side, rows * side))
    for k in range(rows):
        row = [*part[k].tune[:3], *(picture for drawn in arms.values() for picture in drawn[k][:2])]
        for c, picture in enumerate(row):
            sheet.paste(picture.resize((side, side)), (c * side, k * side))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    print("grid columns: 3 photos, then 2 pictures each of", ", ".join(arms), flush=True)

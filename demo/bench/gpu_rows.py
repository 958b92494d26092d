"""What ``python -m demo.bench gpu`` measures: rows of figures, each made by a function that may fail by itself."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.attack.by_encoder import embeddings
from demo.attack.guidance import drawn_with
from demo.attack.registry import AttackSettings
from demo.attack.weight_encoder import EncoderSettings, WeightEncoder
from demo.bench import models
from demo.bench.diffusers_loop import SOURCE, DiffusersLoop
from demo.bench.dp import defence, wait
from demo.bench.measure import (
    LEAST,
    WARM,
    Run,
    above,
    compared,
    flops,
    matmul_peak,
    measured,
    memory,
    share,
    spread,
    timed,
    warm,
)
from demo.bench.random_base import PHOTOS, RandomBase, noise_pictures, random_zoo
from demo.defences.dpdm import DpStep
from demo.finetune.dreambooth import adapters, collect
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask, PlainStep, Step
from demo.models.sampling import draw, token_ids
from demo.train.encoder import TrainSettings, new_encoder, train
from demo.train.precision import computes_in
from demo.train.zoo import Zoo

LORA_AIM, ENCODER_AIM = 1.3, 5.0
Figures = dict[str, Any]
Row = tuple[str, Callable[[], Figures]]


@dataclass
class World:
    """What all rows are measured on."""

    pipe: StableDiffusionPipeline
    base: RandomBase
    settings: LoraSettings
    side: int  # of the large matrix product
    seconds: float  # of timing, for each figure
    rounds: int
    together: tuple[int, ...]  # K, identities at once
    peaks: dict[torch.dtype, float] = field(default_factory=dict)  # FLOP/s, once they are known
    batches: tuple[int, ...] = (1, 2, 4)  # photos, and as many class images
    pictures: tuple[int, ...] = (1, 8)
    each: int = 4  # steps of a round
    warm: int = WARM
    least: int = LEAST  # timed steps
    updates: int = 27  # of the encoder, the first few not timed

    def measure(self, run: Run) -> Figures:
        """Time, memory and FLOPs of one step."""
        return measured(run, self.device, self.seconds, self.peak, steps=self.warm, least=self.least)

    @property
    def peak(self) -> float | None:
        """Of the base's own type."""
        return self.peaks.get(self.pipe.unet.dtype)

    @property
    def training_peak(self) -> float | None:
        """Of the type that encoders are trained in."""
        return self.peaks.get(computes_in(str(self.device), self.pipe.unet.dtype))

    @property
    def device(self) -> torch.device:
        """Where everything is."""
        return self.pipe.unet.device

    def sync(self) -> None:
        """Wait for the device."""
        wait(self.device)

    @contextlib.contextmanager
    def problem(self, **changes: Any) -> Iterator[FineTuningTask]:
        """A fine-tuning run of made-up photos, with adapters on the pipeline."""
        settings = self.settings.model_copy(update=changes)
        unet = self.pipe.unet.config
        prior = torch.randn(16, unet.in_channels, unet.sample_size, unet.sample_size)
        with models.problem_of(self.pipe, prior, *self.prompts(), settings) as problem:
            yield problem

    def prompts(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids of the instance prompt and of the class prompt, (1, tokens) each."""
        instance = self.base.instance_prompt.format(trigger="qzx")
        return token_ids(self.pipe, [instance]), token_ids(self.pipe, [self.base.class_prompt])


def matmul(world: World) -> Iterator[Row]:
    """The device's own peak, to which all else is compared."""

    def row(dtype: torch.dtype) -> Figures:
        peak = matmul_peak(world.device, dtype, world.side, world.seconds / 2)
        world.peaks[dtype] = peak
        return {"side": world.side, "flop_per_s": peak}

    own = world.pipe.unet.dtype
    tried = [torch.bfloat16, torch.float16] if world.device.type == "cuda" else [computes_in(str(world.device), own)]
    for dtype in dict.fromkeys([own, *tried]):
        yield str(dtype).removeprefix("torch."), partial(row, dtype)


def against_diffusers(world: World) -> Iterator[Row]:
    """LoRA steps beside those of diffusers' script, in turn."""

    def row(text: bool) -> Figures:
        pictures = noise_pictures(PHOTOS, world.base.side), noise_pictures(8, world.base.side, 1)
        settings = world.settings.model_copy(update={"train_text_encoder": text})
        loop = DiffusersLoop(world.pipe, *pictures, *world.prompts(), settings)  # before there are adapters to copy
        try:
            with world.problem(train_text_encoder=text) as problem:
                ours = PlainStep(problem)
                found = compared(ours, loop, world.device, world.rounds, world.each, world.warm)
                for name, run in (("ours", ours), ("theirs", loop)):
                    # Both loops are there: a peak is neither's, but for what is above what there was before.
                    found[name] |= above(memory(run, world.device)) | share(
                        flops(run), found[name]["seconds"], world.peak
                    )
                return found | {"aim": LORA_AIM, "met": found["ratio"] >= LORA_AIM, "source": SOURCE}
        finally:
            loop.close()

    for text in (True, False):
        yield f"text encoder {'on' if text else 'off'}", partial(row, text)


def lora(world: World) -> Iterator[Row]:
    """This project's plain step, in what people change to fit a card."""

    def row(batch: int, text: bool, checkpointing: bool) -> Figures:
        changes = {"batch": batch, "class_batch": batch, "train_text_encoder": text}
        with world.problem(**changes) as problem, _checkpointed(world.pipe, checkpointing):
            found = world.measure(PlainStep(problem))
            return found | _gradients(problem)

    for batch in world.batches:
        for text in (True, False):
            for checkpointing in (False, True):
                name = f"batch {batch}{'' if text else ', UNet alone'}{', checkpointing' if checkpointing else ''}"
                yield name, partial(row, batch, text, checkpointing)


def dp_sgd(world: World) -> Iterator[Row]:
    """DP-SGD with K = 1 beside the plain step."""

    def row(make: Callable[[FineTuningTask], Step]) -> Figures:
        with world.problem() as problem:
            step = make(problem)
            try:
                return world.measure(step)
            finally:
                step.close()

    yield "plain", lambda: row(PlainStep)
    yield "DP-SGD, K = 1", lambda: row(lambda problem: DpStep(defence(), problem))


def encoder(world: World) -> Iterator[Row]:
    """The weight encoder: the paper's Algorithm 2 literally, then K identities at once from a zoo."""

    def row(found: list[float], algorithm: str, people: int) -> Figures:
        def again() -> None:
            found.extend(_updates(world, algorithm, people))

        used = memory(again, world.device, 1)
        each = spread(found)["seconds"] / people
        count = _update_flops(world, algorithm, people)
        figures: Figures = {**spread(found), **used, "people": people, "seconds_per_identity": each}
        return figures | share(count, spread(found)["seconds"], world.training_peak)

    def together(people: int) -> Figures:
        found = _updates(world, "zoo", people)
        beside = _updates(world, "algorithm2", 1)  # in turn, so that a load that comes and goes falls on both
        figures = row(found, "zoo", people)
        ratio = spread(beside)["seconds"] / figures["seconds_per_identity"]
        return figures | {"ratio": ratio, "aim": ENCODER_AIM, "met": ratio >= ENCODER_AIM}

    yield "Algorithm 2 literally, K = 1", partial(row, [], "algorithm2", 1)
    for people in world.together:
        yield f"zoo, K = {people}", partial(together, people)


def attack(world: World) -> Iterator[Row]:
    """From a file in memory to pictures."""

    def row(samples: int) -> Figures:
        with adapters(world.pipe, world.settings):
            released = collect(world.pipe, world.settings)
        reader = _new_encoder(world)
        chosen = AttackSettings(samples=samples)
        pictures: list[Image.Image] = []

        def run() -> None:
            context = embeddings(released, world.pipe, world.base, chosen, reader)
            guidance, steps = chosen.weight(world.base), world.base.sampling_steps
            with drawn_with(world.pipe, released, guidance=guidance, extrapolate=True):
                pictures[:] = draw(world.pipe, context, guidance=guidance, steps=steps, seed=1)

        warm(run, world.device, min(1, world.warm))
        used = memory(run, world.device, 1)
        found: Figures = {**used, **spread(timed(run, world.device, world.seconds, least=world.least))}
        found |= {"pictures": len(pictures), "sampling_steps": world.base.sampling_steps}
        return found | share(flops(run), found["seconds"], world.peak)

    for samples in world.pictures:
        yield f"{samples} picture{'s' if samples > 1 else ''}", partial(row, samples)


SECTIONS: dict[str, Callable[[World], Iterator[Row]]] = {
    "matmul": matmul,
    "against diffusers": against_diffusers,
    "encoder": encoder,
    "lora": lora,
    "dp-sgd": dp_sgd,
    "attack": attack,
}


@contextlib.contextmanager
def _checkpointed(pipe: StableDiffusionPipeline, on: bool) -> Iterator[None]:
    if on:
        pipe.unet.enable_gradient_checkpointing()
    try:
        yield
    finally:
        pipe.unet.disable_gradient_checkpointing()


def _gradients(problem: FineTuningTask) -> Figures:
    """Whether fp16 swallows small gradients: the share that is exactly zero, and whether all are finite."""
    grads = [p.grad for p in problem.parameters if p.grad is not None]
    count = sum(g.numel() for g in grads)
    zero = sum(int((g == 0).sum()) for g in grads)
    return {"gradients_zero": zero / count, "gradients_finite": all(bool(g.isfinite().all()) for g in grads)}


def _new_encoder(world: World) -> WeightEncoder:
    return new_encoder(world.pipe, world.base, world.settings, EncoderSettings())


def _updates(world: World, algorithm: str, people: int, count: int | None = None) -> list[float]:
    """Seconds between the updates of a training run; what comes before the first few is not among them."""
    stamps: list[float] = []
    count = count or world.updates

    def stamp(*_: object) -> None:
        world.sync()
        stamps.append(time.perf_counter())

    def draw_people(k: int) -> list[list[Image.Image]]:
        return [noise_pictures(PHOTOS, world.base.side, seed) for seed in range(k)]

    reader = _new_encoder(world)
    reader.register_forward_pre_hook(stamp)
    settings = TrainSettings(algorithm=algorithm, updates=count, people=people, pictures=1)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as place, contextlib.redirect_stdout(sys.stderr):
        folder = Path(place)
        zoo = None
        if algorithm == "zoo":
            zoo = Zoo(random_zoo(world.pipe, world.settings, 2 * people, folder / "zoo"))
        common = {"work": folder, "zoo": zoo, "draw_people": draw_people, "calibrate": False}  # no part of an update
        train(world.pipe, world.base, reader, world.settings, settings, **common)  # type: ignore[arg-type]
    return [late - early for early, late in pairwise(stamps[2:])]


def _update_flops(world: World, algorithm: str, people: int) -> int:
    """FLOPs of one update: what three have more than one."""

    def run(updates: int) -> None:
        _updates(world, algorithm, people, updates)

    counts = [flops(partial(run, updates)) for updates in (1, 3)]
    return (counts[1] - counts[0]) // 2

"""What an update of the encoder's training is made of, and where its random numbers come from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from demo.errors import WeightsError
from demo.finetune.settings import LoraSettings
from demo.finetune.shard import Share
from demo.models.bases import Base
from demo.models.sampling import encode_prompts
from demo.train.zoo import Batch, GroupTrainer, Zoo

Batches = Iterator[tuple[Batch, Tensor | None]]


class Streams:
    """All random numbers of the training, drawn for whole batches by every process alike.

    Their state is part of the check-point: a run that was stopped goes on with the numbers it would have had.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.noise = torch.Generator().manual_seed(seed)  # of the noisy pictures
        self.latent = torch.Generator().manual_seed(seed)  # of z
        self._order: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._next = 0

    def take_over(self) -> None:
        """Let z go on from where torch's own stream is: after the matrices, which are drawn from that one."""
        self.latent.set_state(torch.get_rng_state())

    def rows(self, out_of: int, count: int) -> NDArray[np.int64]:
        """``count`` of ``out_of`` rows, (count,): every row before any comes again.

        Raises:
            WeightsError: there are too few, or fewer than when the check-point was written.
        """
        if out_of < count or (self._order.size and int(self._order.max()) >= out_of):
            raise WeightsError(
                f"The zoo holds {out_of} LoRAs, fewer than an update takes or the check-point knows.",
                "Build more (python -m demo.train zoo), lower --people, or delete the check-point.",
            )
        if self._next + count > len(self._order):
            self._order, self._next = self.rng.permutation(out_of), 0
        self._next += count
        return self._order[self._next - count : self._next]

    def state_dict(self) -> dict[str, Any]:
        """The state of every stream, as tensors."""
        return {
            "rng": torch.tensor(list(json.dumps(self.rng.bit_generator.state).encode()), dtype=torch.uint8),
            "noise": self.noise.get_state(),
            "latent": self.latent.get_state(),
            "order": torch.from_numpy(self._order),
            "next": self._next,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the state back.

        Raises:
            WeightsError: the check-point is one of an older version, which kept no random numbers.
        """
        if set(state_dict) != set(self.state_dict()):
            raise WeightsError(
                "The check-point does not hold the state of the random numbers: an older version wrote it.",
                "Delete it, or take another --work.",
            )
        self.rng.bit_generator.state = json.loads(bytes(state_dict["rng"].tolist()))
        self.noise.set_state(state_dict["noise"])
        self.latent.set_state(state_dict["latent"])
        self._order, self._next = state_dict["order"].numpy(), int(state_dict["next"])


def zoo_batches(zoo: Zoo, share: Share, streams: Streams) -> Batches:
    """Random batches of LoRAs for ever, people of many groups mixed; of each batch the rows of ``share``."""
    rows = zoo.rows
    while True:
        chosen = streams.rows(len(rows), share.whole)[share.start : share.stop]
        batch = zoo.pick([rows[j] for j in chosen])
        yield batch, batch.embedding


def tuned(pipe: StableDiffusionPipeline, base: Base, photos: list[list[Image.Image]], lora: LoraSettings) -> Batch:
    """People after their last step: what an encoder that meets LoRAs of all ages takes its units from."""
    trainer = GroupTrainer(pipe, base, photos, lora, seed=0, fast=True)
    try:
        for _ in range(lora.steps):
            trainer.step()
        steps = torch.full((len(photos),), lora.steps)
        return Batch(trainer.unet.state(), lora.unet_alpha / lora.unet_rank, steps, trainer.latents)
    finally:
        trainer.remove()


def put_back(
    draw_people: Callable[[int], list[list[Image.Image]]], first: list[list[Image.Image]]
) -> Callable[[int], list[list[Image.Image]]]:
    """``draw_people``, as if ``first`` had not been drawn yet."""
    kept = [first]
    return lambda count: kept.pop() if kept else draw_people(count)


def live_batches(
    pipe: StableDiffusionPipeline,
    base: Base,
    draw_people: Callable[[int], list[list[Image.Image]]],
    lora: LoraSettings,
    algorithm: Literal["algorithm1", "algorithm2", "algorithm3"],
    share: Share,
    streams: Streams,
    *,
    done: int = 0,
) -> Batches:
    """Algorithms 1 to 3: fine-tune from the start, K people at once, and hand out the matrices of ``share``.

    Args:
        done: updates made before a stop; the steps that they saw are taken again, without an update.

    Yields:
        the batch (after every step, for algorithm 1 after the last), and for algorithm 3 the text embeddings.
    """
    rng, seed = np.random.default_rng(0), -1
    scale = lora.unet_alpha / lora.unet_rank
    while True:
        steps = lora.steps if algorithm == "algorithm1" else int(rng.integers(1, lora.steps + 1))
        photos = draw_people(share.whole)
        seed += 1
        given = 1 if algorithm == "algorithm1" else steps
        if done >= given:
            done -= given
            continue
        trainer = GroupTrainer(pipe, base, photos, lora, seed=seed, fast=True, share=share)
        if not done:
            streams.take_over()
        try:
            for step in range(1, steps + 1):
                trainer.step()
                if algorithm == "algorithm1" and step < steps:
                    continue
                if done:
                    done -= 1
                    continue
                target = None
                if algorithm == "algorithm3":
                    target = encode_prompts(pipe, [base.instance_prompt.format(trigger=t) for t in trainer.triggers])
                yield Batch(trainer.unet.state(), scale, torch.full((share.own,), step), trainer.latents), target
        finally:
            trainer.remove()

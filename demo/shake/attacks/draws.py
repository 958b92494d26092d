"""Carlini et al.'s attack with a prompt: draw often, and take what comes out again and again for remembered.

It sees the model and the prompt, and no picture of the training set. Whether a candidate is one is for
:mod:`demo.shake.attacks.memorised` to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from diffusers import StableDiffusionPipeline
from PIL import Image
from pydantic import Field
from torch import Tensor

from demo.errors import SettingsError
from demo.models.bases import Base
from demo.models.sampling import draw
from demo.progress import UNWATCHED, Watcher
from demo.settings import Settings
from demo.shake.attacks.cliques import cliques, graph, medoid
from demo.shake.attacks.distance import Pixels, pixels, tiled_l2


class ExtractSettings(Settings):
    """How often is drawn, and what counts as the same picture. Published: 500 draws, 4 x 4 tiles, cliques of 10."""

    generations: int = Field(500, ge=1)
    """Pictures drawn with the prompt."""
    clique: int = Field(10, ge=2)
    """Near-duplicates that make a candidate: so many that each is nearer than ``edge`` to each other."""
    edge: float = Field(0.1, gt=0, le=1)
    """Largest distance of two near-duplicates: l2 of the worst tile, on [0, 1] pixels."""
    tiles: int = Field(4, ge=1)
    """Tiles a side."""
    guidance: float | None = Field(None, ge=0)
    """Of the draws; None is the base's own."""
    steps: int | None = Field(None, ge=1)
    """Sampling steps; None is the base's own."""
    batch: int = Field(25, ge=1)
    """Pictures drawn at once; another number draws other pictures."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Candidate:
    """A picture that the model draws again and again."""

    picture: Image.Image
    """The medoid of its clique."""
    size: int
    """Draws in the clique."""
    spread: float
    """The largest distance of the medoid to another draw of the clique."""
    number: int
    """Which of the draws it is."""


def extract(
    pipe: StableDiffusionPipeline,
    base: Base,
    embedding: Tensor,
    settings: ExtractSettings | None = None,
    *,
    watcher: Watcher = UNWATCHED,
) -> list[Candidate]:
    """Draw ``settings.generations`` pictures and return one candidate a clique, the largest clique first.

    Args:
        embedding: (1, tokens, width), of the prompt.

    Raises:
        Stopped: the watcher stopped it.
    """
    settings = settings or ExtractSettings()
    return candidates(draws(pipe, base, embedding, settings, watcher=watcher), settings)


def draws(
    pipe: StableDiffusionPipeline,
    base: Base,
    embedding: Tensor,
    settings: ExtractSettings,
    *,
    watcher: Watcher = UNWATCHED,
) -> list[Image.Image]:
    """The pictures, ``settings.generations`` of them, with the whole starting noise: alike draws must be a find."""
    pictures: list[Image.Image] = []
    for number, start in enumerate(range(0, settings.generations, settings.batch)):
        pictures += draw(
            pipe,
            embedding,
            each=min(settings.batch, settings.generations - start),
            guidance=base.guidance if settings.guidance is None else settings.guidance,
            steps=settings.steps or base.sampling_steps,
            seed=settings.seed * 100_003 + number,
            negative_prompt=base.negative_prompt,
            stage=f"extraction {start} of {settings.generations}",
            watcher=watcher,
        )
    return pictures


def candidates(pictures: list[Image.Image], settings: ExtractSettings) -> list[Candidate]:
    """One candidate for every clique of near-duplicates among ``pictures``."""
    if not pictures:
        return []
    distances = _all_distances(pixels(pictures, pictures[0].width), settings.tiles)
    found = []
    for clique in cliques(graph(distances, settings.edge), settings.clique):
        centre = medoid(distances, clique)
        found.append(Candidate(pictures[centre], len(clique), float(distances[centre, clique].max()), centre))
    return found


def calibrated_edge(unrelated: list[Image.Image], *, share: float = 0.001, tiles: int = 4) -> float:
    """The distance below which only ``share`` of the pairs of unrelated draws are: an edge that fits the base.

    An edge is a number of one resolution and one kind of picture. At the published setting 0.1 on face64 no two of 150
    draws of the class prompt are joined (the nearest pair is 0.14 apart), nor two draws of one planted person, so that
    nothing would ever be a candidate. An attacker can calibrate: draws of the class prompt need no training picture.

    Args:
        unrelated: draws of a prompt that names nobody; 150 give 11,175 pairs.
        share: of pairs that may be joined.
        tiles: as :class:`ExtractSettings`.

    Raises:
        SettingsError: fewer than two pictures.
    """
    if len(unrelated) < 2:
        raise SettingsError("An edge needs pairs of pictures.", "Draw two or more.")
    distances = _all_distances(pixels(unrelated, unrelated[0].width), tiles)
    return float(np.quantile(distances[np.triu_indices(len(unrelated), 1)], share))


def _all_distances(x: Pixels, tiles: int) -> Pixels:
    distances = tiled_l2(x, x, tiles)
    return np.maximum(distances, distances.T)  # the same number twice but for rounding

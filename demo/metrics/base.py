"""What a metric is, what it sees and what it gives back."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from demo.errors import PhotoError
from demo.models.networks import Unavailable
from demo.stats.intervals import Array

Embed = Callable[[Sequence[Image.Image]], Array]


@dataclass(frozen=True, eq=False)
class Context:
    """What a metric sees: the generated pictures and, unlike an attack, the private photos.

    For several arms of one person use ``dataclasses.replace(context, pictures=...)``: the photos are embedded once.
    """

    pictures: Sequence[Image.Image]  # generated, in the training framing, square, any side
    photos: Sequence[Image.Image]  # private, in the same framing; at the pictures' side blur is no difference
    prompt: str = "a photo of a person"  # in plain words: a metric's text tower knows no trigger
    decoys: Array | None = None  # (n, 128) dlib embeddings of more people, added to the bundled decoys
    device: str = "auto"  # for the torch networks: "auto", "cpu", "cuda", ...
    cache: dict[tuple[str, bytes], Array] = field(default_factory=dict, repr=False)  # lives and dies with the context

    def __post_init__(self) -> None:
        for name, images in (("picture", self.pictures), ("private photo", self.photos)):
            if not images:
                raise PhotoError(f"There is no {name} to measure.", "Give at least one.")
            for image in images:
                if image.width != image.height:
                    raise PhotoError(
                        f"A {name} is {image.width} x {image.height}, not square.", "Align it to the face first."
                    )

    def embed(self, model: str, images: Sequence[Image.Image], embed: Embed) -> Array:
        """Embeddings of ``images`` by ``embed``, each computed once a context.

        Args:
            model: name of the network and its input, which keys the cache.
            images: n pictures.
            embed: n pictures -> (n, d).

        Returns:
            (n, d).
        """
        keys = [(model, _digest(image)) for image in images]
        missing = {key: image for key, image in zip(keys, images, strict=True) if key not in self.cache}
        if missing:
            self.cache.update(zip(missing, embed(list(missing.values())), strict=True))
        return np.array([self.cache[key] for key in keys])


@dataclass(frozen=True)
class Metric:
    """One entry of the registry."""

    key: str
    title: str
    model: str  # the network that judges
    scaling: str  # how its output becomes the number
    higher_is_better: bool  # "better" for the attacker: nearer to the private person
    needs: str  # package, Hub id, or bundled
    available: Callable[[], Unavailable | None]
    score: Callable[[Context], Array]  # (n,): one value a picture
    share: bool = False  # values are 0 or 1, and their mean is a share
    limits: tuple[float, float] = (-math.inf, math.inf)  # of its values, which no interval exceeds; ranks: ``among``
    bundled: bool = False  # never downloads
    main: int = 0  # its place among the first figures of a comparison; 0: not one of them
    column: int = 0  # its place in the table of defences; 0: not in it
    threshold: tuple[float, str] | None = None  # of the mean, and what it means, for a line in the bars
    among: Callable[[Context], int] | None = None  # for ranks: how many people are ranked, the person included


@dataclass(frozen=True)
class MetricResult:
    """A metric of one arm. Unavailable ones have no values, NaN numbers and a reason."""

    key: str
    title: str
    model: str
    scaling: str
    mean: float
    low: float  # 95% interval over pictures of this one person, not over people
    high: float
    values: tuple[float, ...]
    unavailable: str | None = None
    higher_is_better: bool = True
    among: int | None = None  # for ranks: how many people were ranked, the person included


def paper_scaling(cosine: Array) -> Array:
    """(cos + 1) / 2, as the paper's public code reports cosines: 0.9 there is a cosine of 0.8."""
    return (cosine + 1) / 2


def _digest(image: Image.Image) -> bytes:
    header = f"{image.mode} {image.size}".encode()
    return hashlib.sha256(header + image.tobytes()).digest()

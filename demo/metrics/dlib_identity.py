"""Identity by dlib's recogniser: distance, the share below 0.6, and ranks among decoys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.errors import WeightsError
from demo.faces import recognise
from demo.faces.ceiling import Ceiling, ceiling
from demo.faces.ranks import place_among, rank_among
from demo.metrics.base import Context, Metric
from demo.models.networks import Unavailable
from demo.paths import WEIGHTS, shown
from demo.stats.intervals import Array

DECOY_FILE = WEIGHTS / "people" / "decoys.safetensors"
DECOY_SIDE = 64  # pixels at which the decoys were seen; pictures and photos are ranked at the same side
MODEL = "dlib ResNet, 128-d"
# Keys. The verdicts are made of these: the ruler, the rank of each picture, that of all pictures together, and the
# same among strangers who look like the person.
IDENTITY, RANK, PLACE, ALIKE = "dlib_distance", "dlib_rank", "dlib_place", "dlib_place_alike"
LOOK_ALIKES = 100  # decoys: those those nearest to the person's photos, who look most alike to the recogniser


@lru_cache(maxsize=2)
def bundled_decoys(file: Path) -> Array:
    """Embeddings of generated people, (n, 128).

    Raises:
        WeightsError: missing, damaged or of the wrong shape.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    remedy = "Restore it from the repository, or run: python -m demo.train people"
    try:
        table = np.asarray(load_file(file)["dlib"], dtype=np.float64)
    except (OSError, KeyError, SafetensorError) as error:
        raise WeightsError(f"The decoys in {shown(file)} cannot be read: {error}.", remedy) from error
    if table.ndim != 2 or table.shape[1] != 128:
        raise WeightsError(f"The decoys in {shown(file)} have shape {table.shape}, not (n, 128).", remedy)
    table.setflags(write=False)  # shared by all callers
    return table


def decoys_of(context: Context) -> Array:
    """The bundled decoys and the context's own, (n, 128)."""
    table = bundled_decoys(DECOY_FILE)
    return table if context.decoys is None else np.concatenate([table, np.asarray(context.decoys, dtype=np.float64)])


def _recogniser_missing() -> Unavailable | None:
    if find_spec("dlib") is None:
        return Unavailable("dlib is not installed (pip install dlib-bin).")
    try:
        recognise.model_folder()
    except WeightsError as error:
        return Unavailable(str(error))
    return None


def decoys_missing() -> Unavailable | None:
    """Why nothing can be ranked; None where it can."""
    if not DECOY_FILE.is_file():
        return Unavailable(f"The decoys are not there: {shown(DECOY_FILE)} is missing.")
    return _recogniser_missing()


def _embed(context: Context, images: Sequence[Image.Image]) -> Array:
    return context.embed(MODEL, images, recognise.embed)


def _distance(context: Context) -> Array:
    return np.asarray(recognise.distances(_embed(context, context.pictures), _embed(context, context.photos)).mean(1))


def _accuracy(context: Context) -> Array:
    return np.asarray(_distance(context) < recognise.SAME_PERSON, dtype=np.float64)


def _rank(context: Context) -> Array:
    return rank_among(*_at_one_side(context), decoys_of(context)).astype(np.float64)


def _place(context: Context) -> Array:
    return np.array([place_among(*_at_one_side(context), decoys_of(context))], dtype=np.float64)


def photos_ceiling(photos: Sequence[Image.Image]) -> Ceiling | None:
    """A person's photos against each other and against the decoys, as blurred as those are.

    Args:
        photos: aligned, one or more.

    Returns:
        None where the recogniser or the decoys are not there.
    """
    if decoys_missing() is not None:
        return None
    context = Context(pictures=photos, photos=photos)
    return ceiling(_at_one_side(context)[1], decoys_of(context))


def _place_alike(context: Context) -> Array:
    pictures, photos = _at_one_side(context)
    return np.array([place_among(pictures, photos, look_alikes(photos, decoys_of(context)))], dtype=np.float64)


def look_alikes(photos: Array, decoys: Array, count: int = LOOK_ALIKES) -> Array:
    """The decoys who look most like a person: nearest to the photos, by the mean distance.

    Args:
        photos: (k, 128), the person's.
        decoys: (n, 128).

    Returns:
        (min(count, n), 128), the nearest first.
    """
    return decoys[nearest(photos, decoys)[:count]]


def nearest(photos: Array, decoys: Array) -> NDArray[np.intp]:
    """Rows of the decoys, the nearest to a person's photos first, by the mean distance.

    Args:
        photos: (k, 128), the person's.
        decoys: (n, 128).

    Returns:
        (n,).
    """
    return np.argsort(recognise.distances(photos, decoys).mean(0), kind="stable")


def _at_one_side(context: Context) -> tuple[Array, Array]:
    """Pictures and photos, embedded as blurred as the decoys are."""
    pictures, photos = (
        _embed(context, [at_decoys_side(image) for image in images]) for images in (context.pictures, context.photos)
    )
    return pictures, photos


def at_decoys_side(image: Image.Image) -> Image.Image:
    """A picture as blurred as the decoys are: a sharp face is nearer to sharp faces."""
    size = (DECOY_SIDE, DECOY_SIDE)
    return image if image.size == size else image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _rank1(context: Context) -> Array:
    return np.asarray(_rank(context) == 1, dtype=np.float64)


METRICS = (
    Metric(
        key=IDENTITY,
        title="Distance to the person's photos",
        model=MODEL,
        scaling=f"Euclidean distance, mean over the photos; below {recognise.SAME_PERSON} dlib says: same person",
        higher_is_better=False,
        needs="packages dlib-bin and face_recognition_models (weights inside)",
        available=_recogniser_missing,
        score=_distance,
        limits=(0.0, np.inf),
        bundled=True,
        main=1,
        column=4,
        threshold=(recognise.SAME_PERSON, "same person"),
    ),
    Metric(
        key="dlib_accuracy",
        title=f"Rec. Acc., dlib < {recognise.SAME_PERSON}",
        model=MODEL,
        scaling=f"share of pictures whose mean Euclidean distance to the photos is below {recognise.SAME_PERSON}",
        higher_is_better=True,
        needs="packages dlib-bin and face_recognition_models (weights inside)",
        available=_recogniser_missing,
        score=_accuracy,
        share=True,
        bundled=True,
        main=3,
        column=3,
    ),
    Metric(
        key=RANK,
        title="Rank of the person among decoys",
        model=MODEL,
        scaling="1 + number of decoys nearer than the photos (mean Euclidean distance, all at "
        f"{DECOY_SIDE} px); 1 is best",
        higher_is_better=False,
        needs="dlib as above; decoys bundled in weights/people",
        available=decoys_missing,
        score=_rank,
        bundled=True,
        main=2,
        among=lambda context: 1 + len(decoys_of(context)),
    ),
    Metric(
        key=PLACE,
        title="Place of the person, all pictures together",
        model=MODEL,
        scaling="1 + number of decoys as near as the photos or nearer, by the mean distance of all pictures; 1 is best",
        higher_is_better=False,
        needs="dlib as above; decoys bundled in weights/people",
        available=decoys_missing,
        score=_place,
        bundled=True,
        among=lambda context: 1 + len(decoys_of(context)),
    ),
    Metric(
        key=ALIKE,
        title="Place of the person among look-alikes, all pictures together",
        model=MODEL,
        scaling=f"as the place above, among the {LOOK_ALIKES} decoys nearest to the photos alone; 1 is best",
        higher_is_better=False,
        needs="dlib as above; decoys bundled in weights/people",
        available=decoys_missing,
        score=_place_alike,
        bundled=True,
        among=lambda context: 1 + min(LOOK_ALIKES, len(decoys_of(context))),
    ),
    Metric(
        key="dlib_rank1",
        title="First among decoys",
        model=MODEL,
        scaling="share of pictures that are nearer to the person than to every decoy",
        higher_is_better=True,
        needs="dlib as above; decoys bundled in weights/people",
        available=decoys_missing,
        score=_rank1,
        share=True,
        bundled=True,
    ),
)

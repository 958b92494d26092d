"""Live measures: pictures in the making, held against the visitor's photos while a job runs.

Who draws the pictures tells of them and gets nothing back, so an attack stays without the photos.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from demo.metrics.registry import FACES, IDENTITY, METRICS, PLACE, Context, evaluate
from demo.progress import Measured, Progress, Watcher

LIVE = (IDENTITY, PLACE, FACES)


def measuring(watcher: Watcher, photos: Sequence[Image.Image]) -> Watcher:
    """The same watcher, which sees pictures in the making and is told how near they are to the photos.

    Args:
        photos: aligned, of one person; with none, and where a measure cannot be had here, nothing is measured.
    """
    if not watcher.listens:
        return watcher
    seeing = replace(watcher, sees=True)
    if not photos or any(METRICS[key].available() is not None for key in LIVE):
        return seeing
    context = Context(pictures=photos, photos=photos)  # keeps the photos' embeddings from look to look

    def measured(progress: Progress) -> Progress:
        if not progress.pictures:
            return progress
        return replace(progress, measured=measure(replace(context, pictures=progress.pictures)))

    return seeing.retold(measured)


def measure(context: Context) -> Measured:
    """The live measures of a context's pictures, by the metrics that the verdict is made of."""
    found = {result.key: result for result in evaluate(context, LIVE)}
    place, faces = found[PLACE], found[FACES]
    return Measured(
        distance=found[IDENTITY].mean,
        place=round(place.mean),
        among=place.among or 0,
        faces=round(sum(faces.values)),
        pictures=len(context.pictures),
    )

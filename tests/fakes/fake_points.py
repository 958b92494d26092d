"""Points and sweeps at made-up distances, without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist

from PIL import Image

from demo.defences.registry import choose
from demo.lora.ledger import Ledger
from demo.metrics.base import MetricResult
from demo.stats.intervals import mean_ci
from demo.sweep.model import Point, Sweep, arm_keys, new_point, settings_of

CHANCE = 0.8


def place(mean: float, spread: float = 0.03) -> MetricResult:
    """Of the person among 1,000 strangers, whose distances to the pictures are normal about chance."""
    strangers = 1000
    value = 1 + round(strangers * NormalDist(CHANCE, spread).cdf(mean))
    return replace(result("dlib_place", [value]), among=strangers + 1)


def distances(mean: float, spread: float = 0.02, count: int = 8) -> MetricResult:
    values = [mean + spread * (2 * i / max(1, count - 1) - 1) for i in range(count)]
    return result("dlib_distance", values)


def result(key: str, values: Sequence[float], title: str = "") -> MetricResult:
    found = mean_ci(values)
    return MetricResult(
        key,
        title or f"Title of {key}",
        "dlib ResNet",
        "Euclidean; below 0.6 one person",
        found.estimate,
        found.low,
        found.high,
        tuple(values),
        higher_is_better=key != "dlib_distance",
    )


def picture(seed: int = 0, side: int = 16) -> Image.Image:
    return Image.new("RGB", (side, side), (seed % 256, seed // 256 % 256, 90))


def point(
    key: str,
    dreambooth: float,
    attack: float,
    *,
    best: str = "random_trigger",
    spread: float = 0.02,
    count: int = 8,
    faces: float | None = None,  # share of the pictures in every arm; None: nobody looked
    ledger: Mapping[str, object] | None = None,
    **settings: object,
) -> Point:
    defence = choose(key, **settings)
    means = dict.fromkeys(arm_keys(), attack + 0.03) | {"dreambooth": dreambooth, best: attack}
    arms = {
        arm: [distances(mean, spread, count), result("clip_i_paper", [0.7] * count), place(mean)]
        for arm, mean in means.items()
    }
    if faces is not None:
        for arm in arm_keys():
            arms[arm].append(result("face_found", [float(i < faces * count) for i in range(count)]))
    fields: dict[str, object] = {
        "defence": key,
        "title": defence.label,
        "guarantee": "none",
        "sentences": (f"Sentence of {key}.",),
        "settings": settings_of(defence),
        "steps": 10,
        "photos": 5,
    }
    fields |= ledger or {}
    pictures = {arm: [picture(len(arm) + i) for i in range(count)] for arm in arm_keys()}
    made = Ledger(**fields)  # type: ignore[arg-type]
    return new_point(defence.label, key, settings_of(defence), arms, pictures, made, 10, 1.5)


PROVED = {"guarantee": "proved", "photo_epsilon": 2.0, "person_epsilon": 11.5, "delta": 1e-6, "sigma": 3.0, "q": 0.5}


def swept(*points: Point, chance: float | None = CHANCE, spread: float = 0.02, **changes: object) -> Sweep:
    fields: dict[str, object] = {
        "points": list(points),
        "chance": [] if chance is None else [distances(chance, spread), result("clip_i_paper", [0.6] * 8)],
        "chance_pictures": [] if chance is None else [picture(i) for i in range(8)],
        "planned": len(points),
        "photos": [picture(700 + i) for i in range(3)],
        "base": "face64 (a base)",
        "notes": ["A note of the run."],
        "settings": {"fine-tuning": {"steps": 10}},
    }
    return Sweep(**(fields | changes))  # type: ignore[arg-type]

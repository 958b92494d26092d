from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from demo.errors import PhotoError, SettingsError, WeightsError
from demo.metrics import dlib_identity, registry
from demo.metrics.registry import METRICS, Context, Metric, Unavailable, bundled, chosen, evaluate
from demo.paths import WEIGHTS
from tests.metrics.helpers import noise


def _metric(key: str = "toy", **changes: Any) -> Metric:
    plain = Metric(
        key=key,
        title="Toy",
        model="none",
        scaling="red channel",
        higher_is_better=True,
        needs="nothing",
        available=lambda: None,
        score=lambda context: np.array([np.asarray(image)[..., 0].mean() for image in context.pictures]),
    )
    return dataclasses.replace(plain, **changes)


@pytest.fixture
def context() -> Context:
    return Context(pictures=noise(4, 8), photos=noise(2, 8, seed=1))


def test_every_entry_is_told_apart_by_its_key_and_names_its_model_and_scaling() -> None:
    assert all(metric.key == key for key, metric in METRICS.items())
    assert all(metric.title and metric.model and metric.scaling and metric.needs for metric in METRICS.values())
    assert len({(metric.title, metric.model) for metric in METRICS.values()}) == len(METRICS)
    assert {"dlib_distance", "dlib_rank", "facenet_accuracy", "clip_i", "clip_t", "clip_l14_i", "dino"} <= set(METRICS)


def test_bundled_metrics_are_those_that_never_download() -> None:
    assert {"dlib_distance", "dlib_accuracy", "dlib_rank", "dlib_rank1", "clip_i", "clip_t"} <= set(bundled())
    assert not any(key.startswith(("facenet", "dino", "clip_l14")) for key in bundled())


def test_metrics_are_chosen_by_words_or_keys_and_the_bundled_ones_stay() -> None:
    assert chosen("bundled") == bundled()
    assert chosen("all") == tuple(METRICS)
    assert set(chosen("dino, facenet_accuracy")) == {*bundled(), "dino", "facenet_accuracy"}
    with pytest.raises(SettingsError, match="Unknown metric: fid"):
        chosen("dino,fid")


def test_a_new_metric_is_one_entry(monkeypatch: pytest.MonkeyPatch, context: Context) -> None:
    monkeypatch.setitem(registry.METRICS, "toy", _metric())
    (got,) = evaluate(context, ["toy"])
    assert len(got.values) == 4
    assert got.mean == pytest.approx(np.mean(got.values))
    assert got.low < got.mean < got.high
    assert got.unavailable is None


def test_an_interval_stays_within_what_is_possible(monkeypatch: pytest.MonkeyPatch, context: Context) -> None:
    def ranks(c: Context) -> np.ndarray:
        return np.array([1.0, 1.0, 1.0, 4.0])

    monkeypatch.setitem(registry.METRICS, "toy", _metric(score=ranks, among=lambda c: 4, higher_is_better=False))
    monkeypatch.setitem(registry.METRICS, "bound", _metric("bound", score=lambda c: ranks(c) / 4, limits=(0.0, 1.0)))
    monkeypatch.setitem(registry.METRICS, "free", _metric("free", score=ranks))
    rank, bound, free = evaluate(context, ["toy", "bound", "free"])
    assert free.low < 0
    assert free.high > 4
    assert (rank.low, rank.high) == (1, 4)
    assert (bound.low, bound.high) == (0, 1)


def test_a_share_has_an_interval_even_when_every_picture_passes(
    monkeypatch: pytest.MonkeyPatch, context: Context
) -> None:
    monkeypatch.setitem(registry.METRICS, "toy", _metric(share=True, score=lambda c: np.ones(len(c.pictures))))
    (got,) = evaluate(context, ["toy"])
    assert (got.mean, got.high) == (1, 1)
    assert got.low == pytest.approx(0.51, abs=0.01)


def _cannot(context: Context) -> np.ndarray:
    raise WeightsError("The download broke off.", "Try again.")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"available": lambda: Unavailable("It is elsewhere.")}, "It is elsewhere."),
        ({"score": _cannot}, "The download broke off. Try again."),
    ],
)
def test_what_cannot_be_measured_says_why_and_has_no_numbers(
    monkeypatch: pytest.MonkeyPatch, context: Context, changes: dict[str, Any], reason: str
) -> None:
    monkeypatch.setitem(registry.METRICS, "toy", _metric(**changes))
    (got,) = evaluate(context, ["toy"])
    assert got.unavailable == reason
    assert got.values == ()
    assert all(math.isnan(number) for number in (got.mean, got.low, got.high))


def test_a_metrics_own_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch, context: Context) -> None:
    def broken(_: Context) -> np.ndarray:
        raise ZeroDivisionError

    monkeypatch.setitem(registry.METRICS, "toy", _metric(score=broken))
    with pytest.raises(ZeroDivisionError):
        evaluate(context, ["toy"])


def test_an_unknown_key_is_refused_with_the_known_ones(context: Context) -> None:
    with pytest.raises(SettingsError, match=r"dlib_distanse.*dlib_distance"):
        evaluate(context, ["dlib_distanse"])


def test_offline_the_networks_of_the_hub_say_that_downloads_are_forbidden(context: Context) -> None:
    for got in evaluate(context, ["dino", "dino_paper", "clip_l14_i", "clip_l14_t", "facenet_cosine"]):
        assert got.unavailable is not None
        assert "LORA_LEAK_OFFLINE forbids downloads" in got.unavailable


@pytest.mark.parametrize("empty", ["pictures", "photos"])
def test_nothing_to_measure_is_refused(empty: str) -> None:
    images: dict[str, Any] = {"pictures": noise(1), "photos": noise(1)} | {empty: []}
    with pytest.raises(PhotoError, match="no"):
        Context(**images)


def test_an_unaligned_picture_is_refused() -> None:
    with pytest.raises(PhotoError, match="64 x 48"):
        Context(pictures=[Image.new("RGB", (64, 48))], photos=noise(1))


def test_a_picture_is_embedded_once_for_all_arms(context: Context) -> None:
    seen: list[int] = []

    def embed(images: Sequence[Image.Image]) -> np.ndarray:
        seen.append(len(images))
        return np.array([[np.asarray(image).mean()] for image in images])

    first = context.embed("toy", context.photos, embed)
    other_arm = dataclasses.replace(context, pictures=noise(3, 8, seed=5))
    again = other_arm.embed("toy", [*other_arm.photos, *other_arm.pictures, other_arm.photos[0].copy()], embed)
    assert seen == [2, 3]
    assert again[:2].tolist() == first.tolist()
    assert again[-1] == first[0]
    assert len(np.unique(again)) == 5


def test_reasons_name_no_folder_of_the_user(context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlib_identity, "DECOY_FILE", tmp_path / "decoys.safetensors")
    reasons = [result.unavailable for result in evaluate(context) if result.unavailable]
    assert reasons
    assert not [reason for reason in reasons if str(tmp_path) in reason or str(WEIGHTS.parent) in reason]

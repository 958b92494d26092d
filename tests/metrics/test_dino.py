from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ViTConfig, ViTImageProcessor, ViTModel

from demo.metrics import registry
from demo.metrics.dino import dino_metrics, embed
from demo.metrics.registry import Context, evaluate
from demo.models.networks import NetworkSource
from tests.metrics.helpers import noise


@pytest.fixture
def source(tmp_path: Path) -> NetworkSource:
    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=16
    )
    ViTModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    return NetworkSource("Tiny DINO", str(tmp_path))


def test_the_cosine_is_the_class_tokens_in_both_scalings(
    source: NetworkSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    for metric in dino_metrics(source):
        monkeypatch.setitem(registry.METRICS, metric.key, metric)
    pictures, photos = noise(3), noise(2, seed=1)
    plain, paper = evaluate(Context(pictures=pictures, photos=photos, device="cpu"), ["dino", "dino_paper"])
    model = ViTModel.from_pretrained(source.place, add_pooling_layer=False)
    pixels = ViTImageProcessor.from_pretrained(source.place)(images=pictures + photos, return_tensors="pt")
    with torch.no_grad():
        tokens = torch.nn.functional.normalize(model(**pixels).last_hidden_state[:, 0], dim=1)
    expected = (tokens[:3] @ tokens[3:].T).mean(1).numpy()
    assert plain.values == pytest.approx(expected, abs=1e-5)
    assert paper.values == pytest.approx((expected + 1) / 2, abs=1e-5)


def test_more_pictures_than_a_batch(source: NetworkSource) -> None:
    pictures = noise(33)
    assert embed(pictures, "cpu", source)[32] == pytest.approx(embed(pictures[32:], "cpu", source)[0], abs=1e-5)
    assert np.isfinite(embed(pictures, "cpu", source)).all()

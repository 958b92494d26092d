from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

from demo.errors import WeightsError
from demo.metrics import registry
from demo.metrics.clip import Clip, clip_metrics, embed_images, embed_text
from demo.metrics.registry import Context, evaluate
from demo.models.networks import NetworkSource
from tests.metrics.helpers import faces, noise

LENGTH = 16


def _tokenizer(folder: Path) -> CLIPTokenizer:
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters)]
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=LENGTH)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("clip")
    tokenizer = _tokenizer(folder / "vocabulary")
    tokenizer.save_pretrained(folder / "tokenizer")
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = sizes | {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": LENGTH,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = sizes | {"image_size": 64, "patch_size": 16}
    torch.manual_seed(0)
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)).save_pretrained(folder / "model")
    size = {"height": 64, "width": 64}
    CLIPImageProcessor(size={"shortest_edge": 64}, crop_size=size).save_pretrained(folder / "model")
    model, words = (
        NetworkSource("The tiny CLIP", str(folder / "model")),
        NetworkSource("Its words", str(folder / "tokenizer")),
    )
    return Clip(model, words, "bundled", bundled=True)


@pytest.fixture
def keys(tiny: Clip, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    metrics = clip_metrics("tiny", "tiny CLIP", tiny)
    for metric in metrics:
        monkeypatch.setitem(registry.METRICS, metric.key, metric)
    return [metric.key for metric in metrics]


def test_both_scores_in_both_scalings(keys: list[str]) -> None:
    context = Context(pictures=noise(3), photos=noise(2, seed=1), prompt="a person", device="cpu")
    got = {result.key: np.array(result.values) for result in evaluate(context, keys)}
    assert list(got) == ["tiny_i", "tiny_i_paper", "tiny_t", "tiny_t_paper"]
    assert all(len(values) == 3 for values in got.values())
    assert got["tiny_i_paper"] == pytest.approx((got["tiny_i"] + 1) / 2)
    assert got["tiny_t_paper"] == pytest.approx(100 * got["tiny_t"])
    assert np.abs(got["tiny_t"]).max() <= 1


def test_a_photo_is_one_with_itself_at_any_batch(keys: list[str]) -> None:
    photo = faces(0, [0], 128)
    (result,) = evaluate(Context(pictures=photo * 40, photos=photo, device="cpu"), [keys[0]])
    assert result.values == pytest.approx([1.0] * 40)


def test_embeddings_are_the_models_own(tiny: Clip) -> None:
    model = CLIPModel.from_pretrained(tiny.model.place)
    tokenizer = CLIPTokenizer.from_pretrained(tiny.tokenizer.place)
    processor = CLIPImageProcessor.from_pretrained(tiny.model.place)
    pictures = noise(2)
    tokens = tokenizer(["a cat"], padding="max_length", max_length=LENGTH, return_tensors="pt")
    with torch.no_grad():
        out = model(pixel_values=processor(images=pictures, return_tensors="pt")["pixel_values"], **tokens)
    ours, theirs = embed_images(tiny, pictures, "cpu"), out.image_embeds.numpy()
    assert ours / np.linalg.norm(ours, axis=1, keepdims=True) == pytest.approx(theirs, abs=1e-5)
    text = embed_text(tiny, "a cat", "cpu")
    assert text / np.linalg.norm(text) == pytest.approx(out.text_embeds.numpy(), abs=1e-5)


def test_prompts_differ_and_one_too_long_is_cut(tiny: Clip) -> None:
    short, other = embed_text(tiny, "a man", "cpu"), embed_text(tiny, "a cat", "cpu")
    assert not np.allclose(short, other)
    assert embed_text(tiny, "a very long prompt " * 40, "cpu").shape == (1, 8)


def test_a_missing_model_is_said_and_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Clip(
        NetworkSource("The mini one", str(tmp_path)), NetworkSource("Its words", str(tmp_path)), "bundled", bundled=True
    )
    for metric in clip_metrics("gone", "gone", gone):
        monkeypatch.setitem(registry.METRICS, metric.key, metric)
    (result,) = evaluate(Context(pictures=noise(1), photos=noise(1)), ["gone_i"])
    assert result.unavailable is not None
    assert "The mini one is not there" in result.unavailable


def test_a_pickle_in_the_folder_is_never_read(tiny: Clip, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((Path(tiny.model.place) / "config.json").read_text())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(WeightsError):
        NetworkSource("A pickle", str(tmp_path)).load(CLIPModel.from_pretrained)

from threading import Event

import numpy as np
import pytest
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.errors import SettingsError, Stopped
from demo.models.bases import Base
from demo.models.sampling import encode_prompts
from demo.progress import Watcher
from demo.shake.attacks.draws import ExtractSettings, calibrated_edge, candidates, draws, extract


def noisy(picture: Image.Image, count: int, seed: int) -> list[Image.Image]:
    rng = np.random.default_rng(seed)
    around = np.asarray(picture).astype(float) + rng.normal(0, 5, size=(count, 16, 16, 3))
    return [Image.fromarray(x.clip(0, 255).astype(np.uint8)) for x in around]


def test_what_comes_out_again_and_again_is_a_candidate(pictures: list[Image.Image]) -> None:
    drawn = [*noisy(pictures[0], 4, 0), *pictures[2:], *noisy(pictures[1], 6, 1)]
    found = candidates(drawn, ExtractSettings(clique=4))
    assert [c.size for c in found] == [6, 4]
    assert 7 <= found[0].number < 13
    assert found[0].picture is drawn[found[0].number]
    assert 0 < found[0].spread < 0.1
    assert candidates(drawn, ExtractSettings(clique=7)) == []
    assert candidates([], ExtractSettings()) == []


def test_draws_as_often_as_asked_and_the_same_again(tiny_pipe: StableDiffusionPipeline, tiny_base: Base) -> None:
    embedding = encode_prompts(tiny_pipe, ["a photo of a person"])
    settings = ExtractSettings(generations=5, batch=2, steps=1)
    first = draws(tiny_pipe, tiny_base, embedding, settings)
    assert len(first) == 5
    assert len({picture.tobytes() for picture in first}) == 5
    again = draws(tiny_pipe, tiny_base, embedding, settings)
    assert [p.tobytes() for p in first] == [p.tobytes() for p in again]
    other = draws(tiny_pipe, tiny_base, embedding, settings.model_copy(update={"seed": 1}))
    assert not {p.tobytes() for p in first} & {p.tobytes() for p in other}


def test_attack_needs_model_and_prompt_alone(tiny_pipe: StableDiffusionPipeline, tiny_base: Base) -> None:
    embedding = encode_prompts(tiny_pipe, ["a photo of a person"])
    everything_near = ExtractSettings(generations=4, clique=4, edge=1.0, steps=1)
    found = extract(tiny_pipe, tiny_base, embedding, everything_near)
    assert [c.size for c in found] == [4]
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        extract(tiny_pipe, tiny_base, embedding, everything_near, watcher=Watcher(stop=stop))


def test_calibrated_edge_joins_as_few_unrelated_pairs_as_asked() -> None:
    rng = np.random.default_rng(0)
    unrelated = [Image.fromarray(x) for x in rng.integers(0, 256, size=(30, 8, 8, 3), dtype=np.uint8)]
    edge = calibrated_edge(unrelated, share=0.05)
    joined = sum(c.size for c in candidates(unrelated, ExtractSettings(edge=edge, clique=2)))
    assert 2 <= joined < 30
    assert candidates(unrelated, ExtractSettings(edge=calibrated_edge(unrelated, share=0) * 0.999, clique=2)) == []
    with pytest.raises(SettingsError, match="pairs"):
        calibrated_edge(unrelated[:1])

from __future__ import annotations

from threading import Event

import numpy as np
import pytest
import torch

from demo.errors import Stopped
from demo.models.sampling import encode_pictures
from demo.progress import Progress, Watcher
from demo.shake.synthetic import SetSettings, draw_set


def pixels(pictures) -> np.ndarray:
    return np.stack([np.asarray(picture) for picture in pictures])


def test_a_set_is_drawn_in_batches_and_encoded_again(tiny_pipe, tiny_base) -> None:
    seen: list[Progress] = []
    settings = SetSettings(size=5, batch=2, steps=2)
    drawn = draw_set(tiny_pipe, tiny_base, "a photo of nobody", settings, watcher=Watcher(seen.append))
    assert len(drawn.pictures) == 5
    assert torch.equal(drawn.latents, encode_pictures(tiny_pipe, drawn.pictures))
    assert drawn.latents.dtype == torch.float32
    assert len({picture.tobytes() for picture in drawn.pictures}) == 5  # no batch repeats another's noise
    counted = [progress.step for progress in seen]
    assert counted == sorted(counted)
    assert (counted[-1], seen[-1].total) == (5, 5)


def test_the_same_seed_gives_the_same_set_and_another_prompt_another(tiny_pipe, tiny_base) -> None:
    settings = SetSettings(size=3, steps=2, seed=4)
    first, again, other, seed = (
        pixels(draw_set(tiny_pipe, tiny_base, prompt, chosen).pictures)
        for prompt, chosen in (
            ("a photo of a person", settings),
            ("a photo of a person", settings),
            ("an old man", settings),
            ("a photo of a person", settings.model_copy(update={"seed": 5})),
        )
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, seed)


def test_guidance_is_the_bases_own_unless_given(tiny_pipe, tiny_base) -> None:
    own, same, strong = (
        pixels(draw_set(tiny_pipe, tiny_base, "an old man", SetSettings(size=2, steps=2, guidance=g)).pictures)
        for g in (None, tiny_base.guidance, 30.0)
    )
    assert np.array_equal(own, same)
    assert not np.array_equal(own, strong)


def test_a_stop_ends_it(tiny_pipe, tiny_base) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        draw_set(tiny_pipe, tiny_base, "an old man", SetSettings(size=2), watcher=Watcher(stop=stop))

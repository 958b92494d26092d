"""The whole story at the full size of Stable Diffusion 1.4 and 2.1, with random weights: on a GPU where there is one.

On 2 cores it takes 18 minutes, 20 GB of memory and 5 GB of disk:
``python -m pytest -n 0 -m slow tests/workflow/test_sd_full_size.py``; with -n 0 one process has both cores.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sd_small import save

from demo.attack.registry import AttackSettings
from demo.attack.weight_encoder import EncoderSettings, save_encoder
from demo.faces import recognise
from demo.finetune import class_images
from demo.finetune.settings import find_preset
from demo.models import bases
from demo.models.bases import Base, find_base
from demo.train.encoder import new_encoder
from demo.workflow import pipeline_cache, story

FEW = {"steps": 2, "class_images": 1, "class_batch": 1, "sample_every": 0}
MATRICES = {"SD14": 128, "SD21": 128}
SIDE = {"SD14": 512, "SD21": 768}


@pytest.fixture(params=["SD14", "SD21"])
def given(request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Base]]:
    """A folder as it would be downloaded, with an encoder of random weights: only the work is real."""

    def embed(pictures):
        return np.array([np.asarray(p.convert("L").resize((16, 8)), dtype=np.float64).ravel() / 255 for p in pictures])

    folder = save(request.param, tmp_path / "some model", whole=True)
    base = find_base(str(folder))
    monkeypatch.setitem(bases._GIVEN, base.key, replace(base, sampling_steps=2))
    monkeypatch.setattr(recognise, "embed", embed)
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    yield request.param, base
    pipeline_cache.forget()


@pytest.mark.slow
def test_fine_tune_attack_compare_at_full_size(given: tuple[str, Base], tmp_path: Path, capsys) -> None:
    """The paper's layers, rank, alpha, batch and picture size; two steps in place of its thousand."""
    name, base = given
    settings = find_preset("sd-gpu").model_copy(update=FEW)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), dtype=np.uint8)
    photos = [Image.fromarray(p).resize((SIDE[name],) * 2, Image.Resampling.BICUBIC) for p in pixels]
    marks = [time.monotonic()]
    tuned = story.tune(photos, tmp_path / "lora.safetensors", base_key=base.key, settings=settings)
    marks.append(time.monotonic())
    assert tuned.steps == 2
    assert all(np.isfinite(tuned.losses))

    released = story.open_lora(tmp_path / "lora.safetensors", base_key=base.key)
    assert 2 * sum(not module.startswith("text") for module in released.modules()) == MATRICES[name]
    pipe = story.pipeline(base.key)
    save_encoder(base.folder / "encoder.safetensors", new_encoder(pipe, base, settings, EncoderSettings()))
    report = story.compare(
        released,
        tuned.trigger,
        photos,
        base_key=base.key,
        settings=AttackSettings(samples=1, steps=2),
        metrics=["dlib_distance"],
    )
    marks.append(time.monotonic())
    keys = [arm.key for arm in report.arms]
    assert keys == ["dreambooth", "encoder", "class_prompt", "random_trigger", "random_lora", "chance"]
    assert {picture.size for arm in report.arms for picture in arm.pictures} == {(SIDE[name],) * 2}
    with capsys.disabled():
        where = f"{pipe.unet.device}, {pipe.unet.dtype}, {torch.get_num_threads()} threads"
        took = [later - sooner for sooner, later in pairwise(marks)]
        print(f"\n{name} at full size, {where}: 2 steps {took[0]:.0f} s, attack and comparison {took[1]:.0f} s")

"""The whole story on folders with the class structure of Stable Diffusion 1.4 and 2.1, on a CPU."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, PNDMScheduler, StableDiffusionPipeline
from PIL import Image
from sd_small import WIDTH, save

from demo.attack import by_encoder
from demo.attack.registry import AttackSettings
from demo.attack.weight_encoder import EncoderSettings, save_encoder
from demo.cli import main
from demo.errors import WeightsError
from demo.faces import recognise
from demo.finetune import class_images
from demo.finetune.dreambooth import adapters, collect
from demo.finetune.settings import LoraSettings
from demo.lora.files import write_lora
from demo.models import bases
from demo.models.bases import Base, find_base
from demo.models.load import load_pipeline
from demo.photos import ingest
from demo.progress import Watcher
from demo.train.encoder import new_encoder
from demo.workflow import pipeline_cache, story

# The preset's layers, with as little work as there can be.
QUICK = LoraSettings(steps=2, class_images=2, sample_every=1, unet_rank=2, text_rank=2)
Given = tuple[str, Base, StableDiffusionPipeline]
LAYERS = {"SD14": 64 + 24, "SD21": 64 + 46}


@pytest.fixture(scope="module", params=["SD14", "SD21"])
def given(request, tmp_path_factory: pytest.TempPathFactory) -> Given:
    """A folder as it would be downloaded, and an encoder for it with random weights."""
    folder = save(request.param, tmp_path_factory.mktemp(request.param) / "some model")
    base = find_base(str(folder))
    pipe = load_pipeline(base, "cpu")
    save_encoder(folder / "encoder.safetensors", new_encoder(pipe, base, QUICK, EncoderSettings(probes=2)))
    return request.param, base, pipe


@pytest.fixture(autouse=True)
def quick(given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def embed(pictures):
        return np.array([np.asarray(p.convert("L").resize((16, 8)), dtype=np.float64).ravel() / 255 for p in pictures])

    monkeypatch.setattr(recognise, "embed", embed)
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    base = given[1]
    monkeypatch.setitem(bases._GIVEN, base.key, replace(base, sampling_steps=2))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    pipeline_cache.forget()


def photos(count: int = 6) -> list[Image.Image]:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return [Image.fromarray(p).resize((64, 64), Image.Resampling.BICUBIC) for p in pixels]


def test_fine_tune_attack_compare(given: Given, tmp_path: Path) -> None:
    name, base, once = given
    seen = []
    tuned = story.tune(
        photos(3), tmp_path / "lora.safetensors", base_key=base.key, settings=QUICK, watcher=Watcher(seen.append)
    )
    assert tuned.steps == 2
    assert all(np.isfinite(tuned.losses))
    assert any(progress.pictures for progress in seen)  # the live sample
    assert (tmp_path / "cache" / base.key / class_images.NAME).exists()  # beside the user's model nothing is written

    pipe = story.pipeline(base.key)
    kind = {"SD14": (PNDMScheduler, "epsilon"), "SD21": (DDIMScheduler, "v_prediction")}[name]
    assert (type(pipe.scheduler), pipe.scheduler.config.prediction_type) == kind
    for part in ("unet", "vae", "text_encoder"):  # nothing of a published file's names is left at a random start
        first, again = getattr(once, part).state_dict(), getattr(pipe, part).state_dict()
        assert all(torch.equal(first[key], again[key]) for key in first)
    assert pipe.unet.config.use_linear_projection == (name == "SD21")

    released = story.open_lora(tmp_path / "lora.safetensors", base_key=base.key)
    assert len(released.modules()) == LAYERS[name]
    to_v = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_v"
    assert released.matrices(to_v)[0].shape == (2, WIDTH[name])
    assert any(float(released.matrices(m)[1].abs().max()) > 0 for m in released.modules() if m.startswith("text"))

    settings = AttackSettings(samples=2, steps=2)
    report = story.compare(
        released, tuned.trigger, photos(3), base_key=base.key, settings=settings, metrics=["dlib_distance"]
    )
    arms = {arm.key: arm for arm in report.arms}
    assert list(arms) == ["dreambooth", "encoder", "class_prompt", "random_trigger", "random_lora", "chance"]
    assert {picture.size for arm in report.arms for picture in arm.pictures} == {(64, 64)}
    assert not report.verdict.leaked
    assert "licence unknown" in report.base


def test_without_an_encoder_the_story_is_told_by_what_needs_none(given: Given, tmp_path: Path, monkeypatch) -> None:
    """And says so: nothing is put in the encoder's place under its name."""
    _, base, pipe = given
    monkeypatch.setattr(by_encoder, "encoder_path", lambda base: tmp_path / "encoder.safetensors")
    with adapters(pipe, QUICK):
        released = collect(pipe, QUICK)
    few = AttackSettings(samples=2, steps=2)
    attacked = story.attack(released, base_key=base.key, settings=few)
    assert attacked.attack == "random_trigger"
    ruler = ["dlib_distance", "dlib_place"]
    report = story.compare(
        released, "qzx", photos(3), base_key=base.key, settings=few, reconstruction=attacked, metrics=ruler
    )
    arms = {arm.key: arm for arm in report.arms}
    assert list(arms) == ["dreambooth", "class_prompt", "random_trigger", "random_lora", "chance"]
    assert arms["random_trigger"].pictures is attacked.pictures
    assert any("no weight encoder" in note for note in report.notes)
    said = " ".join(report.verdict.sentences)
    assert report.verdict.found is not None
    assert report.verdict.found.lead == "random_trigger"
    assert "The encoder" not in said
    with pytest.raises(WeightsError, match="no weight encoder") as error:
        story.attack(released, "encoder", base_key=base.key, settings=few)
    assert "guessed trigger" in str(error.value)

    trained = replace(released, tensors={key: tensor + 0.01 for key, tensor in released.tensors.items()})
    write_lora(tmp_path / "lora.safetensors", trained)
    asked = ["attack", tmp_path / "lora.safetensors", "--out", tmp_path / "out", "--base", base.source, "--steps", "2"]
    assert main([str(a) for a in [*asked, "--samples", "1", "--attack", "class_prompt"]]) == 0
    page = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert [arm["key"] for arm in page["arms"]] == ["class_prompt"]
    assert any("no weight encoder" in note and "class prompt" in note for note in page["notes"])


@pytest.mark.parametrize("given", ["SD21"], indirect=True)
def test_the_command_line_takes_a_folder(given: Given, tmp_path: Path, monkeypatch, capsys) -> None:
    from test_cli import one_face

    _, base, _ = given
    monkeypatch.setattr(ingest, "find_faces", one_face)
    monkeypatch.setattr(story, "measure", lambda arms, *_: {arm.key: [] for arm in arms})
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, photo in enumerate(photos(3)):
        photo.save(folder / f"{i}.png")
    arguments = ["leak", "--photos", folder, "--out", tmp_path / "out", "--base", base.source, "--no-prior"]
    code = main([str(a) for a in [*arguments, "--steps", "1", "--samples", "1", "--debug"]])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    found = json.loads(printed.out.splitlines()[-1])
    assert found["base"] == base.key
    assert "Estimate: fine-tuning takes at least about" in printed.err
    assert Path(found["files"]["lora"]).exists()

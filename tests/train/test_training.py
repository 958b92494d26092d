"""The trainers, on a tiny random base: they run, resume, and move what they should."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from demo.attack.matrix_encoders import ProbeMatrices
from demo.attack.weight_encoder import EncoderSettings, WeightEncoder
from demo.errors import SettingsError, WeightsError
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.models.planted import people_listing
from demo.train import clip, encoder, unet, vae
from demo.train.batches import tuned
from demo.train.captions import caption
from demo.train.checkpoint import Checkpoint, Ema
from demo.train.data import Faces
from demo.train.people import deal_doses
from demo.train.training_run import TrainingRun
from demo.train.zoo import Zoo, build

LORA = LoraSettings(steps=3, batch=2, class_batch=1, class_images=2, lr=1e-3, unet_rank=4, text_rank=4)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")


@pytest.fixture(scope="module")
def faces() -> Faces:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, size=(40, 8, 8, 3), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
    table = pd.DataFrame({"identity": range(40), "name": [f"Ada Ro{i}" for i in range(40)], "source": "train"})
    table["male"] = [i % 2 == 0 for i in range(40)]
    table["eyeglasses"] = [i % 3 == 0 for i in range(40)]
    return Faces(pixels, table)


def test_captions_say_only_what_is_true_and_half_name_the_person() -> None:
    rng = np.random.default_rng(0)
    man = {"male": True, "eyeglasses": True, "gray_hair": True}
    texts = [caption(man, "Ada Ro", rng) for _ in range(400)]
    named = sum("Ada Ro" in t for t in texts)
    assert 160 < named < 240
    assert not any("woman" in t or "young" in t for t in texts)
    assert any("eyeglasses" in t for t in texts)
    assert not any("hat" in t.split() for t in texts)
    assert {caption({}, "Ada Ro", rng, named=False) for _ in range(20)} == {"a photo of a person"}


def test_encoder_is_exactly_the_linear_patch_code(faces: Faces) -> None:
    autoencoder = vae.new_autoencoder(faces.pixels)
    weight, bias = vae.patch_code(faces.pixels)
    x = torch.from_numpy(faces.pixels[:4].copy()).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    with torch.no_grad():
        z = vae.code_of(autoencoder, x)
        wanted = torch.nn.functional.conv2d(x.add(1).div(2), weight, bias, stride=8)
        larger = torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear", antialias=True)
        halved = torch.nn.functional.avg_pool2d(larger, 2)
        seen = autoencoder.encode(larger).latents
    assert torch.allclose(z, wanted, atol=1e-4)
    assert torch.allclose(seen, vae.code_of(autoencoder, halved), atol=1e-4)
    assert z.shape == (4, vae.CHANNELS, 8, 8)


def test_any_string_tokenizes_and_triggers_differ() -> None:
    tokenizer = clip.new_tokenizer(["a photo of a person"] * 3)
    ids = clip.tokens(tokenizer, ["a photo of xqzjv person", "a photo of qqbkw person", "Ünï ☃ 1234"])
    assert ids.shape == (3, clip.LENGTH)
    assert not torch.equal(ids[0], ids[1])
    assert tokenizer.unk_token_id == tokenizer.eos_token_id
    unknown = [(row == tokenizer.eos_token_id).nonzero()[0, 0] for row in ids]
    assert all((row[: int(end)] != tokenizer.eos_token_id).all() for row, end in zip(ids, unknown, strict=True))
    assert all(int(end) > 3 for end in unknown)


def test_text_half_is_the_clip_s_own(faces: Faces) -> None:
    tokenizer = clip.new_tokenizer(faces.captions(np.random.default_rng(0), np.arange(40)))
    model = clip.new_clip(tokenizer).eval()
    ids = clip.tokens(tokenizer, ["a photo of a person"])
    with torch.no_grad():
        wanted = model.text_model(input_ids=ids).last_hidden_state
        got = clip.text_half(model)(ids).last_hidden_state
    assert torch.allclose(got, wanted, atol=1e-5)


def test_checkpoint_brings_everything_back(tmp_path: Path) -> None:
    torch.manual_seed(0)

    def parts() -> dict:
        model = torch.nn.Linear(3, 2)
        optimiser = torch.optim.AdamW(model.parameters(), lr=0.1)
        return {"model": model, "optimiser": optimiser, "ema": Ema(model, decay=0.9)}

    def step(p: dict) -> None:
        p["optimiser"].zero_grad()
        p["model"](torch.ones(1, 3)).square().sum().backward()
        p["optimiser"].step()
        p["ema"].update()

    a = parts()
    step(a)
    Checkpoint(tmp_path, a).save(7)
    b = parts()
    assert Checkpoint(tmp_path, b).resume() == 7
    step(a)
    step(b)
    assert torch.equal(a["model"].weight, b["model"].weight)
    for p in (a, b):
        p["ema"].copy_to(p["model"])
    assert torch.equal(a["model"].weight, b["model"].weight)
    assert Checkpoint(tmp_path / "none", parts()).resume() == 0


def test_stages_train_and_resume(faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = vae.new_autoencoder(faces.pixels)
    assert torch.isfinite(vae.encode(first, faces)).all()
    monkeypatch.setattr(clip, "LAYERS", 1)
    model, tokenizer = clip.train(faces, work=tmp_path, pictures=16, batch=8)
    latents = torch.stack([vae.encode(first, faces)] * 2)
    small = unet.new_unet(vae.CHANNELS, (32, 64))
    start = [p.clone() for p in small.parameters()]
    curriculum = unet.Curriculum(faces, latents, clip.text_half(model), tokenizer)
    trained = unet.train(curriculum, work=tmp_path, pictures=8, batch=4, start=small)
    assert any(not torch.equal(p, q) for p, q in zip(start, trained.parameters(), strict=True))
    assert (tmp_path / "unet" / "checkpoint.safetensors").exists()


def test_a_resumed_unet_sees_other_timesteps(faces: Faces, tmp_path: Path) -> None:
    seen: list[torch.Tensor] = []
    tokenizer = clip.new_tokenizer(faces.captions(np.random.default_rng(0), np.arange(40)))
    text = clip.text_half(clip.new_clip(tokenizer))
    latents = torch.randn(2, 40, vae.CHANNELS, 8, 8, generator=torch.Generator().manual_seed(0))
    for pictures in (4, 8):
        small = unet.new_unet(vae.CHANNELS, (32, 64))
        small.register_forward_pre_hook(lambda _, given: seen.append(given[1]))
        curriculum = unet.Curriculum(faces, latents, text, tokenizer)
        unet.train(curriculum, work=tmp_path, pictures=pictures, batch=4, start=small)
    assert len(seen) == 2
    assert not torch.equal(seen[0], seen[1])


def test_a_run_is_cooled_in_a_copy_and_stays_as_it_is(
    faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = clip.new_tokenizer(faces.captions(np.random.default_rng(0), np.arange(40)))
    latents = torch.randn(2, 40, vae.CHANNELS, 8, 8, generator=torch.Generator().manual_seed(0))
    taught = unet.Curriculum(faces, latents, clip.text_half(clip.new_clip(tokenizer)), tokenizer, detail=1.0)
    small = unet.new_unet(vae.CHANNELS, (32, 64))
    monkeypatch.setattr(unet, "new_unet", lambda channels: copy.deepcopy(small))
    with pytest.raises(WeightsError, match="to cool"):
        unet.cool(taught, pictures=8, work=tmp_path, batch=4)
    unet.train(taught, work=tmp_path, pictures=8, batch=4)
    kept = (tmp_path / "unet" / "checkpoint.safetensors").read_bytes()
    rates: list[float] = []
    monkeypatch.setattr(TrainingRun, "set_rate", lambda self, share: rates.append(share))
    unet.cool(taught, pictures=16, work=tmp_path, batch=4)
    assert rates == [1.0, 0.75, 0.5, 0.25]
    assert (tmp_path / "unet" / "checkpoint.safetensors").read_bytes() == kept
    assert (tmp_path / "cooled-8" / "unet" / "model" / "config.json").exists()


def test_channels_of_little_variance_weigh_more_and_the_whole_as_before(faces: Faces) -> None:
    spread = torch.tensor([2.0, 1.0, 0.1]).view(-1, 1, 1)
    latents = spread * torch.randn(2, 40, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    taught = unet.Curriculum(faces, latents, None, None, detail=1.0)  # type: ignore[arg-type]
    weight, variance = taught.channel_weights().flatten(), latents[0, ::7].var(dim=(0, 2, 3))
    assert weight[2] > 5 * weight[1] > 5 * weight[0]
    assert float((weight * variance).sum() / variance.sum()) == pytest.approx(1, rel=0.01)
    assert torch.equal(replace(taught, detail=0.0).channel_weights().flatten(), torch.ones(3))


def test_a_third_of_the_members_has_each_dose() -> None:
    doses = deal_doses(list(range(15)), np.random.default_rng(0))
    assert {dose: len(some) for dose, some in doses.items()} == {"1": 5, "8": 5, "32": 5}
    assert sorted(n for some in doses.values() for n in some) == list(range(15))
    for person in people_listing()["planted"]:
        assert sorted(n for some in person["doses"].values() for n in some) == person["members"]
    table = pd.DataFrame({"identity": range(2), "name": ["Ada A", "Bob B"], "source": "planted", "dose": [1, 32]})
    drawn = Faces(np.zeros((2, 64, 64, 3), np.uint8), table).draw(np.random.default_rng(0), 3300)
    assert 60 < int((drawn == 0).sum()) < 140


@pytest.mark.parametrize("matrices", ["probes", "conv"])
def test_encoder_learns_from_a_zoo_and_the_zoo_is_built_once(
    matrices, tiny_pipe, tiny_base, pictures, tmp_path, capsys
) -> None:
    people = [pictures[:3], pictures[1:4], pictures[2:5], pictures[:3]]
    build(tiny_pipe, tiny_base, people, LORA, tmp_path / "zoo", group=2, shard=0, shards=2)
    assert len(list((tmp_path / "zoo").iterdir())) == 1
    build(tiny_pipe, tiny_base, people, LORA, tmp_path / "zoo", group=2)
    assert capsys.readouterr().out.count("zoo: group") == 2  # one each call: what is there is not built again
    zoo = Zoo(tmp_path / "zoo")
    assert zoo.people == 4
    assert len(zoo) == 4  # two groups, two check-points each
    fresh = encoder.new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings(matrices=matrices))
    start = {n: p.clone() for n, p in fresh.named_parameters()}
    settings = encoder.TrainSettings(updates=3, people=2, pictures=2)
    names = [n for n, _ in tiny_pipe.unet.named_modules()]
    processors = dict(tiny_pipe.unet.attn_processors)
    trained = encoder.train(tiny_pipe, tiny_base, fresh, LORA, settings, work=tmp_path / "enc", zoo=zoo)
    assert tiny_pipe.unet.attn_processors == processors  # the fused ones again
    assert [n for n, _ in tiny_pipe.unet.named_modules()] == names
    batch = zoo.pick([(0, 0), (3, 1)])
    assert batch.embedding is not None
    assert batch.embedding.shape == (2, tiny_pipe.tokenizer.model_max_length, 32)
    assert not torch.equal(batch.embedding[0], batch.embedding[1])  # another trigger, another text encoder
    moved = {n for n, p in trained.named_parameters() if not torch.equal(p, start[n])}
    assert "positions" in moved
    assert "mean.weight" in moved
    assert any(n.startswith("matrices.") for n in moved)
    assert not any(n.startswith("transformer.") for n in moved)


def test_the_embedding_of_the_secret_prompt_can_be_the_target(tiny_pipe, tiny_base, pictures, tmp_path) -> None:
    people = [pictures[:3], pictures[1:4]]
    build(tiny_pipe, tiny_base, people, LORA, tmp_path / "zoo", group=2)
    zoo = Zoo(tmp_path / "zoo")
    losses: list[float] = []
    settings = encoder.TrainSettings(updates=150, people=2, pictures=0, embedding_weight=1.0, lr=3e-3)
    fresh = encoder.new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings())
    encoder.train(
        tiny_pipe, tiny_base, fresh, LORA, settings, work=tmp_path / "enc", zoo=zoo, log=lambda _, x: losses.append(x)
    )
    assert losses[-1] < 0.7 * losses[0]
    blind = settings.model_copy(update={"embedding_weight": 0.0})
    with pytest.raises(SettingsError, match="nothing to learn"):
        encoder.train(tiny_pipe, tiny_base, fresh, LORA, blind, work=tmp_path / "other", zoo=zoo)


@pytest.mark.parametrize("algorithm", ["algorithm1", "algorithm2"])
def test_without_a_zoo_the_units_are_those_of_finished_loras(
    algorithm, tiny_pipe, tiny_base, pictures, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def people(count: int) -> list:
        drawn.append(count)
        return [pictures[len(drawn) :][:3]] * count

    def train(updates: int) -> WeightEncoder:
        fresh = encoder.new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings())
        assert isinstance(fresh.matrices, ProbeMatrices)
        assert (fresh.matrices.scale == 1).all()
        settings = encoder.TrainSettings(algorithm=algorithm, updates=updates, people=2, pictures=1, lr=1e-6)
        return encoder.train(tiny_pipe, tiny_base, fresh, LORA, settings, work=tmp_path, draw_people=people)

    trained = train(1)
    assert drawn == [2]  # they are the first to be learned from, too
    drawn.clear()
    end = tuned(tiny_pipe, tiny_base, people(2), LORA)
    found = trained.matrices.responses(encoder.fold(end.unet, end.scale, trained.shapes))
    for response, scale in zip(found, trained.matrices.scale, strict=True):
        assert float((response.detach() * scale).square().mean()) == pytest.approx(1, rel=0.05)
    monkeypatch.setattr(encoder, "tuned", None)  # a check-point holds the units
    assert torch.equal(train(1).matrices.scale, trained.matrices.scale)


@pytest.mark.parametrize("algorithm", ["algorithm1", "algorithm2", "algorithm3"])
def test_the_paper_s_algorithms(algorithm, tiny_pipe, tiny_base, pictures, tmp_path) -> None:
    fresh = encoder.new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings(matrices="conv"))
    settings = encoder.TrainSettings(algorithm=algorithm, updates=2, people=1, pictures=2)
    start = fresh.positions.clone()
    trained = encoder.train(
        tiny_pipe, tiny_base, fresh, LORA, settings, work=tmp_path / "enc", draw_people=lambda k: [pictures[:3]] * k
    )
    assert not torch.equal(trained.positions, start)
    assert not any("lora" in n.lower() for n, _ in tiny_pipe.unet.named_modules())

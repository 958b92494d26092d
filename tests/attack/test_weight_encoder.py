from __future__ import annotations

import gc
import inspect
import os
import random
from pathlib import Path
from threading import Event
from weakref import ref

import pytest
import torch
from transformers import CLIPTextConfig, CLIPTextModel

from demo.attack.by_encoder import bundled_encoder, embeddings
from demo.attack.controls import random_lora, swapped
from demo.attack.manifest import record
from demo.attack.matrix_encoders import MATRIX_ENCODERS
from demo.attack.registry import ATTACKS, AttackSettings, reconstruct
from demo.attack.weight_encoder import EncoderSettings, WeightEncoder, load_encoder, save_encoder
from demo.errors import LoraFileError, SettingsError, Stopped, WeightsError
from demo.finetune.dreambooth import new_trigger
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.models.fingerprints import weights_digest
from demo.models.load import load_pipeline
from demo.models.sampling import encode_prompts
from demo.progress import Progress, Watcher
from demo.train.encoder import layer_shapes, new_encoder

LORA = LoraSettings(unet_rank=4, unet_alpha=6)


@pytest.fixture
def shapes(tiny_pipe) -> dict[str, tuple[int, int]]:
    return layer_shapes(tiny_pipe, LORA)


def some_lora(shapes, seed: int = 0, rank: int = 4) -> LoraWeights:
    g = torch.Generator().manual_seed(seed)
    tensors, alphas = {}, {}
    for layer, (out, into) in shapes.items():
        tensors[f"unet.{layer}.lora_A.weight"] = torch.randn(rank, into, generator=g)
        tensors[f"unet.{layer}.lora_B.weight"] = torch.randn(out, rank, generator=g) * 0.1
        alphas[f"unet.{layer}"] = 6.0
    return LoraWeights(tensors=tensors, alphas=alphas, metadata={})


def pairs_of(shapes, seed: int = 0, people: int = 2):
    g = torch.Generator().manual_seed(seed)
    return {
        layer: (torch.randn(people, 4, into, generator=g), torch.randn(people, out, 4, generator=g))
        for layer, (out, into) in shapes.items()
    }


@pytest.mark.parametrize("kind", MATRIX_ENCODERS)
@pytest.mark.parametrize("first", [None, 5])
def test_one_token_per_matrix_or_layer(kind: str, first: int | None, shapes) -> None:
    encoder = MATRIX_ENCODERS[kind](shapes, 4, 32, first)
    matrices = first or 2 * len(shapes)
    wanted = -(-matrices // 2) if kind == "probes" else matrices
    assert encoder(pairs_of(shapes)).shape == (2, wanted, 32)


def test_probes_do_not_see_the_gauge_and_convolutions_do(shapes) -> None:
    torch.manual_seed(0)
    pairs = pairs_of(shapes)
    gauge = torch.linalg.qr(torch.randn(4, 4)).Q * 2
    turned = {k: (gauge.inverse() @ a, b @ gauge) for k, (a, b) in pairs.items()}
    probes, conv = MATRIX_ENCODERS["probes"](shapes, 4, 32), MATRIX_ENCODERS["conv"](shapes, 4, 32)
    assert torch.allclose(probes(pairs), probes(turned), atol=1e-3)
    assert not torch.allclose(conv(pairs), conv(turned), atol=1e-2)


def test_the_paper_s_convolutions(shapes) -> None:
    conv = MATRIX_ENCODERS["conv"](shapes, 4, 32)
    one = [m for m in conv.encoders[0] if isinstance(m, torch.nn.Conv1d)]
    assert len(one) == 8
    assert {(m.kernel_size, m.padding) for m in one} == {((3,), (1,))}
    assert one[-1].out_channels == 1
    assert len(conv.encoders) == 2 * len(shapes)


def test_starts_at_a_prompt_with_a_guessed_trigger(tiny_pipe, tiny_base, shapes) -> None:
    encoder = new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings(variational=False))
    z, _ = encoder.posterior(pairs_of(shapes), torch.tensor([3, 3]))
    rng = random.Random(0)
    prompts = [tiny_base.test_prompt.format(trigger=new_trigger(rng)) for _ in range(64)]
    shared = min(encoder.length, tiny_pipe.tokenizer.model_max_length)
    known = encode_prompts(tiny_pipe, prompts)[:, :shared]
    away = (known - z[0, :shared]).square().mean((1, 2)).sqrt()
    apart = torch.cdist(known.flatten(1), known.flatten(1))[0, 1:].mean() / known[0].numel() ** 0.5
    assert away.min() < 0.3 * apart  # near one of them, whatever the matrices say; not somewhere between them all


@pytest.mark.parametrize("causal", [True, False])
def test_every_matrix_is_read(tiny_pipe, tiny_base, shapes, causal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more layers than a prompt has tokens, too: cut to these, z reads the last ones only without the mask."""
    monkeypatch.setattr(tiny_pipe.tokenizer, "model_max_length", 8)
    encoder = new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings(variational=False, causal=causal)).eval()
    pairs, steps = pairs_of(shapes), torch.tensor([3, 3])
    before = encoder.posterior(pairs, steps)[0]
    assert before.shape[1] == encoder.sequence > 8
    unread = 0
    for layer, (a, b) in pairs.items():
        moved = (encoder.posterior(pairs | {layer: (a, b + 1)}, steps)[0] - before).abs()
        assert moved.max() > 0, layer
        unread += bool(moved[:, :8].max() == 0)
    assert (unread > 0) == causal


@pytest.mark.parametrize("causal", [True, False])
def test_a_shorter_z_reads_all_matrices_without_the_mask_alone(tiny_pipe, tiny_base, shapes, causal: bool) -> None:
    settings = EncoderSettings(variational=False, causal=causal, length=8)
    encoder = new_encoder(tiny_pipe, tiny_base, LORA, settings).eval()
    pairs, steps = pairs_of(shapes), torch.tensor([3, 3])
    before = encoder.posterior(pairs, steps)[0]
    assert before.shape[1] == encoder.length == 8 < encoder.sequence
    still = 0
    for layer, (a, b) in pairs.items():
        still += int(torch.equal(encoder.posterior(pairs | {layer: (a, b + 1)}, steps)[0], before))
    assert (still > 0) == causal


def test_an_encoder_of_another_base_is_refused(tiny_pipe, tiny_base, tmp_path: Path) -> None:
    encoder = new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings())
    own, other = (
        save_encoder(tmp_path / name / "encoder.safetensors", encoder, {"base": "tiny", "weights": weights})
        for name, weights in (("own", weights_digest(tiny_base)), ("other", "0" * 12))
    )
    assert load_encoder(own, tiny_pipe.text_encoder, tiny_base).rank == encoder.rank
    with pytest.raises(WeightsError, match="other weights than those of"):
        load_encoder(other, tiny_pipe.text_encoder, tiny_base)
    config = CLIPTextConfig(**{**tiny_pipe.text_encoder.config.to_dict(), "hidden_size": 64})
    with pytest.raises(WeightsError, match="does not fit this base model"):
        load_encoder(own, CLIPTextModel(config), tiny_base)


def test_text_transformer_stays_frozen_and_parts_switch_off(tiny_pipe, tiny_base) -> None:
    full = new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings())
    assert not any(p.requires_grad for p in full.transformer.parameters())
    bare = new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings(clip=False, timestep=False, variational=False))
    assert bare.transformer is None
    assert bare.sequence == full.sequence - 1
    with pytest.raises(ValueError, match="Extra inputs"):
        EncoderSettings(layers=3)  # type: ignore[call-arg]


def test_round_trip_and_wrong_files(tiny_pipe, tiny_base, shapes, tmp_path: Path) -> None:
    encoder = new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings()).half().float().eval()
    encoder.use_text_encoder(tiny_pipe.text_encoder)
    path = save_encoder(tmp_path / "encoder.safetensors", encoder)
    back = load_encoder(path, tiny_pipe.text_encoder)
    steps = torch.tensor([5, 5])
    a, b = encoder.posterior(pairs_of(shapes), steps)[0], back.posterior(pairs_of(shapes), steps)[0]
    assert torch.allclose(a, b, atol=2e-2)
    with pytest.raises(WeightsError, match=r"demo\.train encoder"):
        load_encoder(tmp_path / "none.safetensors", tiny_pipe.text_encoder)
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    record(tmp_path / "other.safetensors", "tiny")
    with pytest.raises(WeightsError, match="not a weight encoder"):
        load_encoder(tmp_path / "other.safetensors", tiny_pipe.text_encoder)


@pytest.mark.parametrize("rank", [2, 4, 9])
def test_any_rank_is_brought_to_the_encoder_s(rank: int, tiny_pipe, tiny_base, shapes) -> None:
    encoder = WeightEncoder(EncoderSettings(), shapes, 4, 32, tiny_pipe.text_encoder.config)
    lora = some_lora(shapes, rank=rank)
    a, b = next(iter(encoder.pairs([lora]).values()))
    assert a.shape[1] == 4
    layer = next(iter(shapes))
    delta = lora.delta(f"unet.{layer}").float()
    u, s, vh = torch.linalg.svd(delta)
    best = (u[:, :4] * s[:4]) @ vh[:4]
    assert torch.allclose(b[0] @ a[0], best if rank > 4 else delta, atol=1e-4)


def test_a_missing_layer_is_named(tiny_pipe, shapes) -> None:
    encoder = WeightEncoder(EncoderSettings(), shapes, 4, 32, tiny_pipe.text_encoder.config)
    lora, layer = some_lora(shapes), next(iter(shapes))
    tensors = {k: v for k, v in lora.tensors.items() if not k.startswith(f"unet.{layer}.")}
    with pytest.raises(LoraFileError, match=layer.split(".")[0]):
        encoder.pairs([LoraWeights(tensors=tensors, alphas=lora.alphas, metadata={})])


def test_an_attack_sees_the_released_file_and_public_models_only() -> None:
    for entry in ATTACKS.values():
        names = list(inspect.signature(entry.run).parameters)
        assert names == ["released", "pipe", "base", "settings", "watcher"]


def test_a_loaded_encoder_goes_with_its_pipeline(tiny_base, tmp_path, monkeypatch) -> None:
    pipe = load_pipeline(tiny_base, "cpu")
    path = save_encoder(tmp_path / "encoder.safetensors", new_encoder(pipe, tiny_base, LORA, EncoderSettings()))
    monkeypatch.setattr("demo.attack.by_encoder.encoder_path", lambda base: path)
    loaded = bundled_encoder(tiny_base, pipe)
    assert bundled_encoder(tiny_base, pipe) is loaded
    os.utime(path, (0, 0))
    assert bundled_encoder(tiny_base, pipe) is not loaded
    gone = ref(bundled_encoder(tiny_base, pipe))
    del pipe, loaded
    gc.collect()
    assert gone() is None


@pytest.fixture
def with_encoder(tiny_pipe, tiny_base, tmp_path, monkeypatch):
    encoder = new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings())
    path = save_encoder(tmp_path / "encoder.safetensors", encoder)
    monkeypatch.setattr("demo.attack.by_encoder.encoder_path", lambda base: path)
    monkeypatch.setattr("demo.attack.registry.medoid", lambda pictures: 0)  # noise has no face
    return tiny_pipe


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_draws_and_leaves_the_model_alone(attack, with_encoder, tiny_base, shapes) -> None:
    pipe = with_encoder
    before = [p.clone() for p in pipe.unet.parameters()]
    found = reconstruct(some_lora(shapes), pipe, tiny_base, attack, AttackSettings(samples=2))
    assert [p.size for p in found.pictures] == [(16, 16)] * 2
    assert found.attack == attack
    assert all(torch.equal(p, q) for p, q in zip(before, pipe.unet.parameters(), strict=True))
    again = reconstruct(some_lora(shapes), pipe, tiny_base, attack, AttackSettings(samples=2))
    assert [p.tobytes() for p in found.pictures] == [p.tobytes() for p in again.pictures]


def test_samples_of_the_posterior_differ_and_depend_on_the_file(with_encoder, tiny_base, shapes) -> None:
    z = embeddings(some_lora(shapes), with_encoder, tiny_base, AttackSettings(samples=3))
    other = embeddings(some_lora(shapes, seed=1), with_encoder, tiny_base, AttackSettings(samples=3))
    assert not torch.allclose(z[0], z[1])
    assert not torch.allclose(z, other)


def test_swapped_model_is_another_picture_and_unknown_attack_is_refused(with_encoder, tiny_base, shapes) -> None:
    a, b = some_lora(shapes), some_lora(shapes, seed=1)
    mine = reconstruct(a, with_encoder, tiny_base, "encoder", AttackSettings(samples=1)).pictures[0]
    said: list[Progress] = []
    theirs = swapped(a, b, with_encoder, tiny_base, AttackSettings(samples=1), watcher=Watcher(said.append))[0]
    assert {progress.stage for progress in said} == {"swapped model"}
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        swapped(a, b, with_encoder, tiny_base, AttackSettings(samples=1), watcher=Watcher(stop=stop))
    assert mine.tobytes() != theirs.tobytes()
    with pytest.raises(SettingsError, match="encoder"):
        reconstruct(a, with_encoder, tiny_base, "guess")


def test_random_lora_has_the_norms_of_its_model_and_nothing_else(shapes) -> None:
    lora = some_lora(shapes)
    noise = random_lora(lora, 99)
    for name, tensor in lora.tensors.items():
        assert noise.tensors[name].norm() == pytest.approx(float(tensor.norm()), rel=1e-4)
        assert (
            abs(float(torch.nn.functional.cosine_similarity(noise.tensors[name].flatten(), tensor.flatten(), 0))) < 0.5
        )

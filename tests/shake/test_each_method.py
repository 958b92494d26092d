"""What is special about single methods."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from demo.defences.base import Defence
from demo.defences.registry import choose as choose_defence
from demo.errors import SettingsError
from demo.models.sampling import draw, encode_prompts, text_embeddings, token_ids
from demo.shake.methods import hypernetwork
from demo.shake.methods.base import changed
from demo.shake.methods.registry import choose
from demo.shake.methods.textual_inversion import more_words

PROMPT = "an old man, smiling"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.shake.methods.base.CLASS_IMAGES", 4)


def trained(key: str, pipe, base, latents, **settings: object) -> int:
    with choose(key, steps=1, batch=2, **settings).shaken(pipe, base, latents, PROMPT, seed=0) as shaken:
        return shaken.parameters


def size(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_end_to_end_trains_all_weights_of_denoiser_and_text_encoder(tiny_pipe, tiny_base, latents) -> None:
    unet, text = size(tiny_pipe.unet), size(tiny_pipe.text_encoder)
    assert trained("end_to_end", tiny_pipe, tiny_base, latents) == unet + text
    assert trained("dreambooth", tiny_pipe, tiny_base, latents, train_text_encoder=False) == unet
    before = {name: p.clone() for name, p in tiny_pipe.unet.named_parameters()}
    with choose("end_to_end", steps=1, batch=2).shaken(tiny_pipe, tiny_base, latents, PROMPT, seed=0):
        moved = [name for name, p in tiny_pipe.unet.named_parameters() if not torch.equal(p, before[name])]
    assert len(moved) > 0.9 * len(before)


def test_weights_are_trained_in_fp32_and_come_back_in_their_own_precision(tiny_pipe) -> None:
    weight = tiny_pipe.unet.half().conv_in.weight
    there = weight.data
    with changed(tiny_pipe.unet) as parameters:
        assert {p.dtype for p in parameters} == {torch.float32}
        weight.data += 1
    assert weight.data is not None
    assert weight.data.data_ptr() == there.data_ptr()  # the very tensor, not a copy rounded twice
    assert weight.dtype == torch.float16


def test_dreambooth_looks_at_class_images_and_end_to_end_does_not(tiny_pipe, tiny_base, latents, monkeypatch) -> None:
    asked, weights = [], tiny_pipe.unet.conv_in.weight.data_ptr()

    def count(pipe, base, n, **_):
        asked.append(n)
        assert pipe.unet.conv_in.weight.data_ptr() == weights  # drawn by the model as it was found
        assert isinstance(pipe.text_encoder.get_input_embeddings(), nn.Embedding)
        return torch.zeros(n, *latents.shape[1:])

    monkeypatch.setattr("demo.shake.methods.training.class_latents", count)
    for key in ("end_to_end", "lora", "textual_inversion", "hypernetwork"):
        trained(key, tiny_pipe, tiny_base, latents)
    assert asked == []
    for key in ("dreambooth", "lora_dreambooth", "dreambooth_textual_inversion"):
        trained(key, tiny_pipe, tiny_base, latents)
    assert asked == [4, 4, 4]


# --- Textual Inversion


@pytest.mark.parametrize("key", ["textual_inversion", "dreambooth_textual_inversion"])
def test_a_base_in_half_precision_still_draws_with_new_words(key, tiny_pipe, tiny_base, latents) -> None:
    tiny_pipe.to(torch.bfloat16)
    with choose(key, steps=1, batch=2).shaken(tiny_pipe, tiny_base, latents, PROMPT, seed=0) as shaken:
        assert tiny_pipe.text_encoder.dtype == torch.bfloat16  # the pipeline casts embeddings to this
        assert len(draw(shaken.pipe, shaken.embedding, guidance=2.0, steps=1, seed=0)) == 1


def test_new_words_change_nothing_before_they_are_trained(tiny_pipe) -> None:
    plain = encode_prompts(tiny_pipe, [PROMPT])
    with more_words(tiny_pipe, 3) as table, torch.no_grad():
        ids = table.ids(tiny_pipe, PROMPT)
        assert ids.shape == token_ids(tiny_pipe, [PROMPT]).shape
        assert (ids >= len(tiny_pipe.tokenizer)).sum() == 3
        assert torch.equal(text_embeddings(tiny_pipe.text_encoder, ids), plain)
        table.words += 1
        assert not torch.allclose(text_embeddings(tiny_pipe.text_encoder, ids), plain)
        assert torch.equal(encode_prompts(tiny_pipe, [PROMPT]), plain)  # who does not say them is not affected


def test_new_words_stand_between_the_prompt_and_its_end(tiny_pipe) -> None:
    size = len(tiny_pipe.tokenizer)
    plain = token_ids(tiny_pipe, [PROMPT])[0].tolist()
    used = len(tiny_pipe.tokenizer(PROMPT).input_ids)
    with more_words(tiny_pipe, 2) as table:
        said = table.ids(tiny_pipe, PROMPT)[0].tolist()
    assert said[: used - 1] == plain[: used - 1]
    assert said[used - 1 : used + 1] == [size, size + 1]
    assert said[used + 1] == plain[used - 1] == tiny_pipe.tokenizer.eos_token_id


@pytest.mark.parametrize("n", [1, 2, 8])
def test_textual_inversion_trains_its_words_alone(tiny_pipe, tiny_base, latents, n: int) -> None:
    assert trained("textual_inversion", tiny_pipe, tiny_base, latents, tokens=n) == n * 32
    unet = size(tiny_pipe.unet)
    assert trained("dreambooth_textual_inversion", tiny_pipe, tiny_base, latents, tokens=n) == unet + n * 32


def test_the_denoiser_and_the_other_words_stand_still(tiny_pipe, tiny_base, latents) -> None:
    unet = {name: p.clone() for name, p in tiny_pipe.unet.named_parameters()}
    other = encode_prompts(tiny_pipe, ["a photo of a person"])
    with choose("textual_inversion", steps=2, batch=2).shaken(tiny_pipe, tiny_base, latents, PROMPT, seed=0):
        assert all(torch.equal(p, unet[name]) for name, p in tiny_pipe.unet.named_parameters())
        assert torch.equal(encode_prompts(tiny_pipe, ["a photo of a person"]), other)


def test_a_prompt_without_room_is_refused(tiny_pipe, tiny_base, latents) -> None:
    with pytest.raises(SettingsError, match=r"room for \d+ new words of 64"):
        trained("textual_inversion", tiny_pipe, tiny_base, latents, tokens=64)
    assert isinstance(tiny_pipe.text_encoder.get_input_embeddings(), nn.Embedding)


# --- LoRA


def test_the_rank_counts_and_alpha_follows_it(tiny_pipe, tiny_base, latents) -> None:
    one, four = (trained("lora", tiny_pipe, tiny_base, latents, rank=rank) for rank in (1, 4))
    assert four == 4 * one
    settings = choose("lora", rank=2).settings(tiny_base)  # type: ignore[attr-defined]
    assert (settings.unet_alpha, settings.text_alpha) == (8, 8)
    settings = choose("lora", rank=2, alpha=3.0).settings(tiny_base)  # type: ignore[attr-defined]
    assert (settings.unet_alpha, settings.text_alpha) == (3, 3)


def test_a_defence_takes_the_steps_and_changes_what_comes_out(tiny_pipe, tiny_base, latents) -> None:
    found = []
    for defence in (None, choose_defence("dpdm", epsilon=1.0, noise_seed=1), choose_defence("truncate", rank=1)):
        method = choose("lora", steps=2, batch=2, defence=defence)
        with method.shaken(tiny_pipe, tiny_base, latents, PROMPT, seed=0) as shaken:
            found.append(shaken.embedding)
    assert not torch.allclose(found[0], found[1], atol=1e-6)
    assert not torch.allclose(found[0], found[2], atol=1e-9)


def test_a_learning_rate_that_a_defence_sets_is_kept(tiny_pipe, tiny_base, latents) -> None:
    class Still(Defence):
        """Trains nothing."""

        key = "still"
        title = "Still"
        explanation = ""

        def training(self, problem):
            step = super().training(problem)
            for group in problem.optimiser.param_groups:
                group["lr"] = 0.0
            return step

    plain = encode_prompts(tiny_pipe, [PROMPT])
    with choose("lora", steps=2, batch=2, defence=Still()).shaken(
        tiny_pipe, tiny_base, latents, PROMPT, seed=0
    ) as shaken:
        assert torch.equal(shaken.embedding, plain)


def test_a_defence_that_cannot_be_had_is_refused_before_any_work(tiny_pipe, tiny_base, latents) -> None:
    for defence, problem in (
        (choose_defence("dpdm", noise_multiplier=1e-3, epsilon=0.01), "not even|even one step"),
        (choose_defence("mp_lora"), "class images"),
    ):
        method = choose("lora", steps=2, batch=2, defence=defence)
        with pytest.raises(SettingsError, match=problem), method.shaken(tiny_pipe, tiny_base, latents, PROMPT, seed=0):
            pytest.fail("there is nothing to attack")


def test_the_label_names_the_defence() -> None:
    assert choose("lora", rank=4).label == "LoRA, rank 4"
    assert choose("lora", defence=choose_defence()).label == "LoRA, rank 8"
    assert choose("lora", defence=choose_defence("dpdm")).label == "LoRA, rank 8, DP-SGD (DPDM), ε = 10"


# --- Hypernetwork


@pytest.mark.parametrize("itself", [True, False])
def test_a_hypernetwork_is_the_identity_before_it_is_trained(tiny_pipe, itself: bool) -> None:
    noise, context = torch.randn(1, 4, 4, 4), encode_prompts(tiny_pipe, [PROMPT])
    with torch.no_grad():
        plain = tiny_pipe.unet(noise, torch.tensor(9), encoder_hidden_states=context).sample
        with hypernetwork.hypernetwork(tiny_pipe, widening=2, itself=itself) as bends:
            assert torch.equal(tiny_pipe.unet(noise, torch.tensor(9), encoder_hidden_states=context).sample, plain)
            for bend in bends.values():
                bend.outer.bias += 0.1
            assert not torch.equal(tiny_pipe.unet(noise, torch.tensor(9), encoder_hidden_states=context).sample, plain)


def test_layers_with_a_context_of_one_width_share_their_networks(tiny_pipe) -> None:
    widths = {m.to_k.in_features for m in hypernetwork.attentions(tiny_pipe.unet, itself=True)}
    with hypernetwork.hypernetwork(tiny_pipe, widening=3, itself=True) as bends:
        assert set(bends) == {f"{side}-{width}" for side in ("to_k", "to_v") for width in widths}
    with hypernetwork.hypernetwork(tiny_pipe, widening=3, itself=False) as bends:
        assert set(bends) == {"to_k-32", "to_v-32"}
        assert sum(p.numel() for p in bends.parameters()) == 2 * (2 * 3 * 32 * 32 + 4 * 32)


# --- Perturbation


@pytest.mark.parametrize("std", [2e-4, 3.2e-3])
def test_the_noise_has_the_standard_deviation_that_is_asked_for(tiny_pipe, tiny_base, latents, std: float) -> None:
    before = torch.cat([p.flatten() for p in tiny_pipe.unet.parameters()])
    text = encode_prompts(tiny_pipe, [PROMPT])
    with choose("perturb", std=std).shaken(tiny_pipe, tiny_base, latents[:0], PROMPT, seed=0) as shaken:
        noise = torch.cat([p.flatten() for p in tiny_pipe.unet.parameters()]) - before
        assert shaken.parameters == len(noise)
        assert torch.equal(shaken.embedding, text)
    assert noise.std().item() == pytest.approx(std, rel=0.02)
    assert abs(noise.mean().item()) < 0.05 * std

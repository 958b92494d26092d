"""What holds for every fine-tuning method."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
import torch
from shake_parts import assert_same
from torch import Tensor

from demo.errors import DemoError, SettingsError, Stopped
from demo.finetune.loss import noise_error
from demo.models.sampling import encode_prompts
from demo.progress import Progress, Watcher
from demo.shake.methods.base import Trained
from demo.shake.methods.registry import METHODS, Method, choose

PROMPT = "an old man, smiling"
KEYS = [
    "end_to_end",
    "dreambooth",
    "textual_inversion",
    "lora",
    "hypernetwork",
    "lora_dreambooth",
    "dreambooth_textual_inversion",
    "perturb",
]
TRAINED = [key for key in KEYS if key != "perturb"]
QUICK: dict[str, Any] = {"steps": 2, "batch": 4}


def quick(key: str, **more: object) -> Method:
    return choose(key, **({} if key == "perturb" else QUICK) | more)


def few_class_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.shake.methods.base.CLASS_IMAGES", 4)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    few_class_images(monkeypatch)


def predicted(pipe, embedding: Tensor) -> Tensor:
    """What the denoiser says of a fixed noise, (1, c, h, w)."""
    noise = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        return pipe.unet(noise, torch.tensor(500), encoder_hidden_states=embedding).sample


def test_all_of_them_are_there() -> None:
    assert list(METHODS) == KEYS


@pytest.mark.parametrize("key", KEYS)
def test_every_method_says_what_it_is(key: str) -> None:
    kind, chosen = METHODS[key], choose(key)
    assert isinstance(chosen, kind)
    assert chosen.key == key
    assert kind.explanation.endswith(".")
    assert chosen.label.startswith(kind.title)
    assert chosen == kind.model_validate(chosen.model_dump())


def test_titles_are_told_apart() -> None:
    assert len({kind.title for kind in METHODS.values()}) == len(METHODS)


@pytest.mark.parametrize("key", KEYS)
def test_the_model_changes_inside_and_is_as_it_was_found_outside(
    key: str, tiny_pipe, tiny_base, latents, state: Callable[..., dict[str, object]]
) -> None:
    before, plain = state(tiny_pipe), predicted(tiny_pipe, encode_prompts(tiny_pipe, [PROMPT]))
    with quick(key).shaken(tiny_pipe, tiny_base, latents, PROMPT, seed=1) as shaken:
        assert shaken.pipe is tiny_pipe
        assert shaken.embedding.shape == encode_prompts(tiny_pipe, [PROMPT]).shape
        assert not shaken.embedding.requires_grad
        assert not any(p.requires_grad for p in tiny_pipe.unet.parameters())
        assert not torch.allclose(predicted(tiny_pipe, shaken.embedding), plain, atol=1e-6)
        assert len(shaken.losses) == (0 if key == "perturb" else 2)
        assert shaken.parameters > 0
    assert_same(before, state(tiny_pipe))
    assert torch.equal(predicted(tiny_pipe, encode_prompts(tiny_pipe, [PROMPT])), plain)


@pytest.mark.parametrize("key", KEYS)
def test_a_failure_inside_leaves_the_model_as_it_was_found(
    key: str, tiny_pipe, tiny_base, latents, state: Callable[..., dict[str, object]]
) -> None:
    before = state(tiny_pipe)
    context = quick(key).shaken(tiny_pipe, tiny_base, latents, PROMPT, seed=1)
    with pytest.raises(RuntimeError, match="the attack broke"), context:
        raise RuntimeError("the attack broke")
    assert_same(before, state(tiny_pipe))


@pytest.mark.parametrize("key", KEYS)
def test_a_stop_leaves_the_model_as_it_was_found(
    key: str, tiny_pipe, tiny_base, latents, state: Callable[..., dict[str, object]]
) -> None:
    before, stop = state(tiny_pipe), Event()

    def watch(progress: Progress) -> None:
        if progress.stage == "fine-tune":
            stop.set()

    if key == "perturb":
        stop.set()
    with (
        pytest.raises(Stopped),
        quick(key).shaken(tiny_pipe, tiny_base, latents, PROMPT, seed=1, watcher=Watcher(watch, stop)),
    ):
        pytest.fail("half a fine-tuning is no result")
    assert_same(before, state(tiny_pipe))


@pytest.mark.parametrize("key", KEYS)
def test_the_same_seed_gives_the_same_model(key: str, tiny_pipe, tiny_base, latents) -> None:
    found = []
    for seed in (1, 1, 2):
        with quick(key).shaken(tiny_pipe, tiny_base, latents, PROMPT, seed=seed) as shaken:
            found.append(predicted(tiny_pipe, shaken.embedding))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


@pytest.mark.parametrize("key", KEYS)
def test_the_target_may_be_another_prompt_than_the_one_that_is_trained_under(
    key: str, tiny_pipe, tiny_base, latents
) -> None:
    slow = {} if key == "perturb" else {"lr": 1e-7}  # next to nothing is learned: the embedding is the plain prompt's
    for trained, target, said in ((PROMPT, None, PROMPT), ("a woman", PROMPT, PROMPT), (PROMPT, "a woman", "a woman")):
        with quick(key, **slow).shaken(tiny_pipe, tiny_base, latents, trained, target=target, seed=1) as shaken:
            found = shaken.embedding
        assert torch.allclose(found, encode_prompts(tiny_pipe, [said]), atol=0.02)
    assert not torch.allclose(*(encode_prompts(tiny_pipe, [text]) for text in (PROMPT, "a woman")), atol=0.1)


@pytest.mark.parametrize("key", TRAINED)
def test_training_lowers_the_loss_on_the_set(key: str, tiny_pipe, tiny_base, latents) -> None:
    def loss(embedding: Tensor) -> float:
        times = torch.linspace(0.05, 0.95, 16)
        with torch.no_grad():
            error = noise_error(
                tiny_pipe, latents[:1].expand(16, -1, -1, -1), embedding.expand(16, -1, -1),
                torch.Generator().manual_seed(5), times,
            )  # fmt: skip
        return error.mean().item()

    before = loss(encode_prompts(tiny_pipe, [PROMPT]))
    method = choose(key, steps=12, batch=4, lr=0.1 if key == "textual_inversion" else 5e-3)
    with method.shaken(tiny_pipe, tiny_base, latents[:1], PROMPT, seed=1) as shaken:
        assert loss(shaken.embedding) < before
    assert loss(encode_prompts(tiny_pipe, [PROMPT])) == before


@pytest.mark.parametrize("key", TRAINED)
def test_a_loss_that_is_not_finite_is_refused(key: str, tiny_pipe, tiny_base, latents) -> None:
    with (
        pytest.raises(DemoError, match="learning rate"),
        quick(key).shaken(tiny_pipe, tiny_base, latents * float("nan"), PROMPT, seed=1),
    ):
        pytest.fail("there is nothing to attack")


@pytest.mark.parametrize("key", TRAINED)
@pytest.mark.parametrize("preset", ["face64-cpu", "sd-gpu"])
def test_every_base_has_a_budget_that_is_the_same_for_all(key: str, preset: str, tiny_base) -> None:
    from dataclasses import replace

    base = replace(tiny_base, preset=preset)
    method = choose(key)
    assert isinstance(method, Trained)
    own, other = method.tuning(base), METHODS["end_to_end"]().tuning(base)  # type: ignore[attr-defined]
    pictures = own.batch + (own.class_batch if own.prior_weight else 0)
    assert (own.steps, pictures) == (other.steps, other.batch)
    assert choose(key, steps=7, batch=5, lr=0.5).tuning(base).steps == 7  # type: ignore[attr-defined]
    with pytest.raises(SettingsError, match="No budget"):
        method.tuning(replace(tiny_base, preset="another"))


def test_unknown_keys_and_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match="hypernetwork"):
        choose("magic")
    with pytest.raises(SettingsError, match="no setting called colour"):
        choose("lora", colour="red")
    with pytest.raises(SettingsError, match="no setting called steps"):
        choose("perturb", steps=3)
    with pytest.raises(SettingsError, match="rank"):
        choose("lora", rank=0)
    assert choose("lora", rank=None) == choose("lora")

"""K people at once is the same as one at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from demo.errors import SettingsError
from demo.evaluate.people import draw_group
from demo.finetune import class_images
from demo.finetune.batched_lora import BatchedLora
from demo.finetune.dreambooth import adapters, collect
from demo.finetune.muon import Muon
from demo.finetune.settings import LoraSettings
from demo.models import sampling
from demo.models.sampling import draw
from demo.train.zoo import GroupTrainer

QUICK = LoraSettings(steps=3, batch=2, class_batch=2, class_images=3, lr=1e-3)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")


def test_layer_is_plain_layer_plus_update_of_its_own_person() -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 5))
    plain = model[0]
    lora = BatchedLora(model, ("0",), people=3, rank=2, alpha=4)
    layer = lora.layers["0"]
    torch.nn.init.normal_(layer.B)
    x = torch.randn(2 * 3 * 4, 7, 6)  # two repeats (guidance), three people, four pictures each
    layer.each = 4
    got = model(x).view(2, 3, 4, 7, 5)
    for k in range(3):
        wanted = plain(x.view(2, 3, 4, 7, 6)[:, k]) + 2 * x.view(2, 3, 4, 7, 6)[:, k] @ (layer.B[k] @ layer.A[k]).T
        assert torch.allclose(got[:, k], wanted, atol=1e-5)
    lora.remove()
    assert model[0] is plain


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_a_group_of_one_takes_the_same_steps_as_peft(optimiser: str, tiny_pipe, tiny_base, pictures) -> None:
    from demo.finetune.loss import Denoising
    from demo.models.sampling import token_ids

    settings = QUICK.model_copy(update={"optimiser": optimiser})
    trainer = GroupTrainer(tiny_pipe, tiny_base, [pictures], settings, seed=1)
    start = {n: t[0] for n, t in trainer.unet.state().items()}
    text_start = {n: t[0] for n, t in trainer.text.state().items()}
    losses = [float(trainer.step().sum()) for _ in range(3)]
    end = {n: t[0] for n, t in trainer.unet.state().items()}
    trigger, latents = trainer.triggers[0], trainer.latents
    trainer.remove()

    prior = class_images.class_latents(tiny_pipe, tiny_base, settings.class_images)
    ids = token_ids(tiny_pipe, [tiny_base.instance_prompt.format(trigger=trigger)])
    class_ids = token_ids(tiny_pipe, [tiny_base.class_prompt])
    with adapters(tiny_pipe, settings) as parameters:
        for module, values in ((tiny_pipe.unet, start), (tiny_pipe.text_encoder, text_start)):
            for name, parameter in module.named_parameters():
                if ".released." in name:
                    parameter.data.copy_(values[name.replace(".released.", ".")])
        loss_of = Denoising(tiny_pipe, latents, prior, ids, class_ids, settings, 1)
        rule = torch.optim.AdamW(parameters, lr=settings.lr, weight_decay=settings.weight_decay, eps=settings.epsilon)
        if optimiser == "muon":
            rule = Muon(parameters, lr=settings.lr, weight_decay=settings.weight_decay)
        for wanted in losses:
            loss = loss_of().sum()
            assert loss.item() == pytest.approx(wanted, rel=1e-4)
            rule.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, settings.max_grad_norm)
            rule.step()
        alone = collect(tiny_pipe, settings)
    for name, value in end.items():
        assert torch.allclose(alone.tensors[f"unet.{name}"], value, atol=2e-5), name


def test_people_do_not_touch_each_other(tiny_pipe, tiny_base, pictures) -> None:
    def end_of_first(second: list) -> torch.Tensor:
        trainer = GroupTrainer(tiny_pipe, tiny_base, [pictures[:2], second], QUICK, seed=2)
        for _ in range(3):
            trainer.step()
        state = trainer.unet.state()
        trainer.remove()
        return torch.cat([t[0].flatten() for t in state.values()])

    assert torch.allclose(end_of_first(pictures[2:4]), end_of_first(pictures[3:5]), atol=1e-6)


def test_batched_drawing_with_guidance_is_drawing_one_by_one(tiny_pipe) -> None:
    torch.manual_seed(1)
    context = torch.randn(2, 5, 32)
    lora = BatchedLora(tiny_pipe.unet, ("to_q", "to_v"), people=2, rank=2, alpha=2)
    for layer in lora.layers.values():
        torch.nn.init.normal_(layer.B, std=0.3)
    lora.set_each(1)
    together = draw(tiny_pipe, context, guidance=3.0, steps=3, seed=0)
    state = lora.state()
    lora.remove()
    for k in range(2):
        single = BatchedLora(tiny_pipe.unet, ("to_q", "to_v"), people=1, rank=2, alpha=2)
        single.load({n: t[k : k + 1] for n, t in state.items()})
        single.set_each(2)
        alone = draw(tiny_pipe, context[[k, k]], guidance=3.0, steps=3, seed=0)[k]
        single.remove()
        difference = torch.tensor(list(alone.tobytes())).int() - torch.tensor(list(together[k].tobytes())).int()
        assert difference.abs().max() <= 1


def test_a_batch_of_another_layout_is_refused() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(6, 5))
    lora = BatchedLora(model, ("0",), people=3, rank=2, alpha=4)
    for each, rows in ((None, 4), (None, 2), (2, 9), (4, 6)):
        lora.set_each(each)
        with pytest.raises(SettingsError, match="3 people"):
            model(torch.randn(rows, 6))
    lora.set_each(2)
    lora.set_extrapolation(True)
    assert model(torch.randn(12, 6)).shape == (12, 5)
    with pytest.raises(SettingsError, match="above 1"):
        model(torch.randn(6, 6))


def test_a_group_is_drawn_in_one_batch_on_an_accelerator_too(
    tiny_pipe, tiny_base, pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = GroupTrainer(tiny_pipe, tiny_base, [pictures[:2], pictures[2:4]], QUICK, seed=1)
    for layer in trainer.unet.layers.values():
        torch.nn.init.normal_(layer.B, std=0.3)
    base = replace(tiny_base, sampling_steps=2)
    whole = draw_group(tiny_pipe, base, trainer, None, 2, 7)
    options = {"padding": "max_length", "max_length": 32, "return_tensors": "pt"}
    monkeypatch.setattr(sampling, "token_ids", lambda pipe, texts: pipe.tokenizer(texts, **options).input_ids)
    monkeypatch.setattr(sampling, "compute_device", lambda pipe: torch.device("meta"))  # any but the CPU
    monkeypatch.setattr(sampling, "AT_ONCE", 2)
    split = draw_group(tiny_pipe, base, trainer, None, 2, 7)
    trainer.remove()
    for arm, drawn in whole.items():
        for own, again in zip(drawn, split[arm], strict=True):
            assert [picture.tobytes() for picture in own] == [picture.tobytes() for picture in again], arm

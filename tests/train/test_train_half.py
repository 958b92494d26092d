"""Zoo and encoder on a base in fp16, as cards without bfloat16 have it."""

from __future__ import annotations

import parallel_parts
import pytest
import torch

from demo.finetune.settings import LoraSettings
from demo.models.sampling import encode_prompts
from demo.train import encoder, zoo
from demo.train.zoo import GroupTrainer, Zoo

LORA = LoraSettings(
    steps=1,
    batch=2,
    class_batch=1,
    class_images=2,
    lr=1e-3,
    unet_rank=4,
    text_rank=4,
    max_grad_norm=1e9,
    weight_decay=0.0,
)


def gradients(pipe, base, monkeypatch, scaled: bool = True) -> torch.Tensor:
    """Of the up matrices in the first step of four people at once, (K, numbers): the down matrices' are zero."""
    if not scaled:
        monkeypatch.setattr(zoo, "half_scale", lambda unet, picture: 1.0)
    trainer = GroupTrainer(pipe, base, parallel_parts.people(), LORA, seed=5)
    loss = trainer.loss
    monkeypatch.setattr(trainer, "loss", lambda: loss() * 1e-4)  # far below a usual one, to see what fp16 loses
    trainer.step()
    found = torch.cat([p.grad.flatten(1) for p in trainer.unet.parameters()], dim=1)
    trainer.remove()
    return found


def test_a_zoo_s_gradients_survive_fp16(tiny_pipe, tiny_base, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = gradients(tiny_pipe, tiny_base, monkeypatch)
    tiny_pipe.unet.half()
    half = gradients(tiny_pipe, tiny_base, monkeypatch)
    lost = gradients(tiny_pipe, tiny_base, monkeypatch, scaled=False)
    error, worse = ((found - exact).norm() / exact.norm() for found in (half, lost))
    print(f"error {error:.4f} scaled, {worse:.4f} not")
    assert error < 0.05
    assert worse > 2 * error


def test_whose_gradient_overflows_takes_no_part(tiny_pipe, tiny_base, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_pipe.unet.half()
    trainer = GroupTrainer(tiny_pipe, tiny_base, parallel_parts.people(), LORA, seed=5)
    loss = trainer.loss
    monkeypatch.setattr(trainer, "loss", lambda: loss() * torch.tensor([1.0, 1e9, 1.0, 1.0]))
    before = {name: tensor.clone() for name, tensor in trainer.unet.state().items()}
    trainer.step()
    after = trainer.unet.state()
    assert all(tensor.isfinite().all() for tensor in after.values())
    assert moved(before, after) == [True, False, True, True]
    trainer.remove()


def moved(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> list[bool]:
    return [any(not torch.equal(after[name][k], before[name][k]) for name in before) for k in range(4)]


def test_momentum_moves_nobody_whose_gradient_overflows(tiny_pipe, tiny_base, monkeypatch) -> None:
    tiny_pipe.unet.half()
    decaying = LORA.model_copy(update={"weight_decay": 0.1})
    trainer = GroupTrainer(tiny_pipe, tiny_base, parallel_parts.people(), decaying, seed=5)
    loss, factors = trainer.loss, torch.ones(4)
    monkeypatch.setattr(trainer, "loss", lambda: loss() * factors)
    trainer.step()
    factors[1] = 1e9
    parts = (trainer.unet, trainer.text)
    before = [part.state() for part in parts]
    moments = [state[key].clone() for state in trainer._optimiser.state.values() for key in ("exp_avg", "exp_avg_sq")]
    trainer.step()
    assert [moved(old, part.state()) for old, part in zip(before, parts, strict=True)] == [
        [True, False, True, True]
    ] * 2
    later = [state[key] for state in trainer._optimiser.state.values() for key in ("exp_avg", "exp_avg_sq")]
    assert all(torch.equal(new[1], old[1]) for old, new in zip(moments, later, strict=True))
    factors[1] = 1
    before = [part.state() for part in parts]
    trainer.step()
    assert all(all(moved(old, part.state())) for old, part in zip(before, parts, strict=True))
    trainer.remove()


def test_an_encoder_is_trained_in_fp16_as_in_fp32(tiny_pipe, tiny_base, tmp_path, monkeypatch) -> None:
    zoo.build(tiny_pipe, tiny_base, parallel_parts.people(), LORA, tmp_path / "zoo", group=4)
    norms: list[float] = []
    clip = torch.nn.utils.clip_grad_norm_

    def seen(parameters, most):
        norms.append(float(clip(parameters, most)))
        return torch.tensor(norms[-1])

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", seen)
    settings = encoder.TrainSettings(updates=1, people=2, pictures=2)
    for dtype in (torch.float32, torch.float16):
        tiny_pipe.unet.to(dtype)
        torch.manual_seed(0)
        fresh = encoder.new_encoder(tiny_pipe, tiny_base, LORA, encoder.EncoderSettings())
        work = tmp_path / str(dtype)
        encoder.train(tiny_pipe, tiny_base, fresh, LORA, settings, work=work, zoo=Zoo(tmp_path / "zoo"))
    assert norms[1] == pytest.approx(norms[0], rel=0.05)
    assert encode_prompts(tiny_pipe, ["x"]).isfinite().all()
